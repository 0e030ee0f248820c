//! Carries steps out, one after the other; each is told before it is begun.

use super::line;
use crate::exit::Failure;
use crate::output;
use mainstay_cluster::{Cluster, ClusterError, Identity, Preconditions};
use mainstay_flux::migrate::{Act, Applier, Before, Live, Memory, Plan, Step, restore, retain, suspend};
use mainstay_object::{ObjectKey, Value};
use mainstay_reconcile::Record;
use mainstay_runtime::Former;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Flux writes a status between a look and the patch: looked at again.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(250);

/// What became of a step.
pub(super) struct Done {
    pub outcome: String,
    pub done: bool,
}

impl Done {
    fn well(outcome: impl Into<String>) -> Self {
        Self { outcome: outcome.into(), done: true }
    }

    fn not(outcome: impl Into<String>) -> Self {
        Self { outcome: outcome.into(), done: false }
    }
}

/// One outcome for each step; after one that could not be done the others are not begun, but an answer that does not
/// come holds nobody up.
pub(super) async fn all(
    management: &Cluster,
    plan: &Plan,
    timeout: u64,
    text: bool,
) -> Result<Vec<Done>, Failure> {
    let mut run =
        Run { management, versions: BTreeMap::new(), timeout: Duration::from_secs(timeout), records: None };
    let mut out: Vec<Done> = Vec::with_capacity(plan.steps.len());
    let mut stopped = false;
    for step in &plan.steps {
        if stopped {
            out.push(Done::not("not begun"));
            continue;
        }
        let tell = |what: String| {
            if text {
                return output::print(&what);
            }
            anstream::eprint!("{what}");
            Ok(())
        };
        tell(format!("{}\n", line(step)))?;
        let done = run.one(step).await.unwrap_or_else(Done::not);
        tell(format!("  {}\n", done.outcome))?;
        if !done.done {
            // Who does not answer once does not answer the next time either.
            run.timeout = Duration::ZERO;
            stopped = step.act != Act::Confirm;
        }
        out.push(done);
    }
    Ok(out)
}

/// Of what a step is about.
fn applier(step: &Step) -> Result<Applier, String> {
    let found = Applier::ALL.into_iter().find(|applier| applier.kind() == step.kind);
    found.ok_or_else(|| format!("{} is none of Flux's kinds", step.kind))
}

fn key(step: &Step) -> Result<ObjectKey, String> {
    let (namespace, name) = step.name.split_once('/').ok_or("it has no namespace")?;
    let applier = applier(step)?;
    Ok(ObjectKey::new(applier.group(), applier.kind(), namespace, name))
}

struct Run<'a> {
    management: &'a Cluster,
    /// In which version each kind is asked for.
    versions: BTreeMap<&'static str, &'static str>,
    timeout: Duration,
    records: Option<Vec<Record>>,
}

impl Run<'_> {
    /// The error is why it could not be done.
    async fn one(&mut self, step: &Step) -> Result<Done, String> {
        match step.act {
            Act::Suspend => self.suspend(step).await,
            Act::Confirm => self.confirm(step).await,
            Act::Restore => self.restore(step).await,
            Act::TakeOver => self.take_over(step).await,
            Act::Remove => self.remove(step).await,
        }
    }

    async fn version(&mut self, step: &Step) -> Result<&'static str, String> {
        let applier = applier(step)?;
        if let Some(version) = self.versions.get(applier.kind()) {
            return Ok(version);
        }
        match super::look::version(self.management, applier).await.map_err(|error| error.to_string())? {
            Some(version) => Ok(*self.versions.entry(applier.kind()).or_insert(version)),
            None => Err(format!("{} of {} is not served any more", applier.kind(), applier.group())),
        }
    }

    async fn look(&mut self, step: &Step) -> Result<Option<(Live, Value)>, String> {
        let version = self.version(step).await?;
        match self.management.get(&key(step)?, version, &Identity::Own).await {
            Ok(value) => {
                let live = Live::read(&value).ok_or("it can't be read")?;
                Ok(Some((live, value)))
            }
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Patches what was just looked at; `patch` decides by that look, and says why nothing needs to be done.
    async fn patch(
        &mut self,
        step: &Step,
        patch: impl Fn(&Live, &Value) -> Result<Value, Done>,
    ) -> Result<Result<Live, Done>, String> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Some((live, value)) = self.look(step).await? else {
                return Ok(Err(Done::not("it is gone: somebody has deleted it")));
            };
            let body = match patch(&live, &value) {
                Ok(body) => body,
                Err(done) => return Ok(Err(done)),
            };
            let version = self.version(step).await?;
            let answer = self.management.merge_patch(&live.key, version, None, &body, &Identity::Own).await;
            match answer {
                Ok(_) => return Ok(Ok(live)),
                Err(ClusterError::Conflict { .. }) if attempt < ATTEMPTS => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    async fn suspend(&mut self, step: &Step) -> Result<Done, String> {
        let token = jiff::Timestamp::now().to_string();
        let patched = self
            .patch(step, |live, value| match &live.memory {
                _ if live.deleting => Err(Done::not("it is being deleted")),
                Memory::Kept(_) if live.suspended => Err(Done::well("it was suspended meanwhile")),
                _ if live.suspended => Err(Done::not("somebody else has suspended it meanwhile")),
                Memory::Nothing | Memory::Kept(_) | Memory::Unreadable => {
                    Ok(suspend(live, &Before::of(value), &token))
                }
            })
            .await?;
        Ok(patched.map_or_else(|done| done, |_| Done::well("suspended; what it was before is noted on it")))
    }

    async fn confirm(&mut self, step: &Step) -> Result<Done, String> {
        let who = applier(step)?.controller();
        let started = Instant::now();
        loop {
            match self.look(step).await? {
                None => return Ok(Done::not("it is gone: somebody has deleted it")),
                Some((live, _)) if live.answered => {
                    return Ok(Done::well(format!("{who} has seen it")));
                }
                Some(_) if started.elapsed() >= self.timeout => {
                    return Ok(Done::not(format!(
                        "{who} has not answered: it may be at work still, or not be running"
                    )));
                }
                Some(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn restore(&mut self, step: &Step) -> Result<Done, String> {
        let patched = self
            .patch(step, |live, _| match &live.memory {
                Memory::Nothing => Err(Done::well("it was given back meanwhile")),
                Memory::Unreadable => Err(Done::not("what it was before can't be read")),
                Memory::Kept(before) => Ok(restore(live, before)),
            })
            .await?;
        Ok(patched.map_or_else(|done| done, |_| Done::well("given back to Flux")))
    }

    async fn take_over(&mut self, step: &Step) -> Result<Done, String> {
        let (applier, key) = (applier(step)?, key(step)?);
        let records = match &mut self.records {
            Some(records) => records,
            none => none.insert(mainstay_runtime::records(self.management).await?),
        };
        let Some(record) = records.iter().find(|record| record.id == step.unit) else {
            return Ok(Done::not(format!("{} is not recorded any more", step.unit)));
        };
        let [name, namespace] = applier.labels();
        let labels = [(name, key.name().to_owned()), (namespace, key.namespace().to_owned())].into();
        let former = Former { manager: applier.controller().to_owned(), labels };
        let taken = mainstay_runtime::take_over(self.management, record, &former).await?;
        let leftovers = match taken.leftovers.as_slice() {
            [] => String::new(),
            some => format!("; of these Flux alone held fields, which stay as they are: {}", some.join(", ")),
        };
        let all = output::count(record.inventory.len(), "object");
        Ok(Done::well(format!("{} of {all} taken over{leftovers}", taken.objects)))
    }

    /// Deleted is exactly what was seen to be suspended, without prune. The finalizer is its controller's to remove.
    async fn remove(&mut self, step: &Step) -> Result<Done, String> {
        let kept = self
            .patch(step, |live, _| match &live.memory {
                Memory::Kept(_) if live.suspended => Ok(retain(live)),
                _ => Err(Done::not("it was resumed meanwhile")),
            })
            .await?;
        if let Err(done) = kept {
            return Ok(done);
        }
        let (who, version) = (applier(step)?.controller(), self.version(step).await?);
        let started = Instant::now();
        let mut deleted = false;
        let mut chart = String::new();
        loop {
            let Some((live, value)) = self.look(step).await? else {
                return Ok(Done::well(format!("removed{chart}")));
            };
            if let Some(made) = value.pointer("/status/helmChart").and_then(Value::as_str) {
                chart = format!("; HelmChart {made}, which helm-controller made for it, stays");
            }
            if !live.deleting && !deleted {
                if !live.suspended || live.prune {
                    return Ok(Done::not("it was resumed meanwhile"));
                }
                let exactly = Preconditions::of(&value);
                match self.management.delete(&live.key, version, &exactly, &Identity::Own).await {
                    Ok(()) => deleted = true,
                    Err(ClusterError::NotFound { .. } | ClusterError::Conflict { .. }) => {}
                    Err(error) => return Err(error.to_string()),
                }
                continue;
            }
            if started.elapsed() >= self.timeout {
                return Ok(Done::not(format!(
                    "it is being deleted: {who} has not let go of it; is it running?"
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
