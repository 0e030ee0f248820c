use super::Act;
use super::update::is_released;
use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::decode;
use crate::core::failure::{Failure, Named, field_error};
use crate::core::options;
use crate::core::registry::Resource;
use crate::core::request::{Now, Request};
use mainstay_object::FieldErrorKind;
use serde_json::{Value, json};

pub const ORPHAN: &str = "orphan";
pub const FOREGROUND: &str = "foregroundDeletion";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    pub uid: String,
    pub resource_version: String,
    /// Absent: the kind's default.
    pub propagation: Option<Propagation>,
    pub grace_seconds: Option<i64>,
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// What became of a deleted object.
pub enum Deleted {
    Gone(Value),
    /// Finalizers or a grace period hold it.
    Pending(Value),
}

impl DeleteOptions {
    /// From the body, or from the query where the body is empty.
    pub fn read(request: &Request) -> Result<Self, Failure> {
        let options = if request.body.iter().all(u8::is_ascii_whitespace) {
            let mut options = json!({});
            for key in ["gracePeriodSeconds", "orphanDependents", "propagationPolicy"] {
                if let Some(text) = request.one(key) {
                    options[key] = serde_json::from_str(text).unwrap_or_else(|_| text.into());
                }
            }
            options
        } else {
            decode::body(&request.body, request.content_type.as_deref())?.value
        };
        let kind = body::text(&options, "/kind");
        if !kind.is_empty() && kind != "DeleteOptions" {
            return Err(Failure::bad_request(format!(
                "decoded object cannot be converted to DeleteOptions: {kind}"
            )));
        }
        let dry: Vec<String> = body::strings(options.get("dryRun"));
        let all = request.all("dryRun").chain(dry.iter().map(|d| &**d));
        let policy = body::text(&options, "/propagationPolicy");
        let propagation = match (policy, options.get("orphanDependents").and_then(Value::as_bool)) {
            ("", None) => None,
            ("", Some(true)) | ("Orphan", None) => Some(Propagation::Orphan),
            ("", Some(false)) | ("Background", None) => Some(Propagation::Background),
            ("Foreground", None) => Some(Propagation::Foreground),
            (policy, orphan) => {
                let (kind, detail) = if orphan.is_some() {
                    let detail = "orphanDependents and deletionPropagation cannot be both set";
                    (FieldErrorKind::Invalid, detail)
                } else {
                    let detail = "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
                    (FieldErrorKind::NotSupported, detail)
                };
                let error = field_error(kind, "propagationPolicy", Some(policy.into()), detail);
                return Err(Failure::invalid("meta.k8s.io", "DeleteOptions", "", &[error]));
            }
        };
        Ok(Self {
            uid: body::text(&options, "/preconditions/uid").to_owned(),
            resource_version: body::text(&options, "/preconditions/resourceVersion").to_owned(),
            propagation,
            grace_seconds: options.get("gracePeriodSeconds").and_then(Value::as_i64),
            dry_run: options::dry_run(all, "DeleteOptions")?,
        })
    }
}

impl Cluster {
    pub(crate) fn delete(&mut self, act: &mut Act<'_>, options: &DeleteOptions) -> Result<Deleted, Failure> {
        let live = self
            .live(&act.resource, act.namespace, act.name)?
            .ok_or_else(|| Failure::not_found(act.resource.named(), act.name))?;
        check_preconditions(&act.resource, act.name, &live, options)?;
        let protected = ["default", "kube-system", "kube-public"];
        if act.resource.plural == "namespaces"
            && act.resource.group.is_empty()
            && protected.contains(&act.name)
        {
            return Err(Failure::forbidden(
                act.resource.named(),
                act.name,
                "this namespace may not be deleted",
            ));
        }
        self.admit_delete(act, &live, options.dry_run)?;
        Ok(self.delete_shown(&act.resource.clone(), live, options, act.now))
    }

    /// Deletes the object that a client sees like this. What it says besides metadata is what it said.
    pub(crate) fn delete_shown(
        &mut self,
        resource: &Resource,
        shown: Value,
        options: &DeleteOptions,
        now: Now,
    ) -> Deleted {
        if resource.custom.as_ref().is_none_or(|custom| custom.webhook.is_none()) {
            return self.delete_object(resource, shown, options, now);
        }
        let key = resource.key(body::meta(&shown, "namespace"), body::meta(&shown, "name"));
        let Some(entry) = self.store.get(&key) else { return Deleted::Gone(shown) };
        let stored = body::decode(&entry.body, resource);
        let with_metadata = |last: Value| {
            let mut shown = shown;
            let own = ["labels", "annotations"].map(|f| (f, body::meta_value(&shown, f).cloned()));
            let metadata = last.get("metadata").cloned().unwrap_or_default();
            body::as_map(&mut shown).insert("metadata".into(), metadata);
            own.into_iter().for_each(|(field, value)| body::set_meta(&mut shown, field, value));
            shown
        };
        match self.delete_object(resource, stored, options, now) {
            Deleted::Gone(last) => Deleted::Gone(with_metadata(last)),
            Deleted::Pending(last) => Deleted::Pending(with_metadata(last)),
        }
    }

    /// Deletes, or marks as being deleted.
    pub(crate) fn delete_object(
        &mut self,
        resource: &Resource,
        live: Value,
        options: &DeleteOptions,
        now: Now,
    ) -> Deleted {
        let mut object = live.clone();
        let mut finalizers = body::finalizers(&object);
        let propagation = options.propagation.or_else(|| default_propagation(resource, &object));
        if let Some(propagation) = propagation {
            finalizers.retain(|f| f != ORPHAN && f != FOREGROUND);
            match propagation {
                Propagation::Orphan => finalizers.push(ORPHAN.into()),
                Propagation::Foreground => finalizers.push(FOREGROUND.into()),
                Propagation::Background => {}
            }
            body::set_finalizers(&mut object, &finalizers);
        }
        if resource.plural == "customresourcedefinitions" && !body::is_terminating(&live) {
            // Its objects go first.
            finalizers.push(crate::core::controllers::CRD_FINALIZER.to_owned());
            body::set_finalizers(&mut object, &finalizers);
        }
        let grace = grace_seconds(resource, &object, options);
        let first = !body::is_terminating(&live);
        if first {
            let deadline = now.plus_seconds(grace).rfc3339();
            body::set_meta(&mut object, "deletionTimestamp", Some(deadline.into()));
            if !(resource.plural == "namespaces" && resource.group.is_empty()) {
                body::set_meta(&mut object, "deletionGracePeriodSeconds", Some(grace.into()));
            }
            if let Some(generation) = body::meta_value(&object, "generation").and_then(Value::as_i64) {
                body::set_meta(&mut object, "generation", Some((generation + 1).into()));
            }
            if resource.plural == "namespaces" && resource.group.is_empty() {
                body::set_at(&mut object, "status.phase", "Terminating".into());
            }
        } else {
            let old =
                body::meta_value(&live, "deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(0);
            if grace < old {
                body::set_meta(&mut object, "deletionGracePeriodSeconds", Some(grace.into()));
            }
        }
        if is_released(resource, &object) {
            // Only pods are deleted in two steps, even if both are taken at once.
            let graceful = resource.plural == "pods" && resource.group.is_empty();
            let last = if first && !graceful { live } else { object };
            return Deleted::Gone(if options.dry_run { last } else { self.erase(resource, last) });
        }
        if options.dry_run || (object == live && self.is_kept_as(resource, &object)) {
            return Deleted::Pending(object);
        }
        Deleted::Pending(self.commit(resource, object))
    }

    /// What waits for finalizers is written again as the version that was asked for has it: where that knows less than the
    /// stored one, it is a change.
    fn is_kept_as(&self, resource: &Resource, object: &Value) -> bool {
        let Some(custom) = &resource.custom else { return true };
        if custom.reads_as_stored || custom.webhook.is_some() {
            return true;
        }
        let key = resource.key(body::meta(object, "namespace"), body::meta(object, "name"));
        self.store.get(&key).is_none_or(|entry| *entry.body.bytes() == *body::encode(object, resource))
    }
}

fn check_preconditions(
    resource: &Resource,
    name: &str,
    live: &Value,
    options: &DeleteOptions,
) -> Result<(), Failure> {
    let kind = Named { group: &resource.group, plural: &resource.kind };
    let (version, what) = (&options.resource_version, "The object might have been");
    let pairs = [
        ("UID", "uid", &options.uid, "deleted and then recreated"),
        ("ResourceVersion", "resourceVersion", version, "modified"),
    ];
    for (label, field, wanted, happened) in pairs {
        let have = body::meta(live, field);
        if !wanted.is_empty() && wanted != have {
            let why = format!(
                "the {label} in the precondition ({wanted}) does not match the {label} in record ({have}). {what} {happened}"
            );
            return Err(Failure::conflict(kind, name, &why));
        }
    }
    Ok(())
}

/// Only pods that a node runs are given time.
fn grace_seconds(resource: &Resource, object: &Value, options: &DeleteOptions) -> i64 {
    let running = resource.plural == "pods"
        && resource.group.is_empty()
        && !body::text(object, "/spec/nodeName").is_empty()
        && !matches!(body::text(object, "/status/phase"), "Succeeded" | "Failed");
    if !running {
        return 0;
    }
    let asked =
        options.grace_seconds.or_else(|| object.pointer("/spec/terminationGracePeriodSeconds")?.as_i64());
    asked.unwrap_or(30).max(0)
}

/// Jobs and ReplicationControllers leave their pods behind unless told otherwise, for compatibility. Finalizers that
/// a client set itself are respected.
fn default_propagation(resource: &Resource, object: &Value) -> Option<Propagation> {
    if body::finalizers(object).iter().any(|f| f == ORPHAN || f == FOREGROUND) {
        return None;
    }
    match (&*resource.group, &*resource.plural) {
        ("batch", "jobs") | ("", "replicationcontrollers") => Some(Propagation::Orphan),
        _ => Some(Propagation::Background),
    }
}
