//! What a revision would do to the clusters as they are: dry-run requests only, nothing is written.

mod hooks;

use crate::counterparts;
use crate::install::{Installation, PART_OF};
use crate::targets::{is_missing, open};
use futures::StreamExt;
use mainstay_cluster::{Apply, Cluster, ClusterError, Identity};
use mainstay_graph::of_reading;
use mainstay_object::{GroupKind, Object, ObjectKey};
use mainstay_plan::{
    Action, Guard, Held, Left, Plan, Step, UnitPlan, Verdict, changes, held_prune, removals,
    sensitive_changes,
};
use mainstay_reconcile::{Record, is_recorded};
use mainstay_unit::{
    Applying, Inventory, InventoryEntry, Manifest, Policy, Reading, ReadingUnit, Release, RenderState,
    Rendered, Target, Unit, UnitId,
};
use std::collections::{BTreeMap, BTreeSet};

/// A plan and the inventories it was made against.
pub struct Planned {
    pub plan: Plan,
    pub records: Vec<Record>,
}

struct Planner<'a> {
    management: &'a Cluster,
    installation: Option<&'a Installation>,
    records: BTreeMap<UnitId, Record>,
    /// Who renders what: an object that changes units is no deletion.
    wanted: BTreeSet<(Target, ObjectKey)>,
    clusters: BTreeMap<Target, Result<Cluster, String>>,
    held: Vec<Held>,
    /// Of each kind of another tool, what acts.
    others: BTreeMap<GroupKind, Result<BTreeSet<ObjectKey>, String>>,
}

/// Plans every unit against its target, or one of them among the others; `told` hears how many are done.
pub async fn plan(
    management: &Cluster,
    reading: &Reading,
    only: Option<&UnitId>,
    told: &(dyn Fn(usize) + Sync),
) -> Result<Planned, String> {
    let installation = crate::install::find(management).await.map_err(|e| e.to_string())?;
    let records = match installation {
        Some(_) => crate::save::recorded(management).await?,
        None => Vec::new(),
    };
    let mut planner = Planner {
        management,
        installation: installation.as_ref(),
        records: records.iter().map(|r| (r.id.clone(), r.clone())).collect(),
        wanted: wanted(reading),
        clusters: BTreeMap::new(),
        held: Vec::new(),
        others: BTreeMap::new(),
    };
    let graph = of_reading(reading);
    let mut plan = Plan { revision: reading.revision.clone(), ..Plan::default() };
    for id in graph.ordered() {
        if let Some(unit) = reading.units.get(id).filter(|_| only.is_none_or(|only| only == id)) {
            told(plan.units.len());
            plan.units.push(planner.unit(id, unit, graph.wave(id).unwrap_or_default()).await);
        }
    }
    if only.is_none() {
        planner.removed(reading, &mut plan);
    }
    plan.held.append(&mut planner.held);
    Ok(Planned { plan, records })
}

fn wanted(reading: &Reading) -> BTreeSet<(Target, ObjectKey)> {
    let mut out = BTreeSet::new();
    for unit in reading.units.values() {
        if let RenderState::Rendered(rendered) = &unit.state {
            out.extend(rendered.objects.iter().map(|d| (unit.unit.target.clone(), d.key.clone())));
        }
    }
    out
}

impl Planner<'_> {
    async fn unit(&mut self, id: &UnitId, unit: &ReadingUnit, wave: usize) -> UnitPlan {
        let mut out = UnitPlan {
            id: id.clone(),
            target: unit.unit.target.clone(),
            wave,
            verdict: Verdict::Planned,
            steps: Vec::new(),
            unchanged: 0,
        };
        let rendered = match &unit.state {
            RenderState::NotRendered { reason } => {
                out.verdict = Verdict::NotRendered(reason.clone());
                return out;
            }
            RenderState::Failed { first } => {
                out.verdict = Verdict::Failed(first.to_string());
                return out;
            }
            RenderState::Rendered(rendered) => rendered.clone(),
        };
        if unit.unit.suspend || self.records.get(id).is_some_and(|r| r.suspended) {
            out.verdict = Verdict::Suspended;
            return out;
        }
        let given_up = self.records.get(id).and_then(|record| Some((record.given_up.as_ref()?, record)));
        if let Some((given_up, record)) = given_up
            && Some(given_up.release) == rendered.digest
        {
            out.verdict = Verdict::Failed(given_up.told(record.good.as_deref()));
            return out;
        }
        if let Some(verdict) = self.managed(&unit.unit).await {
            out.verdict = verdict;
        }
        let steps: Vec<Option<Step>> = match self.cluster(&unit.unit.target).await {
            Ok(cluster) => {
                let this = &*self;
                futures::stream::iter(rendered.objects.clone())
                    .map(|desired| {
                        let sensitive = rendered.sensitive.contains(&desired.key);
                        this.step(&cluster, id, &unit.unit, desired, sensitive)
                    })
                    .buffered(16)
                    .collect()
                    .await
            }
            Err(why) if is_missing(&why) => {
                let create =
                    |d: &Manifest| step(Action::Create, d.key.clone(), "its cluster does not exist yet");
                rendered.objects.iter().map(|d| Some(create(d))).collect()
            }
            Err(why) => {
                out.verdict = Verdict::NotEvaluated(why);
                return out;
            }
        };
        out.unchanged = steps.iter().filter(|s| s.is_none()).count();
        out.steps = steps.into_iter().flatten().collect();
        self.pruned(id, unit, &mut out);
        self.hooks(id, &rendered, &mut out).await;
        out
    }

    /// Whether another tool applies it, as the daemon would find it.
    async fn managed(&mut self, unit: &Unit) -> Option<Verdict> {
        let other = unit.counterpart.as_deref()?;
        let acting = match self.others.get(&other.group_kind()) {
            Some(known) => known.clone(),
            None => {
                let found = counterparts::acting(self.management, other).await.map_err(|e| e.to_string());
                self.others.insert(other.group_kind(), found.clone());
                found
            }
        };
        match acting {
            Ok(acting) => acting.contains(&other.key()).then(|| Verdict::Managed(other.why())),
            Err(why) => {
                let why = format!("whether {} applies it as well is not known: {why}", other.tool);
                Some(Verdict::Managed(why))
            }
        }
    }

    async fn cluster(&mut self, target: &Target) -> Result<Cluster, String> {
        if let Some(known) = self.clusters.get(target) {
            return known.clone();
        }
        let opened = open(self.management, target).await;
        self.clusters.insert(target.clone(), opened.clone());
        opened
    }

    /// `None`: the object is as it should be.
    async fn step(
        &self,
        cluster: &Cluster,
        id: &UnitId,
        unit: &Unit,
        desired: Manifest,
        sensitive: bool,
    ) -> Option<Step> {
        let mut object = desired.object();
        let applying = desired.policy.applying;
        if applying == Applying::Never {
            return None;
        }
        let left = Left::of(&unit.drift_ignore, &object);
        if let Some(installation) = self.installation {
            object.set_label(PART_OF, &installation.apply_set);
            object.set_annotation("mainstay.dev/unit", &id.to_string());
        }
        let key = object.key();
        let version = object.group_version().version;
        let live = match cluster.get(&key, &version, &Identity::Own).await {
            Ok(live) => live,
            Err(ClusterError::NotFound { .. }) => return Some(step(Action::Create, key, "does not exist")),
            Err(ClusterError::NoKind { kind, .. }) => {
                return Some(step(Action::Create, key, &format!("the kind {kind} is not installed yet")));
            }
            Err(error) => return Some(step(Action::Blocked, key, &error.to_string())),
        };
        if applying == Applying::IfNotPresent {
            return None;
        }
        if !left.is_empty() {
            object = match Object::new(left.adopted(&object, &live)) {
                Ok(object) => object,
                Err(error) => return Some(step(Action::Blocked, key, &error.to_string())),
            };
        }
        let entry = self.records.get(id).and_then(|r| r.inventory.get(&key));
        // What the tenant may not write, the plan must not promise.
        let identity = crate::execute::identity(unit.service_account.as_ref());
        let mut how = Apply { dry_run: true, identity, ..Apply::default() };
        let mut reason = if entry.is_some() { "changed" } else { "exists already and is taken over" };
        let mut first = cluster.apply(&object, &how).await;
        if let Err(ClusterError::FieldConflict(conflicts)) = &first {
            let mut scaled = Left::default();
            if crate::execute::scaled_fields(conflicts).filter(|field| scaled.add(field)).count() > 0
                && let Ok(adopted) = Object::new(scaled.adopted(&object, &live))
            {
                object = adopted;
                first = cluster.apply(&object, &how).await;
            }
        }
        let after = match first {
            Err(ClusterError::FieldConflict(conflicts)) => {
                let same = entry.is_some_and(|e| e.desired == Some(desired.digest));
                if !same {
                    let text = ClusterError::FieldConflict(conflicts).to_string();
                    return Some(step(Action::Blocked, key, &text));
                }
                how.force = true;
                reason = "drift: it was changed by someone else";
                cluster.apply(&object, &how).await
            }
            other => other,
        };
        match after {
            Ok(after) => {
                let compare = if sensitive { sensitive_changes } else { changes };
                let changes = compare(&live, &after);
                if changes.is_empty() && entry.is_some() {
                    return None;
                }
                if Policy::of(&live).applying == Applying::Never {
                    let reason = "says in the cluster that it is not to be applied";
                    return Some(Step { changes, ..step(Action::Keep, key, reason) });
                }
                Some(Step { changes, ..step(Action::Change, key, reason) })
            }
            Err(error) => Some(step(Action::Blocked, key, &desired.veil(error.to_string()))),
        }
    }

    /// What the release runs, before and after its objects.
    async fn hooks(&mut self, id: &UnitId, rendered: &Rendered, out: &mut UnitPlan) {
        let record = self.records.get(id);
        if rendered.hooks.is_empty() || record.is_some_and(|record| is_recorded(rendered, record)) {
            return;
        }
        let first = record.is_none_or(|record| record.revision.is_empty());
        let known = match (&rendered.release, first) {
            (Some(release), true) => match self.cluster(&out.target).await {
                Ok(cluster) => crate::execute::newest(&cluster, release)
                    .await
                    .map_err(|error| unread(release, &error.to_string())),
                Err(why) if is_missing(&why) => Ok(None),
                Err(why) => Err(unread(release, &why)),
            },
            (_, _) => Ok(None),
        };
        let [before, after] = hooks::steps(&rendered.hooks, &hooks::runs(first, known));
        out.steps.splice(0..0, before);
        out.steps.extend(after);
    }

    /// What the unit's inventory holds and its render does not.
    fn pruned(&mut self, id: &UnitId, unit: &ReadingUnit, out: &mut UnitPlan) {
        let Some(record) = self.records.get(id) else { return };
        let wanted = |key: &ObjectKey| self.wanted.contains(&(unit.unit.target.clone(), key.clone()));
        let gone: Vec<InventoryEntry> =
            record.inventory.iter().filter(|e| !e.hook && !wanted(&e.key)).cloned().collect();
        if let (true, RenderState::Rendered(rendered)) = (unit.unit.prune && !gone.is_empty(), &unit.state) {
            let own: BTreeSet<ObjectKey> = rendered.objects.iter().map(|o| o.key.clone()).collect();
            self.held.extend(held_prune(id, &own, &gone, &BTreeSet::new()));
        }
        for entry in gone {
            let (action, why) = if unit.unit.prune {
                (Action::Delete, "no longer declared")
            } else {
                (Action::Keep, "no longer declared, and the unit does not prune")
            };
            out.steps.push(step(action, entry.key, why));
        }
    }

    fn removed(&mut self, reading: &Reading, plan: &mut Plan) {
        let known: BTreeMap<UnitId, &Inventory> = self
            .records
            .iter()
            .filter(|(_, r)| !r.inventory.is_empty())
            .map(|(id, r)| (id.clone(), &r.inventory))
            .collect();
        let declared = mainstay_plan::declared(reading);
        let approved = BTreeSet::new();
        let above = |id: &UnitId| self.records.get(id).map_or(&[][..], |record| record.above.as_slice());
        let guard = Guard {
            known: &known,
            declared: &declared,
            unread: &reading.unread,
            approved: &approved,
            above: &above,
        };
        let (remove, held) = removals(&guard);
        for id in remove {
            let Some(record) = self.records.get(&id) else { continue };
            let (action, why) = if record.orphans() {
                (Action::Keep, "its unit is no longer declared, and leaves its objects behind")
            } else {
                (Action::Delete, "its unit is no longer declared")
            };
            let steps = record
                .inventory
                .iter()
                .filter(|e| !self.wanted.contains(&(record.target(), e.key.clone())))
                .map(|e| step(action, e.key.clone(), why))
                .collect();
            let target = record.target();
            plan.units.push(UnitPlan { id, target, wave: 0, verdict: Verdict::Removed, steps, unchanged: 0 });
        }
        plan.held = held;
    }
}

fn unread(release: &Release, why: &str) -> String {
    format!("what Helm has deployed as {}/{} can't be read: {why}", release.namespace, release.name)
}

fn step(action: Action, key: ObjectKey, reason: &str) -> Step {
    Step { action, key, reason: reason.to_owned(), changes: Vec::new() }
}
