use super::owners::{Owned, Owner, Owners};
use super::remove::remove;
use super::write::Versioned;
use super::{WriteContext, WriteError};
use crate::{FieldSet, Types};
use serde_json::Value;
use std::collections::BTreeMap;

/// Removes what the applier applied last time, does not apply now, and nobody else claims. Fields, list items and map
/// entries that nobody ever owned stay.
pub(super) fn prune(
    merged: Value,
    owners: &Owners,
    applier: &Owner,
    last: Option<&Owned>,
    context: &WriteContext<'_>,
    version: &str,
) -> Result<Value, WriteError> {
    let Some(last) = last.filter(|last| !last.set.is_empty()) else { return Ok(merged) };
    let now = owners.0.get(applier);
    let one_version = owners.0.values().all(|owned| owned.api_version == version);
    let applied_again =
        one_version && last.api_version == version && now.is_some_and(|now| last.set.is_subset(&now.set));
    if applied_again && !has_empty_list(&merged) {
        return Ok(merged);
    }
    let whole = Versioned::owned(merged, version, context.type_id);
    let failed =
        |what: &str| format!("failed to prune fields: failed to convert {what} to last applied version: ");
    let Some(merged) = whole.at(&last.api_version, context, || failed("merged object"))? else {
        return Ok(whole.value.into_owned());
    };
    let types = context.types;
    let lasting = last.set.with_named_parents(types, Some(merged.id));
    let without = remove(&merged.value, &lasting, types, merged.id);
    let without = Versioned::owned(without, &merged.api_version, merged.id);
    let pruned = add_back_owned(&merged, without, owners, context)?;
    let Some(pruned) = pruned.at(&last.api_version, context, || failed("pruned object"))? else {
        return Ok(whole.value.into_owned());
    };
    // Only what this applier owned may go: not what was below it without an owner.
    let gone = fields(&merged, types).difference(&fields(&pruned, types)).intersection(&lasting);
    let pruned =
        Versioned::owned(remove(&merged.value, &gone, types, merged.id), &merged.api_version, merged.id);
    Ok(match pruned.at(version, context, || "failed to prune fields: ".to_owned())? {
        Some(pruned) => pruned.value.into_owned(),
        None => whole.value.clone().into_owned(),
    })
}

/// An empty list is in no set of fields, so what holds nothing else but is not empty itself is not either. Where that was
/// applied as an empty map it goes, as it does in an API server: `spec: {}` once more on `spec: {set: [], more: 1}`.
pub(super) fn has_empty_list(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => items.is_empty() || items.iter().any(has_empty_list),
        Value::Object(map) => map.values().any(has_empty_list),
    }
}

fn fields(object: &Versioned<'_>, types: &Types) -> FieldSet {
    FieldSet::of(&object.value, types, object.id).with_named_parents(types, Some(object.id))
}

/// The pruned object with everything put back that any manager claims, the applier by its new configuration included.
fn add_back_owned<'v>(
    merged: &Versioned<'_>,
    pruned: Versioned<'v>,
    owners: &Owners,
    context: &WriteContext<'_>,
) -> Result<Versioned<'v>, WriteError> {
    let mut claims: BTreeMap<&str, FieldSet> = BTreeMap::new();
    for owned in owners.0.values() {
        let claimed = claims.entry(&owned.api_version).or_default();
        *claimed = claimed.union(&owned.set);
    }
    // The version that was pruned in comes first: later conversions may need what it puts back.
    let first = claims.remove_entry(merged.api_version.as_str());
    let mut pruned = pruned;
    for (version, claimed) in first.into_iter().chain(claims) {
        let failed = |what: &str| {
            format!(
                "failed to prune fields: failed add back owned items: failed to convert {what} object at version {version}: "
            )
        };
        let all = merged.at(version, context, || failed("merged"))?;
        let kept = pruned.at(version, context, || failed("pruned"))?;
        let (Some(all), Some(kept)) = (all, kept) else { continue };
        let types = context.types;
        let claimed = claimed.with_named_parents(types, Some(all.id));
        let keep = fields(&kept, types).union(&claimed);
        let value = remove(&all.value, &fields(&all, types).difference(&keep), types, all.id);
        let id = all.id;
        pruned = Versioned::owned(value, version, id);
    }
    Ok(pruned)
}
