//! The built-in controllers: namespaces, garbage collection, CRDs, service accounts, protected storage, expiry. They are driven by what
//! changed, work through one ordered queue and end when it is empty: the same state gives the same writes.

mod aggregation;
mod crds;
mod expiry;
mod garbage;
mod namespaces;
mod storage;

pub use crds::CRD_FINALIZER;

use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::rbac;
use crate::core::registry::Resource;
use crate::core::request::{Entropy, Now};
use crate::core::store::Head;
use crate::core::text::Text;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Objects looked at in one tick; what is left is done by the next one.
const ROUNDS: usize = 100_000;

#[derive(Debug, Default)]
pub struct Controllers {
    /// Keys to look at.
    dirty: BTreeSet<Arc<str>>,
    /// Owner's UID to the keys of what it owns.
    dependents: BTreeMap<String, BTreeSet<Arc<str>>>,
    /// Key to the UIDs of its owners, of objects that have any.
    owners: BTreeMap<Arc<str>, Vec<String>>,
    /// UID to key of objects that wait for their dependents to go.
    waiting: BTreeMap<String, Arc<str>>,
    wake: Option<Now>,
}

impl Controllers {
    pub fn wake_at(&mut self, at: Now) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }
}

impl Cluster {
    /// Lets the controllers do what there is to do; returns when to call again at the latest.
    pub fn tick(&mut self, now: Now, entropy: &mut dyn Entropy) -> Option<Now> {
        for _ in 0..ROUNDS {
            let Some(key) = self.controllers.dirty.pop_first() else { break };
            self.attend(&key, now, entropy);
        }
        if self.controllers.wake.is_some_and(|wake| wake <= now) {
            self.controllers.wake = None;
            self.expire(now);
        }
        if self.controllers.dirty.is_empty() { self.controllers.wake } else { Some(now) }
    }

    /// Is there work for `tick`?
    pub fn is_restless(&self) -> bool {
        !self.controllers.dirty.is_empty()
    }

    fn attend(&mut self, key: &Arc<str>, now: Now, entropy: &mut dyn Entropy) {
        if **key == *aggregation::ROLES {
            return self.aggregate_roles();
        }
        let Some(resource) = self.resource_of(key) else { return };
        let Some(entry) = self.store.get(key) else { return };
        let object = body::decode(&entry.body, &resource);
        match (&*resource.group, &*resource.plural) {
            ("", "namespaces") => self.attend_namespace(&resource, object, now, entropy),
            ("apiextensions.k8s.io", "customresourcedefinitions") => self.attend_crd(&resource, object, now),
            ("", "persistentvolumeclaims" | "persistentvolumes") => self.attend_storage(key, &object),
            _ => {}
        }
        self.attend_ownership(key, now);
    }

    fn resource_of(&self, key: &str) -> Option<Arc<Resource>> {
        let mut parts = key.splitn(3, '/');
        let (group, plural) = (parts.next()?, parts.next()?);
        self.registry.find_any_version(group, plural)
    }

    /// Called for every write.
    pub(crate) fn written(&mut self, resource: &Resource, key: &str, object: &Value) {
        let key: Arc<str> = key.into();
        self.forget_owners(&key);
        let owners: Vec<String> = body::meta_value(object, "ownerReferences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|owner| body::text(owner, "/uid").to_owned())
            .collect();
        let held = body::is_terminating(object);
        let special = is_special(resource);
        if !owners.is_empty() || held || special {
            self.controllers.dirty.insert(key.clone());
        }
        for owner in &owners {
            self.controllers.dependents.entry(owner.clone()).or_default().insert(key.clone());
        }
        if !owners.is_empty() {
            self.controllers.owners.insert(key, owners);
        }
        self.note_roles(resource);
        if resource.plural == "events"
            && let Some(then) = Now::parse(body::meta(object, "creationTimestamp"))
        {
            self.controllers.wake_at(then.plus_seconds(expiry::EVENT_SECONDS));
        }
    }

    /// Called for every removal.
    pub(crate) fn erased(&mut self, resource: &Resource, key: &str, object: &Value) {
        let key: Arc<str> = key.into();
        let owners = self.forget_owners(&key);
        self.controllers.dirty.remove(&key);
        let uid = body::meta(object, "uid");
        self.controllers.waiting.remove(uid);
        if let Some(dependents) = self.controllers.dependents.get(uid) {
            self.controllers.dirty.extend(dependents.iter().cloned());
        }
        for owner in owners {
            if let Some(waiting) = self.controllers.waiting.get(&owner) {
                self.controllers.dirty.insert(waiting.clone());
            }
        }
        self.released_storage(&key, object);
        let namespace = body::meta(object, "namespace");
        if !namespace.is_empty() {
            // It may be the last of a namespace that goes, or one that every namespace must have.
            self.controllers.dirty.insert(format!("/namespaces/{namespace}").into());
        }
        if resource.custom.is_some() {
            let crd = format!("{}.{}", resource.plural, resource.group);
            let key = format!("apiextensions.k8s.io/customresourcedefinitions/{crd}");
            self.controllers.dirty.insert(key.into());
        }
        if resource.plural == "customresourcedefinitions" && resource.group == "apiextensions.k8s.io" {
            self.registry.set_custom(body::meta(object, "name"), Vec::new());
        }
        self.note_roles(resource);
    }

    fn note_roles(&mut self, resource: &Resource) {
        if resource.group == "rbac.authorization.k8s.io" {
            self.rules.invalidate();
            if resource.plural == "clusterroles" {
                // Any of them may be part of another.
                self.controllers.dirty.insert(aggregation::ROLES.into());
            }
        }
    }

    fn forget_owners(&mut self, key: &Arc<str>) -> Vec<String> {
        let owners = self.controllers.owners.remove(key).unwrap_or_default();
        for owner in &owners {
            if let Some(dependents) = self.controllers.dependents.get_mut(owner) {
                dependents.remove(key);
                if dependents.is_empty() {
                    self.controllers.dependents.remove(owner);
                }
            }
        }
        owners
    }

    /// Builds what is derived from the objects, after a load.
    pub(crate) fn recover(&mut self) {
        let prefix = "apiextensions.k8s.io/customresourcedefinitions/";
        let crds: Vec<Value> = self.store.range(prefix, None).map(|(_, e)| body::parse(&e.body)).collect();
        for crd in &crds {
            self.register(crd);
        }
        let all: Vec<(Arc<str>, Text)> =
            self.store.range("", None).map(|(key, entry)| (key.clone(), entry.body.clone())).collect();
        for (key, bytes) in all {
            if let Some(resource) = self.resource_of(&key)
                && (is_special(&resource) || Head::of(&bytes.bytes()).is_none_or(|head| head.attended))
            {
                self.written(&resource, &key, &body::parse(&bytes));
            }
        }
        self.controllers.wake = Some(Now(0));
    }

    pub(crate) fn refresh_rules(&mut self) {
        let rules: &mut rbac::Rules = &mut self.rules;
        rules.refresh(&self.store);
    }
}

fn is_special(resource: &Resource) -> bool {
    matches!(
        (&*resource.group, &*resource.plural),
        ("", "namespaces") | ("apiextensions.k8s.io", "customresourcedefinitions")
    )
}
