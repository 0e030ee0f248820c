use super::fields::Came;
use super::{Act, meta};
use crate::core::cluster::Cluster;
use crate::core::decode::Decoded;
use crate::core::failure::Failure;
use crate::core::validation::Given;
use crate::core::{admit, body, convert, request};
use serde_json::Value;

/// Attempts to find a free name for `generateName`.
const ATTEMPTS: usize = 8;

impl Cluster {
    /// POST to a collection.
    pub(crate) fn create(&mut self, act: &mut Act<'_>, decoded: Decoded) -> Result<Value, Failure> {
        let mut object = decoded.value;
        act.check_kind(&mut object)?;
        act.check_fields(&mut object, &decoded.duplicates, Came::Object)?;
        act.check_namespace(&mut object)?;
        self.insert(act, object, false)
    }

    /// Completes a new object, checks it and stores it. `recorded`: its owners are already noted.
    pub(crate) fn insert(
        &mut self,
        act: &mut Act<'_>,
        mut object: Value,
        recorded: bool,
    ) -> Result<Value, Failure> {
        let versioned = !matches!(body::meta(&object, "resourceVersion"), "" | "0");
        self.name(act, &mut object)?;
        let name = body::meta(&object, "name").to_owned();
        self.check_namespace(&act.resource, act.namespace, &name)?;
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
            body::set_meta(&mut object, field, None);
        }
        if act.resource.has_generation() {
            body::set_meta(&mut object, "generation", Some(1.into()));
        }
        let uid = act.uuid();
        body::set_meta(&mut object, "uid", Some(uid.into()));
        body::set_meta(&mut object, "creationTimestamp", Some(act.now.rfc3339().into()));
        let mut errors = Vec::new();
        act.warn_of_metadata(&mut object);
        admit::before_defaults(&act.resource, None, &mut object);
        let given =
            if recorded { act.set_defaults_of_applied(&mut object) } else { act.set_defaults(&mut object) };
        // What the server itself adds from here on belongs to nobody.
        let mut object = if recorded {
            object
        } else {
            act.record(self, None, &object, &Given::default())?.object.into_owned()
        };
        self.mutate_write(act, None, &mut object)?;
        if act.resource.has_status() && act.resource.plural != "customresourcedefinitions" {
            body::as_map(&mut object).remove("status");
        }
        admit::before_create(self, act, &mut object)?;
        admit::after_defaults(self, act, None, &mut object)?;
        act.settle(&mut object);
        meta::tidy(&mut object);
        act.validate(&object, None, given, &mut errors);
        if !errors.is_empty() {
            let (group, kind) = (&act.resource.group, &act.resource.kind);
            return Err(Failure::invalid(group, kind, &name, &errors));
        }
        self.admit_write(act, None, &object)?;
        if let Some(entry) = self.store.get(&act.key(&name)) {
            let mut failure = Failure::already_exists(act.resource.named(), &name);
            if body::is_terminating(&body::parse(&entry.body)) {
                failure.0.message = format!("object is being deleted: {}", failure.0.message);
            }
            return Err(failure);
        }
        if versioned {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Failure::new(500, "", message));
        }
        let resource = act.resource.clone();
        act.warn_of_content(&object, None);
        act.check_stored(&object)?;
        let form = self.stored_form(&object, &resource)?;
        let converted = form.is_some();
        let rough = act.rough_form(&object, recorded);
        if act.options.dry_run {
            object = form.map_or(object, |(_, read)| read);
        } else if let Some(stored) = rough {
            object = self.commit_rough(&resource, stored);
        } else {
            object = self.commit_form(&resource, object, form);
        }
        if !converted {
            convert::as_stored(&mut object, &resource);
        }
        Ok(object)
    }

    fn name(&self, act: &mut Act<'_>, object: &mut Value) -> Result<(), Failure> {
        let prefix = body::meta(object, "generateName").to_owned();
        if !body::meta(object, "name").is_empty() || prefix.is_empty() {
            return Ok(());
        }
        let base: String = prefix.chars().take(58).collect();
        for _ in 0..ATTEMPTS {
            let name = format!("{base}{}", request::suffix(act.entropy, 5));
            if self.store.get(&act.key(&name)).is_none() {
                body::set_meta(object, "name", Some(name.into()));
                return Ok(());
            }
        }
        Err(Failure::already_exists(act.resource.named(), &prefix))
    }
}

/// The Go package of a group's own types: `core`, `apps`, `rbac`.
fn internal_package(group: &str) -> &str {
    match group {
        "" | "events.k8s.io" => "core",
        group => group.split('.').next().unwrap_or_default(),
    }
}

impl Act<'_> {
    /// The body must be of the kind that the path says. Absent apiVersion and kind are filled in, as the server does.
    pub fn check_kind(&self, object: &mut Value) -> Result<(), Failure> {
        if !object.is_object() {
            return Err(Failure::bad_request("the object provided is unrecognized (must be of type object)"));
        }
        let (want_version, want_kind) = match self.resource.subresource(self.subresource) {
            Some(sub) => (sub.kind.api_version(), sub.kind.kind.clone()),
            None => (self.resource.api_version(), self.resource.kind.clone()),
        };
        let (version, kind) =
            (body::text(object, "/apiVersion").to_owned(), body::text(object, "/kind").to_owned());
        if self.resource.custom.is_some() && (version.is_empty() || kind.is_empty()) {
            let what = if kind.is_empty() { "Kind" } else { "apiVersion" };
            return Err(Failure::bad_request(format!("Object '{what}' is missing in '{object}'")));
        }
        if (!version.is_empty() && version != want_version) || (!kind.is_empty() && kind != want_kind) {
            let got = mainstay_object::GroupVersion::parse(&version);
            let known =
                mainstay_object::Kinds::of_minor(self.resource.minor).get(&got.clone().kind(&kind)).is_some();
            let why = if known {
                let (from, to) = (&got.version, internal_package(&self.resource.group));
                format!("converting ({from}.{kind}) to ({to}.{want_kind}): unknown conversion")
            } else {
                let scheme = "in scheme \"pkg/runtime/scheme.go:111\"";
                format!("no kind \"{kind}\" is registered for version \"{version}\" {scheme}")
            };
            let version = &got.version;
            return Err(Failure::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {want_kind}: {why}"
            )));
        }
        let map = body::as_map(object);
        map.insert("apiVersion".into(), want_version.into());
        map.insert("kind".into(), want_kind.into());
        if !matches!(map.get("metadata"), None | Some(Value::Null | Value::Object(_))) {
            if self.resource.custom.is_some() {
                return Err(Failure::bad_request("metadata must be an object"));
            }
            let (types, root) = self.resource.schema();
            let why = crate::core::native::mismatch(object, types, root).unwrap_or_default();
            return Err(self.unreadable(Came::Object, &why));
        }
        body::metadata(object);
        Ok(())
    }

    /// The body's namespace is the path's.
    pub fn check_namespace(&self, object: &mut Value) -> Result<(), Failure> {
        let given = body::meta(object, "namespace").to_owned();
        if !self.resource.namespaced {
            body::set_meta(object, "namespace", None);
            return Ok(());
        }
        if given.is_empty() {
            body::set_meta(object, "namespace", Some(self.namespace.into()));
        } else if given != self.namespace {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        Ok(())
    }
}
