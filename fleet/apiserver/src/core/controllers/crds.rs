use crate::core::body::{self, at, set_at, text};
use crate::core::cluster::Cluster;
use crate::core::registry::{Resource, custom};
use crate::core::request::Now;
use crate::core::write::DeleteOptions;
use serde_json::{Value, json};

pub const CRD_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

impl Cluster {
    /// A new CRD is established and served; a dying one loses its objects first.
    pub(super) fn attend_crd(&mut self, resource: &Resource, mut crd: Value, now: Now) {
        let name = body::meta(&crd, "name").to_owned();
        if body::is_terminating(&crd) {
            self.end_crd(resource, crd, &name, now);
            return;
        }
        let before = crd.clone();
        let conflict = self.name_conflict(&crd, &name);
        let names = crd.pointer("/spec/names").cloned().unwrap_or_else(|| json!({}));
        match &conflict {
            None => {
                set_at(&mut crd, "status.acceptedNames", names);
                condition(&mut crd, "NamesAccepted", true, "NoConflicts", "no conflicts found", now);
                let message = "the initial names have been accepted";
                condition(&mut crd, "Established", true, "InitialNamesAccepted", message, now);
            }
            Some((reason, message)) => {
                if at(&crd, "status.acceptedNames").is_none() {
                    set_at(&mut crd, "status.acceptedNames", json!({ "plural": "", "kind": "" }));
                }
                condition(&mut crd, "NamesAccepted", false, reason, message, now);
                if !is_established(&crd) {
                    let message = "not all names are accepted";
                    condition(&mut crd, "Established", false, "NotAccepted", message, now);
                }
            }
        }
        let storage = at(&crd, "spec.versions").and_then(Value::as_array).into_iter().flatten();
        let storage = storage.filter(|v| v.get("storage").and_then(Value::as_bool) == Some(true));
        let storage: Vec<String> = storage.map(|v| text(v, "/name").to_owned()).collect();
        let mut stored = body::strings(at(&crd, "status.storedVersions"));
        stored.extend(storage.into_iter().filter(|s| !stored.contains(s)).collect::<Vec<_>>());
        set_at(&mut crd, "status.storedVersions", stored.into());
        self.register(&crd);
        if crd != before {
            self.commit(resource, crd);
            self.controllers.dirty.remove(&*resource.key("", &name));
        }
    }

    /// Serves the versions of a CRD that is established.
    pub(super) fn register(&mut self, crd: &Value) {
        let name = body::meta(crd, "name");
        // A schema that cannot be read was refused when the CRD was written; an older record of one serves nothing.
        let versions =
            if is_established(crd) { custom::resources(crd).unwrap_or_default() } else { Vec::new() };
        self.registry.set_custom(name, versions);
    }

    /// Another CRD of the group that already has one of the names.
    fn name_conflict(&self, crd: &Value, name: &str) -> Option<(&'static str, String)> {
        let group = text(crd, "/spec/group");
        let kind = text(crd, "/spec/names/kind");
        let short = body::strings(at(crd, "spec.names.shortNames"));
        let singular = text(crd, "/spec/names/singular");
        for other in self.registry.iter().filter(|r| r.group == group && r.custom.is_some()) {
            if format!("{}.{}", other.plural, other.group) == name {
                continue;
            }
            if other.kind == kind {
                return Some(("KindConflict", format!("{kind:?} is already in use")));
            }
            if other.singular == singular || other.short_names.iter().any(|s| s == singular) {
                return Some(("SingularConflict", format!("{singular:?} is already in use")));
            }
            if let Some(taken) = other.short_names.iter().find(|s| short.contains(s)) {
                return Some(("ShortNamesConflict", format!("{taken:?} is already in use")));
            }
        }
        None
    }

    fn end_crd(&mut self, resource: &Resource, mut crd: Value, name: &str, now: Now) {
        let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
        let kinds = self.registry.custom(name).to_vec();
        if let Some(kind) = kinds.first() {
            let prefix = kind.prefix();
            let objects: Vec<Value> =
                self.store.range(&prefix, None).map(|(_, e)| body::decode(&e.body, kind)).collect();
            for object in objects {
                if !body::is_terminating(&object) {
                    self.delete_object(kind, object, &DeleteOptions::default(), now);
                }
            }
            if self.store.range(&prefix, None).next().is_some() {
                let before = crd.clone();
                condition(&mut crd, "Terminating", true, "InstanceDeletionInProgress", message, now);
                if crd != before {
                    self.commit(resource, crd);
                    self.controllers.dirty.remove(&*resource.key("", name));
                }
                return;
            }
        }
        self.drop_finalizer(&resource.key("", name), CRD_FINALIZER);
    }
}

fn is_established(crd: &Value) -> bool {
    let conditions = at(crd, "status.conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.filter(|c| text(c, "/type") == "Established").any(|c| text(c, "/status") == "True")
}

fn condition(crd: &mut Value, kind: &str, status: bool, reason: &str, message: &str, now: Now) {
    let status = if status { "True" } else { "False" };
    let mut conditions = at(crd, "status.conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let old = conditions.iter().position(|c| text(c, "/type") == kind);
    let since = old.and_then(|i| conditions.get(i)).filter(|c| text(c, "/status") == status);
    let since = since.map_or_else(|| now.rfc3339(), |c| text(c, "/lastTransitionTime").to_owned());
    let value = json!({
        "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since,
    });
    match old.and_then(|i| conditions.get_mut(i)) {
        Some(slot) => *slot = value,
        None => conditions.push(value),
    }
    set_at(crd, "status.conditions", conditions.into());
}
