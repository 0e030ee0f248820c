use super::fields::{Came, kept_by_status};
use super::{Act, meta};
use crate::core::cluster::Cluster;
use crate::core::decode::Decoded;
use crate::core::failure::{Failure, invalid};
use crate::core::validation::Given;
use crate::core::{admit, body, convert, read};
use serde_json::Value;

/// What a write is, to the record of owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Update,
    /// Owners are already noted by the merge.
    Applied,
}

impl Cluster {
    /// PUT on an object or on its status.
    pub(crate) fn replace(&mut self, act: &mut Act<'_>, decoded: Decoded) -> Result<(Value, bool), Failure> {
        let mut object = decoded.value;
        act.check_kind(&mut object)?;
        act.check_fields(&mut object, &decoded.duplicates, Came::Object)?;
        act.check_namespace(&mut object)?;
        let name = body::meta(&object, "name").to_owned();
        if name.is_empty() {
            return Err(Failure::bad_request(format!(
                "the name of the object ({} based on URL) was undeterminable: name must be provided",
                act.name
            )));
        } else if name != act.name {
            return Err(Failure::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                act.name
            )));
        }
        let Some(live) = self.live(&act.resource, act.namespace, act.name)? else {
            if act.subresource.is_empty() && act.resource.allows_create_on_update() {
                if !body::meta(&object, "uid").is_empty() {
                    let why = act.uid_mismatch(body::meta(&object, "uid"), "");
                    return Err(Failure::conflict(act.resource.named(), act.name, &why));
                }
                return self.insert(act, object, false).map(|created| (created, true));
            }
            return Err(Failure::not_found(act.resource.named(), act.name));
        };
        if body::meta(&object, "resourceVersion").is_empty() && !act.resource.allows_unconditional_update() {
            let error = invalid("metadata.resourceVersion", 0.into(), "must be specified for an update");
            let (group, plural) = (&act.resource.group, &act.resource.plural);
            return Err(Failure::invalid(group, plural, act.name, &[error]));
        }
        let (uid, live_uid) = (body::meta(&object, "uid"), body::meta(&live, "uid"));
        if !uid.is_empty() && uid != live_uid {
            let why = act.uid_mismatch(uid, live_uid);
            return Err(Failure::conflict(act.resource.named(), act.name, &why));
        }
        self.update(act, &live, object, How::Update).map(|object| (object, false))
    }

    /// Would storing the object change nothing? What is read may be less, or more, than what is stored.
    pub(super) fn is_stored_as(&self, act: &Act<'_>, object: &Value) -> bool {
        let stored = self.store.get(&act.key(act.name));
        stored.is_some_and(|entry| *entry.body.bytes() == *body::encode(object, &act.resource))
    }

    fn is_stored_roughly_as(&self, act: &Act<'_>, object: &Value) -> bool {
        let stored = self.store.get(&act.key(act.name));
        stored.is_some_and(|entry| *entry.body.bytes() == *body::encode_rough(object, &act.resource))
    }

    /// Would writing the object as it is read change how it is stored?
    pub(super) fn is_rough(&self, act: &Act<'_>) -> bool {
        self.store.get(&act.key(act.name)).is_some_and(|entry| body::is_rough(&entry.body))
    }

    /// Stores `new` in place of `live`, once it is complete and valid. A write that changes nothing stores nothing.
    pub(crate) fn update(
        &mut self,
        act: &mut Act<'_>,
        live: &Value,
        mut new: Value,
        how: How,
    ) -> Result<Value, Failure> {
        let resource = act.resource.clone();
        let live_version = body::meta(live, "resourceVersion");
        let asked = body::meta(&new, "resourceVersion").to_owned();
        if let Err(error) = asked.parse::<u64>()
            && !asked.is_empty()
        {
            return Err(Failure::new(500, "", read::parse_uint_error(&asked, &error)));
        }
        if !asked.is_empty() && asked != "0" && asked != live_version {
            return Err(Failure::modified(resource.named(), act.name));
        }
        let mut errors = Vec::new();
        meta::carry_over(live, &mut new);
        body::set_meta(&mut new, "resourceVersion", Some(live_version.into()));
        act.warn_of_metadata(&mut new);
        admit::before_defaults(&resource, Some(live), &mut new);
        // What was applied is defaulted, unless it changed nothing.
        let given = match how {
            How::Applied if resource.custom.is_some() => Given::default(),
            How::Applied => act.set_defaults_of_applied(&mut new),
            How::Update => act.set_defaults(&mut new),
        };
        // The record of owners takes 1.0 for 1; the counter of specifications does not.
        let respecified = resource.custom.is_some()
            && how == How::Update
            && act.subresource.is_empty()
            && specification_changed(live, &new, &resource);
        let mut new = match how {
            How::Applied => new,
            How::Update => act.record(self, Some(live), &new, &given)?.object.into_owned(),
        };
        self.mutate_write(act, Some(live), &mut new)?;
        meta::carry_deletion(live, &mut new);
        keep_other_half(&resource, act.subresource, live, &mut new);
        admit::before_update(&resource, live, &mut new);
        admit::after_defaults(self, act, Some(live), &mut new)?;
        let ends = body::is_terminating(&new) && is_released(&resource, &new);
        if ends {
            // What goes is shown as it was sent.
            act.complete(&mut new);
            given.put_back_lists(&mut new);
        } else {
            act.settle(&mut new);
        }
        meta::tidy(&mut new);
        if resource.has_generation()
            && act.subresource != "status"
            && (respecified || act.is_hollow(&given) || specification_changed(live, &new, &resource))
        {
            let generation = body::meta_value(live, "generation").and_then(Value::as_i64).unwrap_or(0);
            body::set_meta(&mut new, "generation", Some((generation + 1).into()));
        }
        if mainstay_object::merge::same_but_times(live, &new) {
            // The kind or the server has undone what was written: nobody owns anything since.
            body::set_meta(&mut new, "managedFields", body::meta_value(live, "managedFields").cloned());
        }
        act.validate(&new, Some(live), given, &mut errors);
        if !errors.is_empty() {
            return Err(Failure::invalid(&resource.group, &resource.kind, act.name, &errors));
        }
        act.warn_of_content(&new, Some(live));
        self.admit_write(act, Some(live), &new)?;
        act.check_stored(&new)?;
        let form = self.stored_form(&new, &resource)?;
        let to_store = form.as_ref().map_or(&new, |(stored, _)| stored);
        let rough = act.rough_form(&new, how == How::Applied);
        let unchanged = match (&rough, &resource.custom) {
            (Some(stored), Some(_)) => self.is_stored_roughly_as(act, stored),
            // Compared with what was read.
            (Some(_), None) => false,
            (None, Some(custom)) if !custom.reads_as_stored => self.is_stored_as(act, to_store),
            (None, Some(_) | None) => {
                new == *live
                    && !self.is_rough(act)
                    && (!convert::differs(&resource) || self.is_stored_as(act, to_store))
            }
        };
        if ends && !unchanged {
            let shown = rough.unwrap_or_else(|| new.clone());
            let (stored, read) = form.unwrap_or((new, shown));
            if !act.options.dry_run {
                self.erase(&resource, stored);
            }
            return Ok(read);
        }
        let converted = form.is_some();
        new = match form {
            Some((_, read)) if unchanged || act.options.dry_run => read,
            None if unchanged || act.options.dry_run => {
                if rough.is_some() {
                    convert::smooth(&mut new, &resource);
                }
                new
            }
            None if let Some(stored) = rough => self.commit_rough(&resource, stored),
            form => self.commit_form(&resource, new, form),
        };
        if !converted {
            convert::as_stored(&mut new, &resource);
        }
        Ok(new)
    }
}

impl Act<'_> {
    /// The storage's words for an object that is not the one meant.
    fn uid_mismatch(&self, wanted: &str, found: &str) -> String {
        let resource = &self.resource;
        let folder = match &resource.custom {
            Some(_) => format!("{}/{}", resource.group, resource.plural),
            None => resource.plural.clone(),
        };
        let namespace = if resource.namespaced { format!("{}/", self.namespace) } else { String::new() };
        format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{folder}/{namespace}{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}",
            self.name
        )
    }
}

/// Nothing holds a terminating object any more.
pub(crate) fn is_released(resource: &crate::core::registry::Resource, object: &Value) -> bool {
    let grace = body::meta_value(object, "deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
    let namespace_done =
        resource.plural != "namespaces" || body::strings(object.pointer("/spec/finalizers")).is_empty();
    grace == 0 && body::finalizers(object).is_empty() && namespace_done
}

/// The main endpoint never writes status, the status endpoint writes nothing else.
fn keep_other_half(
    resource: &crate::core::registry::Resource,
    subresource: &str,
    live: &Value,
    new: &mut Value,
) {
    match subresource {
        "status" => {
            let mut status = new.get("status").cloned();
            if resource.plural == "pods"
                && let Some(status) = status.as_mut()
                && body::text(status, "/qosClass").is_empty()
                && let Some(class) = live.pointer("/status/qosClass")
            {
                // Fixed when the pod was made.
                body::as_map(status).insert("qosClass".into(), class.clone());
            }
            let metadata = status_metadata(resource, live, new);
            *new = live.clone();
            body::as_map(new).insert("metadata".into(), metadata);
            match status {
                Some(status) => body::as_map(new).insert("status".into(), status),
                None => body::as_map(new).remove("status"),
            };
        }
        "finalize" => {
            let finalizers = new.pointer("/spec/finalizers").cloned().unwrap_or(Value::Array(Vec::new()));
            *new = live.clone();
            body::set_at(new, "spec.finalizers", finalizers);
        }
        _ if resource.has_status() => {
            match live.get("status") {
                Some(status) => body::as_map(new).insert("status".into(), status.clone()),
                None => body::as_map(new).remove("status"),
            };
        }
        _ => {}
    }
}

/// Metadata after a write to the status: of most built-in kinds the client's, else the live one with new owners.
fn status_metadata(resource: &crate::core::registry::Resource, live: &Value, new: &Value) -> Value {
    let kept = kept_by_status(resource);
    let all = resource.custom.is_some() || kept.contains(&"");
    let (base, other, names) = if all { (live, new, &["managedFields"][..]) } else { (new, live, kept) };
    let mut metadata = base.get("metadata").cloned().unwrap_or_default();
    for name in names {
        match body::meta_value(other, name) {
            Some(value) => body::as_map(&mut metadata).insert((*name).to_owned(), value.clone()),
            None => body::as_map(&mut metadata).remove(*name),
        };
    }
    metadata
}

fn specification_changed(live: &Value, new: &Value, resource: &crate::core::registry::Resource) -> bool {
    let skipped = |key: &str| {
        matches!(key, "metadata" | "apiVersion" | "kind") || (key == "status" && resource.has_status())
    };
    let annotations = |object| body::meta_value(object, "annotations").cloned();
    if resource.plural == "deployments" && resource.group == "apps" && annotations(live) != annotations(new) {
        return true;
    }
    let (Some(live), Some(new)) = (live.as_object(), new.as_object()) else { return false };
    let differs = |a: &serde_json::Map<String, Value>, b: &serde_json::Map<String, Value>| {
        a.iter().any(|(key, value)| !skipped(key) && b.get(key) != Some(value))
    };
    differs(live, new) || differs(new, live)
}
