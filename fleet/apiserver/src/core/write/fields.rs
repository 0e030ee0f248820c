//! Unknown fields, defaults, schemas and the record of owners: what every write passes through.

use super::Act;
use crate::core::cluster::Cluster;
use crate::core::conversion::Converter;
use crate::core::failure::Failure;
use crate::core::options::FieldValidation;
use crate::core::registry::Resource;
use crate::core::registry::custom::CustomVersion;
use crate::core::validation::Given;
use crate::core::{body, convert, defaults, native, validation};
use mainstay_object::merge::{self, Resets, SameInAllVersions, Versions, WriteContext, WriteError, Written};
use mainstay_object::{FieldError, FieldErrorKind, FieldFilter, FieldPath, TypeId, Types};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// How a strict failure is worded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Came<'a> {
    Object,
    Patch(&'a str),
    Map(&'a str),
}

impl Act<'_> {
    /// Removes fields that the schema doesn't know, or refuses them.
    pub fn check_fields(
        &mut self,
        object: &mut Value,
        duplicates: &[String],
        came: Came<'_>,
    ) -> Result<(), Failure> {
        let (types, root) = self.resource.schema();
        if self.resource.custom.is_some() {
            if let Some(why) = native::embedded_mismatch(object, types, root, "", 0) {
                return Err(self.unreadable(came, &why));
            }
            mainstay_object::normalize(object, types, root);
            // Its metadata goes through a struct that keeps no empty list: this resets nothing.
            let metadata = body::metadata(object);
            if metadata.get("managedFields").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                metadata.remove("managedFields");
            }
        } else {
            // A strategic patch makes a map, which goes into the struct by another way.
            let why = match came {
                Came::Map(_) => native::mismatch_of_map(object, types, root),
                Came::Object | Came::Patch(_) => native::mismatch(object, types, root),
            };
            if let Some(why) = why {
                let map = matches!(came, Came::Map(_)) && why.starts_with("json: cannot unmarshal");
                let wanted = why.rsplit(' ').next().filter(|_| map);
                return Err(match wanted {
                    Some(wanted) => self.unreadable(came, &format!("unrecognized type: {wanted}")),
                    None => self.unreadable(came, &why),
                });
            }
            self.note_null_bytes(object);
            native::drop_zeros(object, types, root);
        }
        let unknown = mainstay_object::prune(object, types, root);
        if self.resource.custom.is_some() {
            mainstay_object::drop_nulls(object, types, root);
        }
        let mut problems: Vec<String> =
            duplicates.iter().map(|p| format!("duplicate field \"{p}\"")).collect();
        problems.extend(unknown.iter().map(|p| format!("unknown field \"{p}\"")));
        if problems.is_empty() {
            return Ok(());
        }
        match self.options.validation {
            FieldValidation::Ignore => Ok(()),
            FieldValidation::Warn => {
                self.warnings.extend(problems);
                Ok(())
            }
            FieldValidation::Strict => {
                Err(self.unreadable(came, &format!("strict decoding error: {}", problems.join(", "))))
            }
        }
    }

    /// The server could not make an object of what it was sent.
    pub fn unreadable(&self, came: Came<'_>, why: &str) -> Failure {
        match came {
            Came::Object => {
                let (kind, version) = (&self.resource.kind, &self.resource.version);
                let message = format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}");
                Failure::bad_request(message)
            }
            Came::Patch(patch) | Came::Map(patch) => {
                Failure::invalid("", "", "", &[crate::core::failure::invalid("patch", patch.into(), why)])
            }
        }
    }

    /// Completes an object. What its schema misses is returned: once it is settled, that can't be seen any more.
    pub fn set_defaults(&self, object: &mut Value) -> Given {
        let (types, root) = self.resource.schema();
        let mut empty = self.hollows(object);
        empty.append(&mut self.applied_empty.borrow_mut());
        // An empty list of owners of fields is a wish.
        let managed = body::meta_value(object, "managedFields").cloned();
        apply_defaults(object, &self.resource);
        let mut errors = Vec::new();
        if self.resource.custom.is_none() && !validation::is_complete(&self.resource) {
            errors = mainstay_object::validate(object, types, root);
            // The server's structs hold any entries, and metadata has rules of its own.
            // What has the wrong type was refused when it was read.
            let own = |e: &FieldError| {
                matches!(e.kind, FieldErrorKind::Duplicate | FieldErrorKind::TypeInvalid)
                    || e.path.starts_with("metadata")
            };
            errors.retain(|e| !own(e));
        }
        if self.resource.custom.is_none() {
            native::complete(object, types, root);
        }
        if managed.is_some() {
            body::set_meta(object, "managedFields", managed);
        }
        Given { of_schema: errors, empty }
    }

    /// As `set_defaults`, of an object that an apply made: where nothing but defaults can be missing, none is any more.
    pub fn set_defaults_of_applied(&self, object: &mut Value) -> Given {
        if !validation::is_complete(&self.resource) {
            return self.set_defaults(object);
        }
        debug_assert!(self.is_settled(object), "defaults were missing after an apply: {object}");
        let mut empty = self.hollows(object);
        empty.append(&mut self.applied_empty.borrow_mut());
        Given { of_schema: Vec::new(), empty }
    }

    fn is_settled(&self, object: &Value) -> bool {
        let (mut once, mut twice) = (object.clone(), object.clone());
        apply_defaults(&mut twice, &self.resource);
        [&mut once, &mut twice].into_iter().for_each(|object| self.settle(object));
        once == twice
    }

    /// Empty maps and lists where something tells them from nothing: a message or a counter of some kinds, of all the
    /// answer to the write that ends an object.
    fn hollows(&self, object: &Value) -> BTreeSet<String> {
        let mut empty = BTreeSet::new();
        let told =
            matches!(&*self.resource.group, "networking.k8s.io" | "apps" | "admissionregistration.k8s.io");
        if (told || body::is_terminating(object)) && self.resource.custom.is_none() {
            let (types, root) = self.resource.schema();
            native::note_empty(object, types, root, &mut String::new(), &mut empty);
        }
        empty
    }

    /// Is something empty a change of specification? Some kinds compare what is written with what is stored as Go compares
    /// structs, and in storage nothing is empty.
    pub fn is_hollow(&self, given: &Given) -> bool {
        let strict = matches!(
            (&*self.resource.group, &*self.resource.plural),
            ("networking.k8s.io", "networkpolicies")
                | (
                    "admissionregistration.k8s.io",
                    "validatingwebhookconfigurations" | "mutatingwebhookconfigurations"
                )
        );
        strict && given.is_hollow()
    }

    pub fn has_applied_hollow(&self) -> bool {
        let empty = self.applied_empty.borrow().clone();
        self.is_hollow(&Given { of_schema: Vec::new(), empty })
    }

    /// Brings the metadata that an apply has left into the form of its struct, and notes what there was to bring.
    fn note_nulls(&self, object: &mut Value) {
        let (types, root) = self.resource.schema();
        let before = object.clone();
        mainstay_object::normalize(object, types, root);
        if before != *object {
            let metadata = before.get("metadata").and_then(Value::as_object).into_iter().flatten();
            let nulls = metadata.filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone());
            *self.applied_nulls.borrow_mut() = Some(nulls.collect());
        }
    }

    /// Bytes of a map that are null and not just empty. A read does not tell these apart, and what is stored does.
    fn note_null_bytes(&self, object: &Value) {
        let Some(field) = convert::bytes_of(&self.resource) else { return };
        let texts = object.get("stringData").filter(|_| field == "data");
        let null = |(name, value): &(&String, &Value)| {
            value.is_null() && texts.is_none_or(|texts| texts.get(name.as_str()).is_none())
        };
        let entries = object.get(field).and_then(Value::as_object).into_iter().flatten();
        *self.null_bytes.borrow_mut() = entries.filter(null).map(|(name, _)| name.clone()).collect();
    }

    /// Does the write leave bytes that are null?
    pub fn has_null_bytes(&self) -> bool {
        !self.null_bytes.borrow().is_empty()
    }

    /// An object as it is stored, if a read of that shows something else: with bytes that are null, or, where it was
    /// applied, with what an apply lets through.
    pub fn rough_form(&self, new: &Value, applied: bool) -> Option<Value> {
        match convert::bytes_of(&self.resource).filter(|_| self.has_null_bytes()) {
            Some(field) => {
                let mut stored = new.clone();
                let names = self.null_bytes.take();
                for (name, value) in body::field(&mut stored, field) {
                    if names.contains(name) && value == "" {
                        *value = Value::Null;
                    }
                }
                Some(stored)
            }
            None if applied => self.applied_form(new),
            None => None,
        }
    }

    fn applied_form(&self, new: &Value) -> Option<Value> {
        let nulls = self.applied_nulls.borrow_mut().take();
        // Between versions an object is brought into form before it is stored.
        let own = |custom: &&CustomVersion| custom.storage == self.resource.api_version();
        let custom = self.resource.custom.as_deref().filter(|custom| custom.webhook.is_none()).filter(own)?;
        let mut read = new.clone();
        convert::restrict(&mut read, custom, custom.root);
        if nulls.is_none() && (read == *new || !custom.reads_as_stored) {
            return None;
        }
        let mut stored = new.clone();
        for name in nulls.into_iter().flatten() {
            body::metadata(&mut stored).entry(name).or_insert(Value::Null);
        }
        Some(stored)
    }

    /// A custom resource in the version that it is stored in may be none that can be read.
    pub fn check_stored(&self, object: &Value) -> Result<(), Failure> {
        let written = |custom: &&CustomVersion| custom.storage != self.resource.api_version();
        let custom = self.resource.custom.as_deref().filter(|custom| custom.webhook.is_none());
        let Some(custom) = custom.filter(written) else { return Ok(()) };
        let mut stored = object.clone();
        convert::to_storage(&mut stored, &self.resource);
        match native::embedded_mismatch(&stored, &custom.types, custom.storage_root(), "", 0) {
            Some(why) => Err(Failure::new(500, "", why)),
            None => Ok(()),
        }
    }

    pub fn settle(&self, object: &mut Value) {
        settle(object, &self.resource);
    }

    /// As `settle`, but lists that a client wrote are still lists.
    pub fn complete(&self, object: &mut Value) {
        if self.resource.custom.is_none() {
            let (types, root) = self.resource.schema();
            native::complete(object, types, root);
        }
    }

    pub fn validate(&self, object: &Value, live: Option<&Value>, given: Given, errors: &mut Vec<FieldError>) {
        super::meta::validate(object, live, &self.resource, errors);
        if self.resource.custom.is_some() {
            let (types, root) = self.resource.schema();
            let mut found = match live {
                Some(live) if self.subresource == "status" => {
                    mainstay_object::validate_status(object, live, types, root)
                }
                Some(live) => mainstay_object::validate_update(object, live, types, root),
                None => mainstay_object::validate(object, types, root),
            };
            validation::rules::check(&self.resource, object, live, errors, &mut found);
            errors.extend(found);
        }
        if let (Some(live), "status", None) = (live, self.subresource, &self.resource.custom) {
            validation::status(object, live, &self.resource, errors);
            return;
        }
        let mut found = Vec::new();
        validation::validate(object, live, &self.resource, &given, &mut found);
        // What both say is said once, in the words of the kind's own rules.
        let said = |e: &FieldError| {
            found.iter().any(|f| f.path == e.path) || validation::says_all(&self.resource, &e.path)
        };
        errors.extend(given.of_schema.into_iter().filter(|e| !said(e)));
        errors.append(&mut found);
    }

    /// What is wrong with an object whoever writes it: its status may hold what only another endpoint lets through.
    pub fn validate_unchanged(&self, live: &Value, errors: &mut Vec<FieldError>) {
        if self.resource.custom.is_some() && self.subresource.is_empty() {
            let (types, root) = self.resource.schema();
            errors.extend(mainstay_object::validate_update(live, live, types, root));
        }
    }

    /// Records who owns what after a write that is no apply.
    pub fn record<'l>(
        &self,
        cluster: &Cluster,
        live: Option<&'l Value>,
        new: &Value,
        given: &Given,
    ) -> Result<Written<'l>, Failure> {
        self.with_context(cluster, &given.empty, |context| merge::update(live, new, context))
    }

    pub fn apply<'l>(
        &self,
        cluster: &Cluster,
        live: Option<&'l Value>,
        applied: &Value,
    ) -> Result<Written<'l>, Failure> {
        self.with_context(cluster, &BTreeSet::new(), |context| {
            merge::apply(live, applied, self.options.force, context)
        })
    }

    fn with_context<'l>(
        &self,
        cluster: &Cluster,
        empty: &BTreeSet<String>,
        run: impl FnOnce(&WriteContext<'_>) -> Result<Written<'l>, WriteError>,
    ) -> Result<Written<'l>, Failure> {
        let (types, type_id) = self.resource.schema();
        let resets = resets(&self.resource, self.subresource);
        let default = |object: &mut Value| {
            if self.resource.custom.is_none() {
                *self.applied_empty.borrow_mut() = self.hollows(object);
                self.note_null_bytes(object);
                native::drop_zeros(object, types, type_id);
            } else {
                self.note_nulls(object);
            }
            apply_defaults(object, &self.resource);
            settle(object, &self.resource);
        };
        let native = Native { types, id: type_id, empty };
        let asking = cluster.admission.asking();
        let converter = Converter { cluster, resource: &self.resource, asking, failed: RefCell::default() };
        let versions: &dyn Versions = match &self.resource.custom {
            Some(custom) if custom.webhook.is_none() => &**custom,
            Some(_) => &converter,
            None => &native,
        };
        let written = run(&WriteContext {
            manager: &self.options.manager,
            subresource: self.subresource,
            now: &self.now.rfc3339(),
            types,
            type_id,
            resets: resets.as_ref(),
            versions,
            default: Some(&default),
        });
        match converter.failed.into_inner() {
            Some(failure) => Err(failure),
            None => written.map_err(|error| self.refusal(error)),
        }
    }

    fn refusal(&self, error: WriteError) -> Failure {
        match error {
            WriteError::Conflicts(ref conflicts) => {
                let causes = conflicts
                    .iter()
                    .flat_map(|conflict| {
                        let by = conflict.to_string();
                        conflict.fields.iter().map(move |field| {
                            json!({
                                "reason": "FieldManagerConflict",
                                "message": format!("conflict with {by}"),
                                "field": field.to_string(),
                            })
                        })
                    })
                    .collect();
                Failure::new(409, "Conflict", error.to_string()).with_causes(causes)
            }
            WriteError::Applied { .. }
            | WriteError::Live { .. }
            | WriteError::Converted { .. }
            | WriteError::Untracked { .. } => Failure::new(500, "", error.to_string()),
            WriteError::ManagedFieldsApplied => Failure::bad_request(error.to_string()),
            WriteError::ManagedFields(_) | WriteError::Depth => Failure::bad_request(error.to_string()),
        }
    }
}

/// A built-in kind, whose structs are never without some of their fields.
struct Native<'a> {
    types: &'a Types,
    id: TypeId,
    /// Where the object that is written has empty maps and lists.
    empty: &'a BTreeSet<String>,
}

impl Versions for Native<'_> {
    fn type_at(&self, api_version: &str) -> Option<TypeId> {
        SameInAllVersions(self.id).type_at(api_version)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Value {
        SameInAllVersions(self.id).convert(object, api_version)
    }

    fn complete(&self, object: &mut Value) -> bool {
        native::complete(object, self.types, self.id);
        native::put_back(object, self.types, self.id, self.empty);
        true
    }
}

pub fn apply_defaults(object: &mut Value, resource: &Resource) {
    let (types, root) = resource.schema();
    mainstay_object::apply_defaults(object, types, root);
    if validation::is_complete(resource) {
        // Defaults are set in structs, and those are never absent. What a schema demands would be there as well.
        native::complete(object, types, root);
    }
    defaults::apply(object, resource);
}

fn settle(object: &mut Value, resource: &Resource) {
    if resource.custom.is_none() {
        let (types, root) = resource.schema();
        native::settle(object, types, root);
    }
}

/// What of the metadata the status endpoint of a built-in kind leaves alone: "" is everything.
pub fn kept_by_status(resource: &Resource) -> &'static [&'static str] {
    match (&*resource.group, &*resource.plural) {
        ("apps", "deployments") => &["labels"],
        ("", "pods") => &["deletionTimestamp", "ownerReferences"],
        ("apiextensions.k8s.io" | "flowcontrol.apiserver.k8s.io" | "resource.k8s.io", _)
        | ("networking.k8s.io", "servicecidrs")
        | ("storage.k8s.io", "volumeattachments")
        | ("admissionregistration.k8s.io", _) => &[""],
        _ => &[],
    }
}

/// What nobody owns through an endpoint: fields that it takes from the live object whatever the client sends. Seen of
/// an API server: an object's endpoint resets in its own version only, its status' endpoint in all.
fn resets(resource: &Resource, subresource: &str) -> Option<Resets> {
    let all_but = |paths: &[&[&str]]| {
        let paths = paths.iter().map(|names| FieldPath::of_fields(names.iter().copied()));
        FieldFilter::Exclude(paths.collect())
    };
    let otherwise = match subresource {
        "" if resource.has_status() => {
            let by_version = [(resource.api_version(), all_but(&[&["status"]]))].into();
            return Some(Resets { by_version, otherwise: None });
        }
        "status" if resource.custom.is_some() => all_but(&[&["spec"], &["metadata"]]),
        "status" => match kept_by_status(resource) {
            [""] => all_but(&[&["spec"], &["metadata"]]),
            kept => {
                let kept: Vec<[&str; 2]> = kept.iter().map(|name| ["metadata", *name]).collect();
                let mut paths: Vec<&[&str]> = vec![&["spec"]];
                paths.extend(kept.iter().map(|path| &path[..]));
                all_but(&paths)
            }
        },
        _ => return None,
    };
    Some(Resets { otherwise: Some(otherwise), ..Resets::default() })
}

impl Cluster {
    /// Objects go into namespaces that exist and are not on their way out.
    pub(crate) fn check_namespace(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<(), Failure> {
        if !resource.namespaced {
            return Ok(());
        }
        let what = crate::core::failure::Named { group: "", plural: "namespaces" };
        let entry = self
            .store
            .get(&format!("/namespaces/{namespace}"))
            .ok_or_else(|| Failure::not_found(what, namespace))?;
        if body::is_terminating(&body::parse(&entry.body)) {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let cause = json!({
                "reason": "NamespaceTerminating",
                "message": format!("namespace {namespace} is being terminated"),
                "field": "metadata.namespace",
            });
            return Err(Failure::forbidden(resource.named(), name, &why).with_causes(vec![cause]));
        }
        Ok(())
    }
}
