//! What there is: Flux's Kustomizations and HelmReleases, what the repository makes of them, what Mainstay has recorded.

use crate::exit::Failure;
use crate::management::{ClusterArgs, Live};
use crate::output;
use crate::progress::Progress;
use crate::repository::{Fixed, RepositoryArgs};
use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_flux::is_installation;
use mainstay_flux::migrate::{self, Applier, Helm, Known, Recorded};
use mainstay_object::{Object, ObjectKey};
use mainstay_plan::{Action, Change, Step, UnitPlan, Verdict};
use mainstay_reconcile::Record;
use mainstay_runtime::PART_OF;
use mainstay_unit::{ReadingUnit, RenderState, Source, Target, UnitId};
use std::collections::{BTreeMap, BTreeSet};

/// The annotation that every object of a unit carries.
const UNIT: &str = "mainstay.dev/unit";

/// The version in which a kind is served.
pub(super) async fn version(
    management: &Cluster,
    applier: Applier,
) -> Result<Option<&'static str>, ClusterError> {
    for version in applier.versions() {
        match management.resource(applier.group(), version, applier.kind()).await {
            Ok(_) => return Ok(Some(version)),
            Err(ClusterError::NoKind { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Every Kustomization and HelmRelease of Flux's, of all namespaces.
pub(super) async fn appliers(management: &Cluster) -> Result<Vec<migrate::Live>, Failure> {
    let mut out = Vec::new();
    let mut served = false;
    for applier in Applier::ALL {
        let Some(version) = version(management, applier).await? else { continue };
        served = true;
        let resource = management.resource(applier.group(), version, applier.kind()).await?;
        out.extend(management.list(&resource, "", "").await?.iter().filter_map(migrate::Live::read));
    }
    if served {
        return Ok(out);
    }
    let kinds = Applier::ALL.map(|applier| format!("{} of {}", applier.kind(), applier.group()));
    Err(Failure::environment(format!(
        "there is no Flux on this cluster: it serves no {}",
        kinds.join(" and no ")
    ))
    .hint("name the cluster that Flux runs on with --kubeconfig and --context"))
}

/// What the management cluster says of their units, and nothing of the repository.
pub(super) async fn recorded(
    management: &Cluster,
    found: &[migrate::Live],
) -> Result<BTreeMap<UnitId, Known>, Failure> {
    let records = mainstay_runtime::records(management).await.map_err(Failure::environment)?;
    let of = |unit: &UnitId| records.iter().find(|r| r.id == *unit).map(record);
    let known = |one: &migrate::Live| Known { record: of(&one.unit), ..Known::default() };
    Ok(found.iter().map(|one| (one.unit.clone(), known(one))).collect())
}

fn record(record: &Record) -> Recorded {
    let says = match record.message.as_str() {
        "" => record.phase.clone(),
        message => format!("{}: {message}", record.phase),
    };
    Recorded { ready: record.phase == "Ready", suspended: record.suspended, says }
}

/// What the newest commit makes of everything live that it declares; and what is wrong with the repository. What a
/// HelmRelease has applied is known by Helm's record of it.
pub(super) fn known(
    live: &Live,
    cluster: &ClusterArgs,
    repository: &RepositoryArgs,
    found: &mut [migrate::Live],
    progress: &Progress,
) -> Result<(BTreeMap<UnitId, Known>, Vec<String>), Failure> {
    let state = cluster.state.open()?;
    state.create()?;
    let entry = repository.entry()?;
    let mut repository = repository.open(&state, "look")?;
    let commit = repository.fetch()?;
    progress.says("reading the revision");
    let checkout = repository.at(&commit)?;
    let followed = mainstay_runtime::Sources::followed(&repository);
    let mut fixed = Fixed { checkout, followed, others: Some(&mut repository) };
    let mut reading = fixed.read_with(&live.answers(), &entry)?;
    let errors = reading.errors().map(output::diagnostic).collect();
    let wanted: BTreeSet<(Target, ObjectKey)> = reading.units.values().flat_map(objects).collect();
    // Only these are compared with the cluster: the rest of the repository is not the question.
    reading.units.retain(|id, _| found.iter().any(|one| one.unit == *id));
    let planned = live.plan(&reading, progress)?;
    let records = live.block_on(async {
        mainstay_runtime::records(live.management()).await.map_err(Failure::environment)
    })?;
    let mut out = BTreeMap::new();
    // What a chart declares is not wanted, and there all the same.
    let mut there = wanted.clone();
    there.extend(found.iter().map(|one| (Target::Management, one.key.clone())));
    for one in found {
        let Some(unit) = reading.units.get(&one.unit) else { continue };
        let helm = live.block_on(helm(live.management(), unit, one, &there))?;
        let steps = planned.units.iter().find(|planned| planned.id == one.unit);
        let target = &unit.unit.target;
        let missing =
            one.inventory.iter().filter(|(key, _)| !wanted.contains(&(target.clone(), key.clone())));
        let known = Known {
            unrendered: steps.and_then(unrendered),
            differs: steps.into_iter().flat_map(|planned| &planned.steps).filter_map(differs).collect(),
            lost: live.block_on(lost(live.management(), target, missing))?,
            record: records.iter().find(|r| r.id == one.unit).map(record),
            helm,
        };
        out.insert(one.unit.clone(), known);
    }
    Ok((out, errors))
}

/// What Helm has deployed of a HelmRelease that is rendered.
async fn helm(
    management: &Cluster,
    unit: &ReadingUnit,
    one: &mut migrate::Live,
    known: &BTreeSet<(Target, ObjectKey)>,
) -> Result<Option<Helm>, Failure> {
    let (RenderState::Rendered(rendered), Source::Chart(chart)) = (&unit.state, &unit.unit.source) else {
        return Ok(None);
    };
    let Some(release) = &rendered.release else { return Ok(None) };
    let target = &unit.unit.target;
    let found =
        mainstay_runtime::deployed(management, target, release).await.map_err(Failure::environment)?;
    let mut helm = Helm {
        name: release.name.clone(),
        namespace: chart.release.namespace.clone(),
        storage: release.namespace.clone(),
        ..Helm::default()
    };
    if let Some(found) = found {
        one.inventory = found
            .objects
            .into_iter()
            .map(|(key, version)| {
                // A manifest of Helm's does not say which namespace an object gets.
                let placed = ObjectKey::new(key.group(), key.kind(), &*helm.namespace, key.name());
                let is_there =
                    key.namespace().is_empty() && known.contains(&(target.clone(), placed.clone()));
                (if is_there { placed } else { key }, version)
            })
            .collect();
        helm.newest = Some((found.number, found.status));
        helm.otherwise = found.otherwise;
    }
    Ok(Some(helm))
}

fn objects(unit: &ReadingUnit) -> Vec<(Target, ObjectKey)> {
    match &unit.state {
        RenderState::Rendered(rendered) => {
            rendered.objects.iter().map(|d| (unit.unit.target.clone(), d.key.clone())).collect()
        }
        RenderState::NotRendered { .. } | RenderState::Failed { .. } => Vec::new(),
    }
}

fn unrendered(planned: &UnitPlan) -> Option<String> {
    match &planned.verdict {
        // Suspended: told by the record.
        Verdict::Planned | Verdict::Suspended | Verdict::Managed(_) => None,
        Verdict::NotRendered(why) | Verdict::Failed(why) | Verdict::NotEvaluated(why) => Some(why.clone()),
        Verdict::Removed => Some("it is no longer declared".to_owned()),
    }
}

/// What adopting an object would change beside the marks that say whose it is.
fn differs(step: &Step) -> Option<String> {
    let changes: Vec<&str> = step.changes.iter().filter(|c| !is_mark(c)).map(|c| c.path.as_str()).collect();
    match step.action {
        Action::Change if changes.is_empty() => None,
        Action::Keep => None,
        Action::Change => Some(format!("{} ({})", step.key, changes.join(", "))),
        Action::Create | Action::Replace | Action::Delete | Action::Run | Action::Blocked => {
            Some(format!("{} ({})", step.key, step.reason))
        }
    }
}

fn is_mark(change: &Change) -> bool {
    let ours = |name: &str| name.contains(PART_OF) || name.contains(UNIT);
    let only_ours = change.before.is_none()
        && change
            .after
            .as_ref()
            .and_then(|after| after.as_object())
            .is_some_and(|map| map.keys().all(|k| ours(k)));
    let place =
        [".metadata.labels", ".metadata.annotations"].iter().any(|place| change.path.starts_with(place));
    place && (ours(&change.path) || only_ours)
}

/// Those of Flux's objects that nobody would apply any more. Flux's own installation stays as it is.
async fn lost(
    management: &Cluster,
    target: &Target,
    missing: impl Iterator<Item = &(ObjectKey, String)>,
) -> Result<Vec<ObjectKey>, Failure> {
    let mut out = Vec::new();
    for (key, version) in missing {
        let installed = match target {
            Target::Workload { .. } => false,
            Target::Management => match management.get(key, version, &Identity::Own).await {
                Ok(live) => Object::new(live).is_ok_and(|object| is_installation(&object)),
                Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => true,
                Err(error) => return Err(error.into()),
            },
        };
        if !installed {
            out.push(key.clone());
        }
    }
    Ok(out)
}
