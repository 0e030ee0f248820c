use super::fields::Came;
use super::{Act, How};
use crate::core::body::set_at;
use crate::core::cluster::Cluster;
use crate::core::decode::{self, BODY_LIMIT};
use crate::core::failure::{Failure, field_error, required};
use crate::core::{body, convert, registry};
use mainstay_object::FieldErrorKind;
use mainstay_object::merge::golang;
use mainstay_object::patch::{self, JsonPatchError};
use serde_json::Value;

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

impl Cluster {
    /// PATCH; true if it created the object.
    pub(crate) fn patch(
        &mut self,
        act: &mut Act<'_>,
        bytes: &[u8],
        content_type: Option<&str>,
    ) -> Result<(Value, bool), Failure> {
        if bytes.len() > BODY_LIMIT {
            return Err(Failure::too_large(BODY_LIMIT));
        }
        let media = decode::media(content_type).to_owned();
        let custom = act.resource.custom.is_some();
        match &*media {
            APPLY => return self.apply(act, bytes),
            JSON | MERGE => {}
            STRATEGIC if !custom => {}
            _ if custom && media == STRATEGIC => {
                return Err(Failure::unsupported_media_type(&[JSON, MERGE, APPLY]));
            }
            _ => return Err(Failure::unsupported_patch()),
        }
        if act.options.force {
            let error = field_error(
                FieldErrorKind::Forbidden,
                "force",
                None,
                "may not be specified for non-apply patch",
            );
            return Err(Failure::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
        }
        let decoded = decode::json(bytes)
            .map_err(|why| Failure::bad_request(format!("error decoding patch: {why}")))?;
        let live = self
            .live(&act.resource, act.namespace, act.name)?
            .ok_or_else(|| Failure::not_found(act.resource.named(), act.name))?;
        let shown =
            if act.subresource == "scale" { super::scale::of(&act.resource, &live)? } else { live.clone() };
        let mut new = patched(&shown, &decoded.value, &media, &act.resource)?;
        if act.subresource == "scale" {
            return self.set_scale(act, &live, &new).map(|object| (object, false));
        }
        act.check_patched(&live, &mut new)?;
        // A strategic patch is shown as Go prints a map, of others what they made.
        let text = if media == STRATEGIC { golang::plain(&decoded.value) } else { new.to_string() };
        let came = if media == STRATEGIC { Came::Map(&text) } else { Came::Patch(&text) };
        act.check_fields(&mut new, &decoded.duplicates, came)?;
        if body::meta(&new, "name").is_empty() {
            let name = act.name;
            return Err(Failure::bad_request(format!(
                "the name of the object ({name} based on URL) was undeterminable: name must be provided"
            )));
        }
        self.update(act, &live, new, How::Update).map(|object| (object, false))
    }

    fn apply(&mut self, act: &mut Act<'_>, bytes: &[u8]) -> Result<(Value, bool), Failure> {
        if !act.options.manager_given {
            let error = required("fieldManager", "is required for apply patch");
            return Err(Failure::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
        }
        let decoded = decode::yaml(bytes)?;
        let mut applied = decoded.value;
        act.check_applied(&mut applied)?;
        let live = self.live(&act.resource, act.namespace, act.name)?;
        if act.subresource == "scale" {
            let live = live.ok_or_else(|| Failure::not_found(act.resource.named(), act.name))?;
            return self.set_scale(act, &live, &applied).map(|object| (object, false));
        }
        if !decoded.duplicates.is_empty() {
            let names: Vec<_> =
                decoded.duplicates.iter().map(|d| format!("duplicate field \"{d}\"")).collect();
            match act.options.validation {
                crate::core::options::FieldValidation::Strict => {
                    return Err(Failure::bad_request(format!("strict decoding error: {}", names.join(", "))));
                }
                crate::core::options::FieldValidation::Warn => act.warnings.extend(names),
                crate::core::options::FieldValidation::Ignore => {}
            }
        }
        match live {
            None if act.subresource.is_empty() => {
                let uid = body::meta(&applied, "uid");
                if !uid.is_empty() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                    );
                    return Err(Failure::conflict(act.resource.named(), act.name, &why));
                }
                let mut merged = act.apply(self, None, &applied)?.object.into_owned();
                act.check_namespace(&mut merged)?;
                self.insert(act, merged, true).map(|object| (object, true))
            }
            None => Err(Failure::not_found(act.resource.named(), act.name)),
            Some(live) => {
                let asked = body::meta(&applied, "resourceVersion").to_owned();
                if !asked.is_empty() && asked != body::meta(&live, "resourceVersion") {
                    return Err(Failure::modified(act.resource.named(), act.name));
                }
                let written = act.apply(self, Some(&live), &applied)?;
                let asks = act.resource.custom.as_ref().is_some_and(|custom| custom.webhook.is_some());
                let same = !self.is_rough(act)
                    && !act.has_null_bytes()
                    && !act.has_applied_hollow()
                    && (asks || !convert::differs(&act.resource) || self.is_stored_as(act, &live));
                if !written.changed() && same {
                    let mut errors = Vec::new();
                    act.validate_unchanged(&live, &mut errors);
                    if !errors.is_empty() {
                        let (group, kind) = (&act.resource.group, &act.resource.kind);
                        return Err(Failure::invalid(group, kind, act.name, &errors));
                    }
                    return Ok((live, false));
                }
                let new = written.object.into_owned();
                self.update(act, &live, new, How::Applied).map(|object| (object, false))
            }
        }
    }
}

fn patched(
    live: &Value,
    change: &Value,
    media: &str,
    resource: &registry::Resource,
) -> Result<Value, Failure> {
    match media {
        JSON => patch::json_patch(live, change).map_err(|error| match error {
            JsonPatchError::Invalid(why) => Failure::bad_request(why),
            JsonPatchError::TooMany(_) | JsonPatchError::CopiesTooMuch(_) => {
                Failure::new(413, "RequestEntityTooLarge", format!("Request entity too large: {error}"))
            }
            JsonPatchError::NotApplicable(_) => {
                Failure::new(422, "Invalid", "the server rejected our request due to an error in our request")
            }
        }),
        MERGE => {
            if !change.is_object() {
                return Err(Failure::bad_request("error decoding patch: a merge patch must be an object"));
            }
            let mut new = live.clone();
            patch::merge_patch(&mut new, change);
            Ok(new)
        }
        _ => {
            let (types, root) = resource.schema();
            patch::strategic_merge(live, change, types, root).map_err(|error| match &*error.problem {
                "lists of lists are not supported" => Failure::new(422, "Invalid", error.problem),
                problem if problem.contains("format") => Failure::bad_request(problem),
                _ => Failure::new(500, "", error.problem),
            })
        }
    }
}

impl Act<'_> {
    /// A patch leaves the object what it is: kind, name and namespace.
    fn check_patched(&self, live: &Value, new: &mut Value) -> Result<(), Failure> {
        if !new.is_object() {
            return Err(Failure::bad_request("the patch leaves no object"));
        }
        for (pointer, path) in [("/apiVersion", "apiVersion"), ("/kind", "kind")] {
            if new.pointer(pointer) != live.pointer(pointer) && self.resource.custom.is_none() {
                // Decoded into the struct of the resource, which says what it is.
                set_at(new, path, live.pointer(pointer).cloned().unwrap_or(Value::Null));
            } else if new.pointer(pointer) != live.pointer(pointer) {
                let got = new.pointer(pointer).cloned().unwrap_or(Value::Null);
                let why = format!("the patch must not change {path}");
                return Err(Failure::invalid(
                    "",
                    "",
                    "",
                    &[crate::core::failure::invalid("patch", got, why)],
                ));
            }
        }
        for field in ["name", "namespace"] {
            let (old, got) = (body::meta(live, field), body::meta(new, field));
            if old == got {
                continue;
            }
            if got.is_empty() && field == "name" {
                // Told once the object can be read.
            } else if got.is_empty() {
                let old = old.to_owned();
                body::set_meta(new, field, Some(old.into()));
            } else if field == "name" {
                return Err(Failure::bad_request(format!(
                    "the name of the object ({got}) does not match the name on the URL ({old})"
                )));
            } else {
                return Err(Failure::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
        }
        body::metadata(new);
        Ok(())
    }

    fn check_applied(&self, applied: &mut Value) -> Result<(), Failure> {
        if !applied.is_object() {
            return Err(Failure::bad_request("error decoding YAML: not an object"));
        }
        let want = match self.resource.subresource(self.subresource) {
            Some(sub) => sub.kind.clone(),
            None => self.resource.gvk(),
        };
        let (version, kind) = (body::text(applied, "/apiVersion"), body::text(applied, "/kind"));
        if kind.is_empty() {
            return Err(Failure::bad_request(format!("Object 'Kind' is missing in '{applied}'")));
        }
        if version.is_empty() {
            return Err(Failure::bad_request(format!("Object 'apiVersion' is missing in '{applied}'")));
        }
        if version != want.api_version() || kind != want.kind {
            return Err(Failure::bad_request(format!(
                "incorrect GroupVersionKind: {version}, Kind={kind}, expected {want}"
            )));
        }
        if body::meta_value(applied, "managedFields").is_some_and(|v| !v.is_null()) {
            return Err(Failure::bad_request("metadata.managedFields must be nil"));
        }
        let name = body::meta(applied, "name").to_owned();
        if name.is_empty() {
            return Err(Failure::bad_request("name must be provided"));
        } else if name != self.name {
            return Err(Failure::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                self.name
            )));
        }
        let bare = body::meta_value(applied, "namespace").is_none();
        self.check_namespace(applied)?;
        if bare {
            // Messages show what was applied.
            body::set_meta(applied, "namespace", None);
        }
        Ok(())
    }
}
