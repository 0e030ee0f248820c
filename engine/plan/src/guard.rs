use mainstay_object::{Digest, ObjectKey};
use mainstay_unit::{Inventory, InventoryEntry, Reading, RenderState, UnitId, Unread};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A removal that is not carried out until somebody says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    pub unit: UnitId,
    pub why: String,
    /// What `approve` names. `None`: no approval helps, the cause must be mended in Git.
    pub hash: Option<String>,
}

/// What is known when units disappear. Disappearance is not deletion.
pub struct Guard<'a> {
    /// Units with an inventory, by tenant count and id.
    pub known: &'a BTreeMap<UnitId, &'a Inventory>,
    pub declared: &'a BTreeSet<UnitId>,
    /// Files and renders that could have declared a unit and were not read.
    pub unread: &'a BTreeSet<Unread>,
    pub approved: &'a BTreeSet<String>,
    /// Who had declared a unit, and who had declared that one.
    pub above: &'a dyn Fn(&UnitId) -> &'a [UnitId],
}

/// The units of a revision, or none where all of them together render to nothing: the entry folder of an emptied
/// repository is a unit too.
pub fn declared(reading: &Reading) -> BTreeSet<UnitId> {
    if declares_nothing(reading) {
        return BTreeSet::new();
    }
    reading.units.keys().cloned().collect()
}

/// Whether all units together render to nothing, or there are none.
pub fn declares_nothing(reading: &Reading) -> bool {
    let is_nothing = |state: &RenderState| match state {
        RenderState::Rendered(rendered) => rendered.objects.is_empty(),
        RenderState::NotRendered { .. } | RenderState::Failed { .. } => false,
    };
    reading.units.values().all(|unit| is_nothing(&unit.state))
}

/// Splits the units that are no longer declared into those to remove now and those held.
pub fn removals(guard: &Guard<'_>) -> (Vec<UnitId>, Vec<Held>) {
    let gone: Vec<&UnitId> = guard.known.keys().filter(|id| !guard.declared.contains(id)).collect();
    if gone.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let mut remove = Vec::new();
    let mut held = Vec::new();
    let unknown =
        |id: &UnitId| guard.unread.iter().find(|unread| unread.could_declare(id, (guard.above)(id)));
    for id in &gone {
        if let Some(unread) = unknown(id) {
            let what = &unread.what;
            let why = format!("it is not known whether this unit is gone: not everything was read ({what})");
            held.extend(hold(&[id], &why, None));
        }
    }
    let tenants: BTreeSet<&str> = gone.iter().map(|id| id.tenant.as_str()).collect();
    for tenant in tenants {
        let lost: Vec<&UnitId> =
            gone.iter().copied().filter(|id| id.tenant == tenant && unknown(id).is_none()).collect();
        if lost.is_empty() {
            continue;
        }
        let total = guard.known.keys().filter(|id| id.tenant == tenant).count();
        let hash = approval(&lost, guard.known);
        let reason = if guard.declared.is_empty() {
            Some("the repository declares no unit at all any more".to_owned())
        } else if lost.len() > 5.max(total / 10) {
            Some(format!("{} of tenant {tenant}'s {total} units disappeared in one revision", lost.len()))
        } else {
            None
        };
        match reason {
            Some(why) if !guard.approved.contains(&hash) => held.extend(hold(&lost, &why, Some(&hash))),
            Some(_) | None => judge(guard, &lost, &mut remove, &mut held),
        }
    }
    (remove, held)
}

/// The loss of a Cluster, Namespace, definition or volume is held unit by unit.
fn judge(guard: &Guard<'_>, lost: &[&UnitId], remove: &mut Vec<UnitId>, held: &mut Vec<Held>) {
    for id in lost {
        let Some(inventory) = guard.known.get(*id) else { continue };
        let precious: Vec<String> =
            inventory.iter().map(|e| &e.key).filter(|k| is_precious(k)).map(ToString::to_string).collect();
        let hash = approval(&[id], guard.known);
        let all = approval(lost, guard.known);
        let approved = guard.approved.contains(&hash) || guard.approved.contains(&all);
        let is_cluster = id.kind == "cluster";
        let found = recovered(inventory.iter());
        if (precious.is_empty() && !is_cluster && found.is_none()) || approved {
            remove.push((*id).clone());
            continue;
        }
        let what = if is_cluster { format!("the cluster {}", id.name) } else { precious.join(", ") };
        let why = match found {
            Some(found) if what.is_empty() => found,
            Some(found) => format!("removing it would delete {what}; {found}"),
            None => format!("removing it would delete {what}"),
        };
        held.push(Held { unit: (*id).clone(), why, hash: Some(hash) });
    }
}

/// A sentence on what was found by its label alone.
fn recovered<'a>(entries: impl Iterator<Item = &'a InventoryEntry>) -> Option<String> {
    let found: Vec<String> = entries.filter(|e| e.recovered).map(|e| e.key.to_string()).collect();
    let (first, more) = found.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    Some(format!("no record held {first}{more}; only the label says that it was ours"))
}

fn is_precious(key: &ObjectKey) -> bool {
    matches!(
        (key.group(), key.kind()),
        ("", "Namespace" | "PersistentVolume" | "PersistentVolumeClaim")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
            | ("cluster.x-k8s.io", "Cluster")
    )
}

fn hold(units: &[&UnitId], why: &str, hash: Option<&str>) -> Vec<Held> {
    units
        .iter()
        .map(|id| Held { unit: (*id).clone(), why: why.to_owned(), hash: hash.map(str::to_owned) })
        .collect()
}

/// An approval covers exactly these units with exactly these objects.
fn approval(units: &[&UnitId], known: &BTreeMap<UnitId, &Inventory>) -> String {
    let content: Vec<_> = units
        .iter()
        .map(|id| {
            let objects: Vec<_> = known
                .get(*id)
                .into_iter()
                .flat_map(|i| i.iter())
                .map(|e| format!("{} {}", e.key, e.uid))
                .collect();
            serde_json::json!([id, objects])
        })
        .collect();
    Digest::of_value(&serde_json::json!(content)).short()
}

/// A prune inside a unit that is still declared: an empty render, and the loss of what is precious or was found
/// by its label alone, wait for an approval.
pub fn held_prune(
    id: &UnitId,
    wanted: &BTreeSet<ObjectKey>,
    gone: &[InventoryEntry],
    approved: &BTreeSet<String>,
) -> Option<Held> {
    let content: Vec<_> = gone.iter().map(|e| format!("{} {}", e.key, e.uid)).collect();
    let hash = Digest::of_value(&serde_json::json!([id, content])).short();
    if approved.contains(&hash) {
        return None;
    }
    let precious: Vec<String> =
        gone.iter().map(|e| &e.key).filter(|k| is_precious(k)).map(ToString::to_string).collect();
    let why = if wanted.is_empty() {
        format!("it renders nothing any more; removing its {} objects is held", gone.len())
    } else if !precious.is_empty() {
        format!("it no longer declares {}", precious.join(", "))
    } else {
        recovered(gone.iter())?
    };
    Some(Held { unit: id.clone(), why, hash: Some(hash) })
}
