//! Carries steps out, one after the other; each is told before it is begun.

use super::line;
use crate::exit::Failure;
use crate::output;
use mainstay_cluster::{Cluster, ClusterError, Identity, Preconditions};
use mainstay_flux::migrate::{
    Act, Before, FIELD_MANAGER, KUSTOMIZATION, KUSTOMIZATION_VERSIONS, Live, Memory, OWNER_LABELS, Plan,
    Step, restore, retain, suspend,
};
use mainstay_object::{ObjectKey, Value};
use mainstay_reconcile::Record;
use mainstay_runtime::Former;
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
    let mut run = Run {
        management,
        version: version(management).await?,
        timeout: Duration::from_secs(timeout),
        records: None,
    };
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

async fn version(management: &Cluster) -> Result<&'static str, Failure> {
    let (group, kind) = KUSTOMIZATION;
    for version in KUSTOMIZATION_VERSIONS {
        match management.resource(group, version, kind).await {
            Ok(_) => return Ok(version),
            Err(ClusterError::NoKind { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::environment(format!("{kind} of {group} is not served any more")))
}

struct Run<'a> {
    management: &'a Cluster,
    version: &'static str,
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

    fn key(step: &Step) -> Result<ObjectKey, String> {
        let (namespace, name) = step.kustomization.split_once('/').ok_or("it has no namespace")?;
        Ok(ObjectKey::new(KUSTOMIZATION.0, KUSTOMIZATION.1, namespace, name))
    }

    async fn look(&self, step: &Step) -> Result<Option<(Live, Value)>, String> {
        match self.management.get(&Self::key(step)?, self.version, &Identity::Own).await {
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
        &self,
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
            let answer =
                self.management.merge_patch(&live.key, self.version, None, &body, &Identity::Own).await;
            match answer {
                Ok(_) => return Ok(Ok(live)),
                Err(ClusterError::Conflict { .. }) if attempt < ATTEMPTS => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    async fn suspend(&self, step: &Step) -> Result<Done, String> {
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

    async fn confirm(&self, step: &Step) -> Result<Done, String> {
        let started = Instant::now();
        loop {
            match self.look(step).await? {
                None => return Ok(Done::not("it is gone: somebody has deleted it")),
                Some((live, _)) if live.answered => {
                    return Ok(Done::well("kustomize-controller has seen it"));
                }
                Some(_) if started.elapsed() >= self.timeout => {
                    return Ok(Done::not(
                        "kustomize-controller has not answered: it may be at work still, or not be running",
                    ));
                }
                Some(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn restore(&self, step: &Step) -> Result<Done, String> {
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
        let key = Self::key(step)?;
        let records = match &mut self.records {
            Some(records) => records,
            none => none.insert(mainstay_runtime::records(self.management).await?),
        };
        let Some(record) = records.iter().find(|record| record.id == step.unit) else {
            return Ok(Done::not(format!("{} is not recorded any more", step.unit)));
        };
        let [name, namespace] = OWNER_LABELS.map(str::to_owned);
        let labels = [(name, key.name().to_owned()), (namespace, key.namespace().to_owned())].into();
        let former = Former { manager: FIELD_MANAGER.to_owned(), labels };
        let taken = mainstay_runtime::take_over(self.management, record, &former).await?;
        let leftovers = match taken.leftovers.as_slice() {
            [] => String::new(),
            some => format!("; of these Flux alone held fields, which stay as they are: {}", some.join(", ")),
        };
        let all = output::count(record.inventory.len(), "object");
        Ok(Done::well(format!("{} of {all} taken over{leftovers}", taken.objects)))
    }

    /// Deleted is exactly what was seen to be suspended, without prune. The finalizer is kustomize-controller's to remove.
    async fn remove(&self, step: &Step) -> Result<Done, String> {
        let kept = self
            .patch(step, |live, _| match &live.memory {
                Memory::Kept(_) if live.suspended => Ok(retain(live)),
                _ => Err(Done::not("it was resumed meanwhile")),
            })
            .await?;
        if let Err(done) = kept {
            return Ok(done);
        }
        let started = Instant::now();
        let mut deleted = false;
        loop {
            let Some((live, value)) = self.look(step).await? else { return Ok(Done::well("removed")) };
            if !live.deleting && !deleted {
                if !live.suspended || live.prune {
                    return Ok(Done::not("it was resumed meanwhile"));
                }
                let exactly = Preconditions::of(&value);
                match self.management.delete(&live.key, self.version, &exactly, &Identity::Own).await {
                    Ok(()) => deleted = true,
                    Err(ClusterError::NotFound { .. } | ClusterError::Conflict { .. }) => {}
                    Err(error) => return Err(error.to_string()),
                }
                continue;
            }
            if started.elapsed() >= self.timeout {
                return Ok(Done::not(
                    "it is being deleted: kustomize-controller has not let go of it; is it running?",
                ));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
