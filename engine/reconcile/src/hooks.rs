//! What a release runs before and after its objects are applied or removed. Each hook is made once in a run; what runs is
//! waited for by what is seen of it, not by anybody who waits.

use crate::state::{State, UnitState};
use crate::{Action, ApplyItem, Forms, Phase, Time};
use mainstay_object::{Digest, ObjectKey};
use mainstay_plan::deletion_rank;
use mainstay_unit::{Hook, HookDeletion, InventoryEntry, Manifest, Moment, Release, UnitId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where the hooks of a unit stand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The objects that it belongs to, hooks included.
    pub release: Option<Digest>,
    pub kind: RunKind,
    /// The revision that it was begun for: a release that comes back later runs its hooks anew.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// How often somebody asked for it once more.
    #[serde(default)]
    pub attempt: u32,
    /// How many of its hooks have succeeded: those before the objects come first.
    #[serde(default)]
    pub done: usize,
    /// Of the hook after those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RunKind {
    #[default]
    Install,
    Upgrade,
    Rollback,
    Delete,
}

impl RunKind {
    /// Before the objects, and after them.
    pub fn moments(self) -> [Moment; 2] {
        match self {
            Self::Install => [Moment::PreInstall, Moment::PostInstall],
            Self::Upgrade => [Moment::PreUpgrade, Moment::PostUpgrade],
            Self::Rollback => [Moment::PreRollback, Moment::PostRollback],
            Self::Delete => [Moment::PreDelete, Moment::PostDelete],
        }
    }
}

/// Before or after the objects themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// What has become of a hook that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Succeeded,
    Failed,
}

impl Run {
    /// Its hooks in the order in which they run, and how many of them come before the objects.
    fn hooks(&self, all: &[Hook]) -> (usize, Vec<Hook>) {
        let [before, after] = self.kind.moments().map(|moment| Hook::at(all, moment));
        (before.len(), before.into_iter().chain(after).cloned().collect())
    }

    fn is_done(&self, all: &[Hook]) -> bool {
        self.failed.is_none() && self.done >= self.hooks(all).1.len()
    }

    /// Tells what this run makes from what an earlier one left.
    fn mark(&self) -> String {
        let release = self.release.map(|digest| digest.hex()).unwrap_or_default();
        let begun = Digest::of_bytes(format!("{release} {} {:?}", self.revision, self.kind).as_bytes()).hex();
        format!("{}-{}-{}", begun.get(..12).unwrap_or_default(), self.attempt, self.done)
    }

    /// Of the hook that is next, as this run makes it.
    fn digest(&self, hook: &Hook) -> Digest {
        Digest::of_bytes(format!("{} {}", hook.manifest.digest.hex(), self.mark()).as_bytes())
    }
}

impl UnitState {
    /// Hooks of what is applied that have not succeeded yet.
    pub(crate) fn awaits_hooks(&self) -> bool {
        let (Some(run), Some(wanted)) = (&self.record.hooks, &self.desired) else { return false };
        run.kind != RunKind::Delete
            && run.release == Some(wanted.whole)
            && !run.is_done(&wanted.rendered.hooks)
    }

    /// A hook that failed is run again when somebody asks for that, or when the unit changes.
    pub(crate) fn retry_hooks(&mut self) {
        if let Some(run) = &mut self.record.hooks
            && run.failed.take().is_some()
        {
            run.attempt += 1;
        }
    }

    /// Hooks of a removal that are left, once it has begun.
    pub(crate) fn awaits_last_hooks(&self) -> bool {
        let begun = self.record.hooks.as_ref().filter(|run| run.kind == RunKind::Delete);
        begun.is_some_and(|run| !run.is_done(self.last_hooks()))
    }

    /// Of what was applied last, if this run knows it.
    fn last_hooks(&self) -> &[Hook] {
        self.applied.as_ref().map_or(&[], |applied| &applied.hooks)
    }

    /// What ended hooks of a run have made and no longer want.
    fn left_by(&self, run: &Run, all: &[Hook]) -> Vec<InventoryEntry> {
        let next = all.get(run.done);
        let succeeded = all.iter().take(run.done).filter(|hook| hook.deletes(HookDeletion::Succeeded));
        let failed = next.filter(|hook| run.failed.is_some() && hook.deletes(HookDeletion::Failed));
        let running = next.filter(|_| run.failed.is_none()).map(|hook| run.digest(hook));
        let entry = |hook: &Hook| {
            let entry = self.record.inventory.get(&hook.manifest.key)?;
            // One object may be a hook before and after.
            (entry.hook && (running.is_none() || entry.desired != running)).then(|| entry.clone())
        };
        let mut entries: Vec<InventoryEntry> = succeeded.chain(failed).filter_map(entry).collect();
        entries.sort_by(|a, b| (deletion_rank(&a.key), &a.key).cmp(&(deletion_rank(&b.key), &b.key)));
        entries.dedup_by(|a, b| a.key == b.key);
        entries
    }

    /// Helm has installed the release before: what runs is what an upgrade runs, and nothing if it is this very release. The
    /// hook was not made, and its entry goes; true if it is gone.
    pub(crate) fn is_upgrade(&mut self, key: &ObjectKey, same: bool) -> bool {
        let hooks = self.desired.as_ref().map_or(&[][..], |wanted| &wanted.rendered.hooks);
        if let Some(run) = &mut self.record.hooks {
            run.kind = RunKind::Upgrade;
            run.done = if same { run.hooks(hooks).1.len() } else { 0 };
        }
        let unmade = self.record.inventory.get(key).is_some_and(|entry| entry.uid.is_empty());
        unmade && self.record.inventory.remove(key).is_some()
    }

    fn fail_hook(&mut self, message: String) {
        if let Some(run) = &mut self.record.hooks {
            run.failed = Some(message);
        }
        self.hook_until = None;
    }
}

impl State {
    /// The hooks around an apply of what is wanted. `None`: none is left on that side.
    pub(crate) fn run_hooks(&mut self, id: &UnitId, side: Side, now: Time) -> Option<Phase> {
        let state = self.units.get_mut(id)?;
        let wanted = state.desired.clone()?;
        if !state.is_applied() {
            let whole = Some(wanted.whole);
            let begun = state.record.hooks.as_ref();
            if begun.is_none_or(|run| run.release != whole || run.kind == RunKind::Delete) {
                let first = state.record.revision.is_empty();
                let kind = if first { RunKind::Install } else { RunKind::Upgrade };
                let run = Run { release: whole, kind, revision: wanted.revision.clone(), ..Run::default() };
                let run = state.way_back(whole).unwrap_or(run);
                state.record.hooks = (!wanted.rendered.hooks.is_empty()).then(|| Box::new(run));
            }
        } else if !state.awaits_hooks() {
            return None;
        }
        self.next_hook(id, &wanted.rendered.hooks, side, now)
    }

    /// The hooks around a removal, of what was applied last.
    pub(crate) fn run_last_hooks(&mut self, id: &UnitId, side: Side, now: Time) -> Option<Phase> {
        let state = self.units.get_mut(id)?;
        let hooks = state.last_hooks().to_vec();
        if hooks.is_empty() {
            return None;
        }
        if state.record.hooks.as_ref().is_none_or(|run| run.kind != RunKind::Delete) {
            let (release, revision) = (state.record.applied, state.record.revision.clone());
            let run = Run { release, kind: RunKind::Delete, revision, ..Run::default() };
            state.record.hooks = Some(Box::new(run));
        }
        self.next_hook(id, &hooks, side, now)
    }

    fn next_hook(&mut self, id: &UnitId, hooks: &[Hook], side: Side, now: Time) -> Option<Phase> {
        loop {
            let state = self.units.get_mut(id)?;
            let run = state.record.hooks.as_deref()?.clone();
            let (before, all) = run.hooks(hooks);
            // Whatever ended is deleted where its hook says so, before the next one begins.
            let entries = state.left_by(&run, &all);
            if !entries.is_empty() {
                return Some(self.delete_hooks(id, entries));
            }
            let end = if side == Side::Before { before } else { all.len() };
            let hook = all.get(run.done).filter(|_| run.done < end)?;
            let moment = run.kind.moments()[usize::from(run.done >= before)];
            let name = format!("{} hook {}", moment.word(), hook.manifest.key);
            if let Some(why) = &run.failed {
                return Some(Phase::Failed {
                    reason: "HookFailed".into(),
                    message: format!("{name}: {why}"),
                });
            }
            let made = state.record.inventory.get(&hook.manifest.key);
            if made.is_none_or(|entry| entry.desired != Some(run.digest(hook))) {
                return Some(self.make(id, hook, &run, &name, now));
            }
            match ended(state, hook) {
                Some(Ok(())) => {
                    state.hook_until = None;
                    if let Some(run) = &mut state.record.hooks {
                        run.done += 1;
                    }
                    self.actions.push(Action::Tell {
                        unit: id.clone(),
                        warning: false,
                        reason: "HookSucceeded",
                        message: format!("{name} has succeeded"),
                    });
                }
                Some(Err(why)) => state.fail_hook(why),
                None => return Some(self.await_hook(id, hook, &name, now)),
            }
        }
    }

    fn await_hook(&mut self, id: &UnitId, hook: &Hook, name: &str, now: Time) -> Phase {
        let Some(state) = self.units.get_mut(id) else { return Phase::Applying };
        let timeout = state.unit.as_ref().map(|unit| unit.timing.timeout).unwrap_or_default();
        let timeout = if timeout.is_zero() { mainstay_unit::Timing::default().timeout } else { timeout };
        let until = *state.hook_until.get_or_insert(now.after(timeout));
        let seen = state.observed.get(&hook.manifest.key).map(|seen| seen.health.to_string());
        let why = seen.unwrap_or_else(|| "not seen yet".to_owned());
        if until <= now {
            let message = format!("not finished after {} s: {why}", timeout.as_secs());
            state.fail_hook(message.clone());
            self.queue.insert(id.clone());
            return Phase::Failed { reason: "HookFailed".into(), message: format!("{name}: {message}") };
        }
        self.wake_at(id, until);
        Phase::Checking { why: format!("{name}: {why}") }
    }

    /// The record goes first: what is gone has ended, and is not taken for lost.
    fn delete_hooks(&mut self, id: &UnitId, entries: Vec<InventoryEntry>) -> Phase {
        let record = self.units.get_mut(id).map(|state| {
            state.saved = Some(state.record.clone());
            Box::new(state.record.clone())
        });
        self.push_delete(id, entries, false, record);
        Phase::Checking { why: "what its hooks made is being deleted".to_owned() }
    }

    fn make(&mut self, id: &UnitId, hook: &Hook, run: &Run, name: &str, now: Time) -> Phase {
        let phase = Phase::Checking { why: format!("{name} is being started") };
        let token = self.next_token();
        let Some(state) = self.units.get_mut(id) else { return phase };
        state.token = Some(token);
        state.sent = state.desired.as_ref().map(|wanted| wanted.whole);
        state.hook_until = None;
        let gate = state.unit.as_ref().map_or(mainstay_unit::Gate::Applied, |unit| unit.gate);
        state.record.show(&phase, &state.health, (gate, false), now);
        let release = state.desired.as_ref().and_then(|wanted| wanted.rendered.release.as_ref());
        let unless = release.filter(|_| run.kind == RunKind::Install && run.done == 0);
        let fresh = Fresh {
            mark: run.mark(),
            replace: hook.deletes(HookDeletion::BeforeCreation),
            unless: unless.cloned(),
        };
        self.push_fresh(id, token, &hook.manifest, run.digest(hook), fresh);
        phase
    }

    /// Intent first: whatever the request makes is already in the record.
    pub(crate) fn push_fresh(
        &mut self,
        id: &UnitId,
        token: u64,
        manifest: &Manifest,
        digest: Digest,
        fresh: Fresh,
    ) {
        let Some(state) = self.units.get_mut(id) else { return };
        let target = state.target();
        state.record.set_target(&target);
        state.record.inventory.intend(&manifest.key, &manifest.version, digest, true);
        self.owners.entry((target.clone(), manifest.key.clone())).or_default().insert(id.clone());
        state.saved = Some(state.record.clone());
        let item = ApplyItem {
            desired: manifest.clone(),
            digest,
            rank: 0,
            sent: Forms::default(),
            replace: false,
            absent_only: false,
            fresh: Some(Arc::new(fresh)),
        };
        self.actions.push(Action::Apply {
            unit: id.clone(),
            token,
            target,
            service_account: state.record.account(),
            authorities: state.authorities.clone(),
            ignore: Vec::new(),
            items: vec![item],
            record: Box::new(state.record.clone()),
        });
    }
}

/// An object that is made anew for each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// Written on what this run makes: where it is there already, the answer to the first request was lost.
    pub mark: String,
    /// What an earlier run left is deleted first.
    pub replace: bool,
    /// A release that Helm must not have deployed yet.
    pub unless: Option<Arc<Release>>,
}

/// How a hook's object has ended, or that it was lost before; nothing while it goes on.
pub(crate) fn ended(state: &UnitState, hook: &Hook) -> Option<Result<(), String>> {
    if !hook.runs() {
        return Some(Ok(()));
    }
    match state.observed.get(&hook.manifest.key) {
        Some(seen) => match seen.ended? {
            Ended::Succeeded => Some(Ok(())),
            Ended::Failed => Some(Err(seen.health.message.clone())),
        },
        None if state.seen => Some(Err("it was deleted before it had ended".to_owned())),
        None => None,
    }
}
