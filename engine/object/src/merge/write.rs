//! What apply and update share: objects without their bookkeeping, and taking fields from other owners.

use super::owners::{Owner, Owners};
use super::typed::{self, Duplicates};
use super::{Comparison, WriteContext, WriteError, reconcile::reconcile};
use crate::{FieldSet, MAX_DEPTH, ManagedFields, TypeId, same_value};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An object in a version, with the type it has there.
#[derive(Clone)]
pub(super) struct Versioned<'v> {
    pub value: Cow<'v, Value>,
    pub api_version: String,
    pub id: TypeId,
}

impl<'v> Versioned<'v> {
    /// In another version; `None` when that is served no more. `what` begins the message when it does not fit there.
    pub fn at(
        &self,
        api_version: &str,
        context: &WriteContext<'_>,
        what: impl Fn() -> String,
    ) -> Result<Option<Versioned<'_>>, WriteError> {
        if api_version == self.api_version {
            let value = Cow::Borrowed(self.value.as_ref());
            return Ok(Some(Versioned { value, api_version: api_version.to_owned(), id: self.id }));
        }
        let Some(id) = context.versions.type_at(api_version) else { return Ok(None) };
        let value = context.versions.convert(&self.value, api_version);
        let errors = typed::check(&value, context.types, id, Duplicates::Refused);
        if !errors.is_empty() {
            return Err(WriteError::Converted { what: what(), errors });
        }
        Ok(Some(Versioned { value: Cow::Owned(value), api_version: api_version.to_owned(), id }))
    }

    pub fn owned(value: Value, api_version: &str, id: TypeId) -> Self {
        Self { value: Cow::Owned(value), api_version: api_version.to_owned(), id }
    }
}

pub(super) fn api_version(object: &Value) -> &str {
    object.get("apiVersion").and_then(Value::as_str).unwrap_or_default()
}

/// The live object in the version of the request, without managedFields; for a new object what an API server starts
/// from.
pub(super) fn live_in<'v>(live: Option<&Value>, like: &Value, context: &WriteContext<'_>) -> Versioned<'v> {
    let version = api_version(like);
    let value = match live {
        Some(live) if api_version(live) == version => without_managed_fields(live),
        Some(live) => {
            let mut value = context.versions.convert(live, version);
            take_managed_fields(&mut value);
            value
        }
        None => {
            let mut value = empty_like(like, context);
            take_managed_fields(&mut value);
            value
        }
    };
    Versioned::owned(value, version, context.type_id)
}

/// A new object of the kind: identity, and for types whose structs are never absent those structs.
pub(super) fn empty_like(like: &Value, context: &WriteContext<'_>) -> Value {
    let mut object = json!({ "apiVersion": like.get("apiVersion"), "kind": like.get("kind") });
    crate::defaulting::complete(&mut object, context.types, context.type_id);
    context.versions.complete(&mut object);
    object
}

pub(super) fn take_managed_fields(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

/// A copy that leaves them out.
pub(super) fn without_managed_fields(object: &Value) -> Value {
    let Some(entries) = object.as_object() else { return object.clone() };
    let copied = entries.iter().map(|(name, child)| match child.as_object() {
        Some(metadata) if name == "metadata" => {
            let kept = metadata.iter().filter(|(name, _)| *name != "managedFields");
            (name.clone(), Value::Object(kept.map(|(name, it)| (name.clone(), it.clone())).collect()))
        }
        Some(_) | None => (name.clone(), child.clone()),
    });
    Value::Object(copied.collect())
}

/// The object with the entries as its managedFields.
pub(super) fn put_managed_fields(object: &mut Value, fields: &ManagedFields) {
    let Some(object) = object.as_object_mut() else { return };
    let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        if fields.entries.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), fields.encode());
        }
    }
}

/// Brings sets that were written under an older schema up to date; forgets those in versions served no more.
pub(super) fn reconcile_owners(
    owners: &mut Owners,
    live: &Versioned<'_>,
    context: &WriteContext<'_>,
) -> Result<(), WriteError> {
    let mut obsolete = Vec::new();
    for (owner, owned) in &mut owners.0 {
        match live.at(&owned.api_version, context, String::new)? {
            None => obsolete.push(owner.clone()),
            Some(there) => {
                if let Some(set) = reconcile(&owned.set, context.types, there.id) {
                    owned.set = set;
                }
            }
        }
    }
    obsolete.iter().for_each(|owner| drop(owners.0.remove(owner)));
    Ok(())
}

/// What the write does to the fields of others than `writer`: first what they own of changed fields, by owner; then
/// `owners` without those and without what was removed. Where no writer is named, also the comparison in the version of
/// the request.
pub(super) fn take_from_others(
    live: &Versioned<'_>,
    new: &Versioned<'_>,
    owners: &mut Owners,
    writer: Option<&Owner>,
    context: &WriteContext<'_>,
) -> Result<(BTreeMap<Owner, FieldSet>, Comparison), WriteError> {
    if writer.is_some() && owners.0.keys().all(|owner| Some(owner) == writer) {
        // Nobody to take from.
        return Ok((BTreeMap::new(), Comparison::default()));
    }
    let mut comparisons: BTreeMap<String, (Comparison, FieldSet)> = BTreeMap::new();
    let compare = |old: &Versioned<'_>, new: &Versioned<'_>| {
        let filter = context.resets.and_then(|resets| resets.at(&old.api_version));
        let comparison = Comparison::of(&old.value, &new.value, context.types, old.id).filtered(filter);
        let changed = comparison.modified.union(&comparison.added);
        (comparison, changed)
    };
    comparisons.insert(new.api_version.clone(), compare(live, new));
    let mut conflicts = BTreeMap::new();
    let others: Vec<Owner> = owners.0.keys().filter(|owner| Some(*owner) != writer).cloned().collect();
    for owner in others {
        let Some(owned) = owners.0.get_mut(&owner) else { continue };
        if !comparisons.contains_key(&owned.api_version) {
            let old = live.at(&owned.api_version, context, || "failed to convert old object: ".to_owned())?;
            let new = new.at(&owned.api_version, context, || "failed to convert new object: ".to_owned())?;
            let (Some(old), Some(new)) = (old, new) else { continue };
            comparisons.insert(owned.api_version.clone(), compare(&old, &new));
        }
        let Some((comparison, changed)) = comparisons.get(&owned.api_version) else { continue };
        let lost = owned.set.intersection(changed);
        if lost.is_empty() && comparison.removed.is_empty() {
            continue;
        }
        let gone = lost.union(&comparison.removed);
        if !lost.is_empty() {
            conflicts.insert(owner.clone(), lost);
        }
        owners.subtract(&owner, &gone);
    }
    let comparison =
        comparisons.remove(&new.api_version).map(|(comparison, _)| comparison).unwrap_or_default();
    Ok((conflicts, comparison))
}

/// Whether two objects are the same but for the timestamps of managed fields and the resourceVersion. Entries that a
/// timestamp has moved are not the same.
pub fn same_but_times(live: &Value, new: &Value) -> bool {
    let metadata = |live: &Value, new: &Value| match (live, new) {
        (Value::Object(live), Value::Object(new)) => {
            same_entries(live, new, &["managedFields", "resourceVersion"], |_, live, new| {
                same_value(live, new)
            })
        }
        (live, new) => same_value(live, new),
    };
    let rest = match (live, new) {
        (Value::Object(live), Value::Object(new)) => same_entries(live, new, &[], |name, live, new| {
            if name == "metadata" { metadata(live, new) } else { same_value(live, new) }
        }),
        (live, new) => same_value(live, new),
    };
    rest && same_owners(live, new)
}

fn same_owners(live: &Value, new: &Value) -> bool {
    fn entries(object: &Value) -> &[Value] {
        let list = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }
    let (live, new) = (entries(live), entries(new));
    live.len() == new.len()
        && live.iter().zip(new).all(|(live, new)| match (live, new) {
            (Value::Object(live), Value::Object(new)) => {
                same_entries(live, new, &["time"], |_, live, new| live == new)
            }
            (live, new) => live == new,
        })
}

fn same_entries(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    but: &[&str],
    same: impl Fn(&str, &Value, &Value) -> bool,
) -> bool {
    let counts = |name: &String| !but.contains(&name.as_str());
    let mut others = other.iter().filter(|(name, _)| counts(name));
    one.iter().filter(|(name, _)| counts(name)).all(|(name, value)| {
        others.next().is_some_and(|(other, there)| name == other && same(name, value, there))
    }) && others.next().is_none()
}

pub(super) fn too_deep(value: &Value) -> bool {
    fn deeper(value: &Value, left: usize) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
            Value::Array(items) => left == 0 || items.iter().any(|item| deeper(item, left - 1)),
            Value::Object(map) => left == 0 || map.values().any(|item| deeper(item, left - 1)),
        }
    }
    deeper(value, MAX_DEPTH)
}

/// `namespace/name; apps/v1, Kind=Deployment`.
pub(super) fn described(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!(
        "{}/{}; {}, Kind={}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        api_version(object),
        text("/kind")
    )
}
