//! How `kubectl apply --server-side` takes over what `kubectl apply` wrote, by the annotation that the latter keeps.

use super::typed::{self, Duplicates};
use super::write::{Versioned, api_version};
use super::{Comparison, Conflict, WriteContext};
use crate::{FieldPath, FieldSet};
use serde_json::Value;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
const MANAGER: &str = "kubectl";
/// All annotations of an object together.
const MOST_BYTES: usize = 256 * 1024;

/// Whether an apply has to look at the annotation.
pub(super) fn concerns(live: &Value, context: &WriteContext<'_>) -> bool {
    context.manager == MANAGER && annotation(live).is_some()
}

/// Whether conflicts may turn out to be none.
pub(super) fn may_excuse(context: &WriteContext<'_>) -> bool {
    context.manager == MANAGER
}

/// The conflicts that remain when fields which client-side apply set, and which still have its values, are kubectl's
/// own. `None`: all are excused.
pub(super) fn unexcused(
    conflicts: Vec<Conflict>,
    live: &Versioned<'_>,
    context: &WriteContext<'_>,
) -> Option<Vec<Conflict>> {
    if !may_excuse(context) {
        return Some(conflicts);
    }
    let Some(own) = client_side_applied(live, context) else { return Some(conflicts) };
    let rest: Vec<Conflict> = conflicts
        .into_iter()
        .map(|mut conflict| {
            conflict.fields.retain(|field| !own.has(field));
            conflict
        })
        .filter(|conflict| !conflict.fields.is_empty())
        .collect();
    (!rest.is_empty()).then_some(rest)
}

fn client_side_applied(live: &Versioned<'_>, context: &WriteContext<'_>) -> Option<FieldSet> {
    let text = annotation(&live.value)?;
    let last: Value = serde_json::from_str(text).ok()?;
    if api_version(&last) != live.api_version {
        return None;
    }
    let fits = |object: &Value| typed::check(object, context.types, live.id, Duplicates::Refused).is_empty();
    if !fits(&last) || !fits(&live.value) {
        return None;
    }
    let changes = Comparison::of(&last, &live.value, context.types, live.id);
    let set = FieldSet::of(&last, context.types, live.id);
    Some(set.difference(&changes.modified).difference(&changes.added).difference(&changes.removed))
}

/// Keeps the annotation true once server-side apply has taken over, for a client that goes back.
pub(super) fn refresh(object: &mut Value, applied: &Value, context: &WriteContext<'_>) {
    if context.manager != MANAGER || annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(annotations) = annotations_mut(&mut applied) {
        annotations.remove(ANNOTATION);
    }
    // An API server ends the JSON that it writes with a line break.
    let text = format!("{applied}\n");
    if let Some(annotations) = annotations_mut(object) {
        annotations.insert(ANNOTATION.to_owned(), Value::from(text));
        let size: usize =
            annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
        if size > MOST_BYTES {
            annotations.remove(ANNOTATION);
        }
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let path = FieldPath::of_fields(["metadata", "annotations", ANNOTATION]);
    path.get(object)?.as_str().filter(|text| !text.is_empty())
}

fn annotations_mut(object: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    object.get_mut("metadata")?.get_mut("annotations")?.as_object_mut()
}
