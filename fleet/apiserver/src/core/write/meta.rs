//! `metadata`: what a client may write there, and what only the server does.

use crate::core::body;
use crate::core::failure::{Failure, field_error, forbidden_field, invalid, required};
use crate::core::names;
use crate::core::registry::Resource;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

/// All annotations together may be this large.
const ANNOTATIONS_LIMIT: usize = 256 << 10;

pub fn validate(object: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
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
    for (i, finalizer) in body::finalizers(object).iter().enumerate() {
        if let Err(why) = names::qualified_name(finalizer) {
            let path = format!("metadata.finalizers[{i}]");
            errors.extend(why.into_iter().map(|w| invalid(path.clone(), finalizer.clone().into(), w)));
        } else if !finalizer.contains('/')
            && !matches!(&**finalizer, "orphan" | "foregroundDeletion" | "kubernetes")
        {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(invalid(format!("metadata.finalizers[{i}]"), finalizer.clone().into(), detail));
        }
    }
    owners(metadata.get("ownerReferences"), errors);
}

fn owners(references: Option<&Value>, errors: &mut Vec<FieldError>) {
    let mut controllers = 0;
    for (i, owner) in references.and_then(Value::as_array).into_iter().flatten().enumerate() {
        for key in ["apiVersion", "kind", "name", "uid"] {
            if owner.get(key).and_then(Value::as_str).unwrap_or_default().is_empty() {
                let detail =
                    if key == "apiVersion" { "version must not be empty" } else { "must not be empty" };
                errors.push(invalid(format!("metadata.ownerReferences[{i}].{key}"), "".into(), detail));
            }
        }
        controllers += usize::from(owner.get("controller").and_then(Value::as_bool) == Some(true));
    }
    if controllers > 1 {
        let detail = "Only one reference can have Controller set to true. Found \"true\" in references";
        errors.push(invalid("metadata.ownerReferences", references.cloned().unwrap_or_default(), detail));
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

/// What an update may not change. Fields that the client left out are filled in from the live object.
pub fn carry_over(
    live: &Value,
    new: &mut Value,
    resource: &Resource,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    let name = body::meta(live, "name").to_owned();
    let uid = body::meta(new, "uid").to_owned();
    let live_uid = body::meta(live, "uid");
    if !uid.is_empty() && uid != live_uid {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {live_uid}");
        return Err(Failure::conflict(resource.named(), &name, &why));
    }
    for field in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        let old = body::meta_value(live, field).cloned();
        if field == "creationTimestamp"
            && let Some(new) = body::meta_value(new, field).filter(|v| !v.is_null())
            && Some(new) != old.as_ref()
        {
            errors.push(invalid("metadata.creationTimestamp", new.clone(), "field is immutable"));
        }
        body::set_meta(new, field, old);
    }
    if body::meta_value(new, "generateName").is_none()
        && let Some(prefix) = body::meta_value(live, "generateName")
    {
        body::set_meta(new, "generateName", Some(prefix.clone()));
    }
    if body::is_terminating(live) {
        let old = body::finalizers(live);
        let added: Vec<String> = body::finalizers(new)
            .into_iter()
            .filter(|f| !old.contains(f))
            .map(|f| format!("{f:?}"))
            .collect();
        if !added.is_empty() {
            let list = format!("[]string{{{}}}", added.join(", "));
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers {list}"
            );
            errors.push(forbidden_field("metadata.finalizers", detail));
        }
    }
    Ok(())
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
