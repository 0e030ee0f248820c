//! What the API server demands of built-in kinds beyond their schemas.

mod access;
mod common;
mod conversion;
mod crd;
mod cron;
mod data;
mod immutable;
mod job;
mod network;
mod pod;
mod quota;
pub mod rules;
mod scaling;
mod scheduling;
mod service;
pub mod warnings;
mod workload;

pub use common::not_supported;

use crate::core::registry::Resource;
use mainstay_object::FieldError;
use serde_json::Value;
use std::collections::BTreeSet;

/// What can't be told from an object any more once it is complete.
#[derive(Debug, Default)]
pub struct Given {
    /// What its schema misses.
    pub of_schema: Vec<FieldError>,
    /// Where maps and lists are there and empty, as pointers.
    pub empty: BTreeSet<String>,
}

impl Given {
    /// Go's value of a map or list that holds nothing: `null` where it is absent.
    pub fn nothing(&self, pointer: &str, empty: Value) -> Value {
        if self.empty.contains(pointer) { empty } else { Value::Null }
    }

    /// Does the specification have an empty map or list, other than one that a default fills? Or a list of webhooks.
    pub fn is_hollow(&self) -> bool {
        let within = |pointer: &str| pointer.starts_with("/spec/") || pointer.starts_with("/webhooks/");
        self.empty.iter().any(|pointer| within(pointer) && pointer != "/spec/policyTypes")
    }

    /// Lists that were written and empty, where they are null.
    pub fn put_back_lists(&self, object: &mut Value) {
        for pointer in &self.empty {
            if let Some(here) = object.pointer_mut(pointer).filter(|here| here.is_null()) {
                *here = Value::Array(Vec::new());
            }
        }
    }
}

/// Are the kind's demands stated in full, so that its schema has nothing to add?
pub fn is_complete(resource: &Resource) -> bool {
    resource.custom.is_none()
        && matches!(
            (&*resource.group, &*resource.plural),
            (
                "",
                "services"
                    | "configmaps"
                    | "secrets"
                    | "pods"
                    | "serviceaccounts"
                    | "resourcequotas"
                    | "limitranges"
                    | "persistentvolumeclaims"
            ) | ("apps", "deployments" | "statefulsets" | "daemonsets")
                | ("batch", "cronjobs")
                | ("networking.k8s.io", "ingresses" | "networkpolicies")
                | ("autoscaling", "horizontalpodautoscalers")
                | ("policy", "poddisruptionbudgets")
                | ("coordination.k8s.io", "leases")
                | ("rbac.authorization.k8s.io", _)
        )
}

/// Are a part's demands stated in full, in a kind of which not all are?
pub fn says_all(resource: &Resource, path: &str) -> bool {
    resource.plural == "customresourcedefinitions"
        && resource.custom.is_none()
        && path.starts_with(conversion::PATH)
}

pub fn validate(
    object: &Value,
    live: Option<&Value>,
    resource: &Resource,
    raw: &Given,
    errors: &mut Vec<FieldError>,
) {
    if resource.custom.is_some() {
        return;
    }
    match (&*resource.group, &*resource.plural) {
        ("", "services") => service::validate(object, live, errors),
        ("", "configmaps") => data::config_map(object, errors),
        ("", "secrets") => data::secret(object, errors),
        ("", "resourcequotas") => quota::quota(object, live, errors),
        ("", "limitranges") => quota::limit_range(object, errors),
        ("", "persistentvolumeclaims") => quota::claim(object, live, errors),
        ("coordination.k8s.io", "leases") => data::lease(object, errors),
        ("", "events") => data::event(object, errors),
        ("apps", _) | ("batch", _) | ("", "pods" | "replicationcontrollers" | "podtemplates") => {
            workload::validate(object, live, resource, raw, errors);
        }
        ("networking.k8s.io", "ingresses") => network::ingress(object, raw, errors),
        ("networking.k8s.io", "networkpolicies") => network::policy(object, errors),
        ("autoscaling", "horizontalpodautoscalers") => scaling::autoscaler(object, live, errors),
        ("policy", "poddisruptionbudgets") => scaling::budget(object, errors),
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::validate(object, live, errors),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            access::binding(object, resource, errors);
        }
        ("rbac.authorization.k8s.io", _) => access::role(object, resource, errors),
        _ => {}
    }
    if let Some(live) = live {
        immutable::validate(object, live, resource, errors);
    }
}

/// What a write to the status must hold to; of the rest nothing changes.
pub fn status(object: &Value, live: &Value, resource: &Resource, errors: &mut Vec<FieldError>) {
    match (&*resource.group, &*resource.plural) {
        ("", "services") => network::load_balancer(object, true, errors),
        ("networking.k8s.io", "ingresses") => network::load_balancer(object, false, errors),
        ("", "pods") => workload::pod_status(object, live, errors),
        ("", "resourcequotas") => quota::quota_status(object, errors),
        ("apps", "deployments" | "statefulsets") => workload::status(object, &resource.plural, errors),
        _ => {}
    }
}
