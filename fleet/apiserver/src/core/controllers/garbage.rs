use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::request::Now;
use crate::core::write::DeleteOptions;
use crate::core::write::delete::{FOREGROUND, ORPHAN, Propagation};
use serde_json::Value;
use std::sync::Arc;

/// What is known of an owner.
#[derive(PartialEq, Eq)]
enum Owner {
    Lives,
    /// Being deleted, waits for its dependents.
    Leaves,
    Gone,
    /// Of a kind that is not served: nothing can be said.
    Unknown,
}

impl Cluster {
    /// Deletes what lost its owners, and lets go what waits for its dependents.
    pub(super) fn attend_ownership(&mut self, key: &Arc<str>, now: Now) {
        let Some(resource) = self.resource_of(key) else { return };
        let Some(entry) = self.store.get(key) else { return };
        let object = body::decode(&entry.body, &resource);
        if body::is_terminating(&object) {
            let finalizers = body::finalizers(&object);
            if finalizers.iter().any(|f| f == ORPHAN) {
                self.orphan_dependents(&object);
                self.drop_finalizer(key, ORPHAN);
            } else if finalizers.iter().any(|f| f == FOREGROUND) {
                self.delete_dependents(key, &object, now);
            }
            return;
        }
        let references: Vec<Value> = body::meta_value(&object, "ownerReferences")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        if references.is_empty() {
            return;
        }
        let namespace = body::meta(&object, "namespace").to_owned();
        let states: Vec<Owner> = references.iter().map(|r| self.owner(r, &namespace)).collect();
        if states.iter().any(|s| matches!(s, Owner::Lives | Owner::Unknown)) {
            if states.contains(&Owner::Gone) {
                let kept: Vec<Value> = references
                    .into_iter()
                    .zip(&states)
                    .filter(|(_, state)| **state != Owner::Gone)
                    .map(|(reference, _)| reference)
                    .collect();
                let mut object = object;
                body::set_meta(&mut object, "ownerReferences", Some(kept.into()));
                self.commit(&resource, object);
            }
            return;
        }
        let leaves = states.contains(&Owner::Leaves);
        let propagation = if leaves { Propagation::Foreground } else { Propagation::Background };
        let has_dependents = self.controllers.dependents.contains_key(body::meta(&object, "uid"));
        let options = DeleteOptions {
            uid: body::meta(&object, "uid").to_owned(),
            propagation: Some(if has_dependents { propagation } else { Propagation::Background }),
            ..DeleteOptions::default()
        };
        self.delete_object(&resource, object, &options, now);
    }

    fn owner(&self, reference: &Value, namespace: &str) -> Owner {
        let gv = mainstay_object::GroupVersion::parse(body::text(reference, "/apiVersion"));
        let kind = body::text(reference, "/kind");
        let known = self
            .registry
            .find_kind(&gv.group, &gv.version, kind)
            .or_else(|| self.registry.iter().find(|r| r.group == gv.group && r.kind == kind).cloned());
        let Some(resource) = known else { return Owner::Unknown };
        let Some(entry) = self.store.get(&resource.key(namespace, body::text(reference, "/name"))) else {
            return Owner::Gone;
        };
        let owner = body::parse(&entry.body);
        if body::meta(&owner, "uid") != body::text(reference, "/uid") {
            return Owner::Gone;
        }
        let waits = body::is_terminating(&owner) && body::finalizers(&owner).iter().any(|f| f == FOREGROUND);
        if waits { Owner::Leaves } else { Owner::Lives }
    }

    fn dependents_of(&self, owner: &Value) -> Vec<Arc<str>> {
        let dependents = self.controllers.dependents.get(body::meta(owner, "uid"));
        dependents.into_iter().flatten().cloned().collect()
    }

    fn orphan_dependents(&mut self, owner: &Value) {
        let uid = body::meta(owner, "uid").to_owned();
        for key in self.dependents_of(owner) {
            let Some(resource) = self.resource_of(&key) else { continue };
            let Some(entry) = self.store.get(&key) else { continue };
            let mut object = body::decode(&entry.body, &resource);
            let kept: Vec<Value> = body::meta_value(&object, "ownerReferences")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter(|reference| body::text(reference, "/uid") != uid)
                .cloned()
                .collect();
            let value = (!kept.is_empty()).then_some(Value::Array(kept));
            body::set_meta(&mut object, "ownerReferences", value);
            self.commit(&resource, object);
        }
    }

    fn delete_dependents(&mut self, key: &Arc<str>, owner: &Value, now: Now) {
        let uid = body::meta(owner, "uid").to_owned();
        self.controllers.waiting.insert(uid.clone(), key.clone());
        let mut blocked = false;
        for dependent in self.dependents_of(owner) {
            // Each decides for itself: it may have other owners.
            self.attend_ownership(&dependent, now);
            let Some(entry) = self.store.get(&dependent) else { continue };
            let references = body::parse(&entry.body);
            let blocks = body::meta_value(&references, "ownerReferences")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            blocked |= blocks
                .filter(|r| body::text(r, "/uid") == uid)
                .any(|r| r.get("blockOwnerDeletion").and_then(Value::as_bool) == Some(true));
        }
        if !blocked {
            self.drop_finalizer(key, FOREGROUND);
        }
    }

    /// Removes a finalizer; the object goes if it was the last.
    pub(super) fn drop_finalizer(&mut self, key: &str, finalizer: &str) {
        let Some(resource) = self.resource_of(key) else { return };
        let Some(entry) = self.store.get(key) else { return };
        let mut object = body::decode(&entry.body, &resource);
        let mut finalizers = body::finalizers(&object);
        finalizers.retain(|f| f != finalizer);
        body::set_finalizers(&mut object, &finalizers);
        if crate::core::write::is_released(&resource, &object) {
            self.erase(&resource, object);
        } else {
            self.commit(&resource, object);
        }
    }
}
