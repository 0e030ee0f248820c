//! `metadata`: what a client may write there, and what only the server does.

use super::Act;
use super::delete::{FOREGROUND, ORPHAN};
use crate::core::body;
use crate::core::failure::{field_error, forbidden_field, invalid, required};
use crate::core::names;
use crate::core::registry::Resource;
use crate::core::validation;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::BTreeSet;

/// All annotations together may be this large.
const ANNOTATIONS_LIMIT: usize = 256 << 10;

pub fn validate(object: &Value, live: Option<&Value>, resource: &Resource, errors: &mut Vec<FieldError>) {
    let Some(metadata) = object.get("metadata").and_then(Value::as_object) else {
        errors.push(required("metadata", ""));
        return;
    };
    let name = body::meta(object, "name");
    let rule = resource.name_rule();
    if let Some(prefix) = metadata.get("generateName").and_then(Value::as_str).filter(|p| !p.is_empty())
        && let Err(why) = rule.check_prefix(prefix)
    {
        errors.extend(why.into_iter().map(|w| invalid("metadata.generateName", prefix.into(), w)));
    }
    if name.is_empty() {
        errors.push(required("metadata.name", "name or generateName is required"));
    } else if let Err(why) = rule.check(name) {
        errors.extend(why.into_iter().map(|w| invalid("metadata.name", name.into(), w)));
    }
    for (key, value) in entries(metadata.get("labels"), "metadata.labels", errors) {
        if let Err(why) = names::qualified_name(&key) {
            errors.extend(why.into_iter().map(|w| invalid("metadata.labels", key.clone().into(), w)));
        }
        if let Err(why) = names::label_value(&value) {
            errors.extend(why.into_iter().map(|w| invalid("metadata.labels", value.clone().into(), w)));
        }
    }
    let mut size = 0;
    for (key, value) in entries(metadata.get("annotations"), "metadata.annotations", errors) {
        size += key.len() + value.len();
        if let Err(why) = names::qualified_name(&key.to_lowercase()) {
            errors.extend(why.into_iter().map(|w| invalid("metadata.annotations", key.clone().into(), w)));
        }
    }
    if size > ANNOTATIONS_LIMIT {
        let detail = format!("may not be more than {ANNOTATIONS_LIMIT} bytes");
        errors.push(field_error(FieldErrorKind::TooLong, "metadata.annotations", None, detail));
    }
    owners(metadata.get("ownerReferences"), errors);
    finalizers(object, resource, errors);
    if let Some(live) = live {
        // Both the storage and the kind's own rules look at it, unless those look at the specification alone.
        let changes = changes(live, object);
        let again = if resource.plural == "poddisruptionbudgets" { &[][..] } else { &changes[..] };
        errors.splice(0..0, changes.iter().chain(again).cloned());
    }
}

fn finalizers(object: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
    let path = "metadata.finalizers";
    let all = body::finalizers(object);
    for (i, finalizer) in all.iter().enumerate() {
        if let Err(why) = names::qualified_name(finalizer) {
            errors.extend(why.into_iter().map(|w| invalid(path, finalizer.clone().into(), w)));
        } else if !finalizer.contains('/')
            && resource.custom.is_none()
            && !matches!(&**finalizer, ORPHAN | FOREGROUND | "kubernetes")
        {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(invalid(format!("{path}[{i}]"), finalizer.clone().into(), detail));
        }
    }
    if [ORPHAN, FOREGROUND].iter().all(|both| all.iter().any(|f| f == both)) {
        let detail = format!("finalizer {ORPHAN} and {FOREGROUND} cannot be both set");
        errors.push(invalid(path, all.into(), detail));
    }
}

fn owners(references: Option<&Value>, errors: &mut Vec<FieldError>) {
    let path = "metadata.ownerReferences";
    let mut controller: Option<String> = None;
    for owner in references.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion");
        if version.is_empty() || version.matches('/').count() > 1 {
            errors.push(invalid(format!("{path}.apiVersion"), version.into(), "version must not be empty"));
        }
        for key in ["kind", "name", "uid"].into_iter().filter(|key| text(key).is_empty()) {
            errors.push(invalid(format!("{path}.{key}"), "".into(), "must not be empty"));
        }
        if version == "v1" && text("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(invalid(path, owner.clone(), detail));
        }
        if owner.get("controller").and_then(Value::as_bool) == Some(true) {
            let this = format!("{}/{}", text("kind"), text("name"));
            match &controller {
                None => controller = Some(this),
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                    );
                    errors.push(invalid(path, references.cloned().unwrap_or_default(), detail));
                }
            }
        }
    }
}

/// What an update may not do to metadata.
fn changes(live: &Value, new: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let old = body::finalizers(live);
    let added: BTreeSet<String> = body::finalizers(new).into_iter().filter(|f| !old.contains(f)).collect();
    if body::is_terminating(live) && !added.is_empty() {
        let list = added.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>().join(", ");
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}"
        );
        errors.push(forbidden_field("metadata.finalizers", detail));
    }
    for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] {
        let (was, is) = (body::meta(live, field), body::meta(new, field));
        if was != is {
            errors.push(invalid(format!("metadata.{field}"), is.into(), "field is immutable"));
        }
    }
    let grace = |object| body::meta_value(object, "deletionGracePeriodSeconds").cloned();
    let (was, is) = (grace(live), grace(new));
    if was != is {
        let value = is.unwrap_or(Value::Null);
        errors.push(invalid("metadata.deletionGracePeriodSeconds", value, "field is immutable"));
    }
    errors
}

impl Act<'_> {
    /// What is odd in an object, which is taken all the same.
    pub fn warn_of_content(&mut self, object: &Value, live: Option<&Value>) {
        if self.subresource != "status" {
            self.warnings.extend(validation::warnings::of(&self.resource, object, live));
        }
    }

    /// Owners and finalizers that are listed twice.
    pub fn warn_of_metadata(&mut self, object: &mut Value) {
        let mut repeated = Vec::new();
        let references = body::metadata(object).get_mut("ownerReferences").and_then(Value::as_array_mut);
        if let Some(references) = references {
            let mut seen: Vec<Value> = Vec::new();
            references.retain(|owner| {
                let uid = body::text(owner, "/uid").to_owned();
                let known = seen.iter().any(|s| body::text(s, "/uid") == uid);
                if known && !uid.is_empty() && !repeated.contains(&uid) {
                    repeated.push(uid);
                }
                let again = seen.contains(owner);
                seen.push(owner.clone());
                !again
            });
        }
        if !repeated.is_empty() {
            self.warnings.push(format!(
                ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
                repeated.join(", ")
            ));
        }
    }
}

fn entries(map: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    match map {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (key, value) in map {
                match value {
                    Value::String(text) => found.push((key.clone(), text.clone())),
                    Value::Null => found.push((key.clone(), String::new())),
                    other => errors.push(invalid(format!("{path}.{key}"), other.clone(), "must be a string")),
                }
            }
        }
        Some(other) => errors.push(invalid(path, other.clone(), "must be an object")),
    }
    found
}

/// Identity that the client left out is filled in from the live object; what it has no say in is put right.
pub fn carry_over(live: &Value, new: &mut Value) {
    for field in ["creationTimestamp", "generation", "selfLink"] {
        body::set_meta(new, field, body::meta_value(live, field).cloned());
    }
    if is_nothing(new, "uid") {
        body::set_meta(new, "uid", body::meta_value(live, "uid").cloned());
    }
    for field in DELETION.into_iter().filter(|field| is_nothing(new, field)).collect::<Vec<_>>() {
        body::set_meta(new, field, None);
    }
}

/// No update takes an object's deletion back. To the record of owners a client that left it out has removed it, so this
/// comes after that.
pub fn carry_deletion(live: &Value, new: &mut Value) {
    for field in DELETION {
        let fixed = field == "deletionTimestamp" && !is_nothing(live, field);
        if fixed || is_nothing(new, field) {
            body::set_meta(new, field, body::meta_value(live, field).cloned());
        }
    }
}

const DELETION: [&str; 2] = ["deletionTimestamp", "deletionGracePeriodSeconds"];

fn is_nothing(object: &Value, field: &str) -> bool {
    body::meta_value(object, field).is_none_or(|v| v.is_null() || v.as_str() == Some(""))
}

/// Empty maps and lists in metadata are the same as none; the server drops them.
pub fn tidy(object: &mut Value) {
    let metadata = body::metadata(object);
    for key in ["labels", "annotations", "finalizers", "ownerReferences", "managedFields"] {
        let empty = match metadata.get(key) {
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Null) => true,
            Some(_) | None => false,
        };
        if empty {
            metadata.remove(key);
        }
    }
    metadata.retain(|_, value| !value.is_null());
    for key in ["generateName", "selfLink", "namespace"] {
        if metadata.get(key).and_then(Value::as_str) == Some("") {
            metadata.remove(key);
        }
    }
}
