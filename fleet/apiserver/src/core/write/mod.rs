//! Everything that changes an object: one way in (`create`, `update`), one way out (`commit`, `erase`).

mod collection;
mod create;
pub mod delete;
mod fields;
mod meta;
mod patch;
mod scale;
pub use scale::of as scale_of;
mod update;
pub(crate) use update::is_released;

pub use delete::DeleteOptions;
pub use update::How;

use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::options::WriteOptions;
use crate::core::registry::Resource;
use crate::core::request::{Entropy, Now, User};
use crate::core::{body, convert, request};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One write in progress.
pub struct Act<'a> {
    pub resource: Arc<Resource>,
    pub namespace: &'a str,
    pub name: &'a str,
    pub subresource: &'a str,
    pub user: &'a User,
    pub now: Now,
    pub entropy: &'a mut dyn Entropy,
    pub options: WriteOptions,
    pub warnings: Vec<String>,
    /// Where the object that an apply made has empty maps and lists.
    pub applied_empty: RefCell<BTreeSet<String>>,
    /// Which fields of its metadata an apply has left null, if it left any of what a read puts right.
    pub applied_nulls: RefCell<Option<BTreeSet<String>>>,
    /// Which bytes of a map are null in what is written.
    pub null_bytes: RefCell<BTreeSet<String>>,
}

impl Act<'_> {
    pub fn key(&self, name: &str) -> String {
        self.resource.key(self.namespace, name)
    }

    pub fn uuid(&mut self) -> String {
        request::uuid(self.entropy)
    }
}

impl Cluster {
    pub(crate) fn live(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        let Some(entry) = self.store.get(&resource.key(namespace, name)) else { return Ok(None) };
        self.read_one(&entry.body, resource, self.admission.asking()).map(Some)
    }

    /// Stores what a webhook made of an object, if one did, else the object; returns it as its client reads it.
    pub(crate) fn commit_form(
        &mut self,
        resource: &Resource,
        object: Value,
        form: Option<(Value, Value)>,
    ) -> Value {
        let Some((stored, mut read)) = form else { return self.commit(resource, object) };
        let stored = self.commit(resource, stored);
        body::set_meta(&mut read, "resourceVersion", body::meta_value(&stored, "resourceVersion").cloned());
        read
    }

    /// Stores an object under its next resourceVersion and returns it as stored.
    pub(crate) fn commit(&mut self, resource: &Resource, object: Value) -> Value {
        self.commit_as(resource, object, body::encode)
    }

    /// As `commit`, for an object that is read otherwise than it is stored; returns it as it is read.
    pub(crate) fn commit_rough(&mut self, resource: &Resource, object: Value) -> Value {
        let mut read = self.commit_as(resource, object, body::encode_rough);
        convert::smooth(&mut read, resource);
        read
    }

    fn commit_as(
        &mut self,
        resource: &Resource,
        mut object: Value,
        encode: fn(&Value, &Resource) -> Vec<u8>,
    ) -> Value {
        let revision = self.store.next_revision();
        body::set_meta(&mut object, "resourceVersion", Some(revision.to_string().into()));
        let key = resource.key(body::meta(&object, "namespace"), body::meta(&object, "name"));
        self.store.put(&key, encode(&object, resource));
        self.written(resource, &key, &object);
        object
    }

    /// Removes an object for good and returns its last state.
    pub(crate) fn erase(&mut self, resource: &Resource, mut object: Value) -> Value {
        let revision = self.store.next_revision();
        body::set_meta(&mut object, "resourceVersion", Some(revision.to_string().into()));
        let key = resource.key(body::meta(&object, "namespace"), body::meta(&object, "name"));
        self.store.remove(&key, body::encode(&object, resource));
        self.erased(resource, &key, &object);
        object
    }
}
