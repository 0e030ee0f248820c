use super::Asking;
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::registry::Resource;
use mainstay_object::TypeId;
use mainstay_object::merge::Versions;
use serde_json::Value;
use std::cell::RefCell;

/// Converts for the merge of owners' fields, which may be in other versions than the request. The merge can't fail at
/// it: what failed is told afterwards, and what was merged then is worth nothing.
pub(crate) struct Converter<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) resource: &'a Resource,
    pub(crate) asking: Asking<'a>,
    pub(crate) failed: RefCell<Option<Failure>>,
}

impl Versions for Converter<'_> {
    fn type_at(&self, api_version: &str) -> Option<TypeId> {
        self.resource.custom.as_ref()?.type_at(api_version)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Value {
        let one = vec![object.clone()];
        match self.cluster.in_version(one, self.resource, api_version, self.asking) {
            Ok(mut converted) => converted.pop().unwrap_or_default(),
            Err(failure) => {
                self.failed.borrow_mut().get_or_insert(failure);
                object.clone()
            }
        }
    }
}
