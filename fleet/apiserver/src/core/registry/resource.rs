use crate::core::failure::Named;
use crate::core::names::NameRule;
use crate::core::registry::custom::CustomVersion;
use mainstay_object::{GroupVersion, GroupVersionKind, Minor, TypeId, Types};
use std::sync::Arc;

/// One resource in one version, built in or from a CRD.
#[derive(Debug, Clone)]
pub struct Resource {
    pub group: String,
    pub version: String,
    pub plural: String,
    pub singular: String,
    pub kind: String,
    pub list_kind: String,
    pub namespaced: bool,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub verbs: Vec<&'static str>,
    /// Opaque to clients; empty where nothing is stored.
    pub storage_hash: String,
    pub subresources: Vec<Subresource>,
    pub custom: Option<Arc<CustomVersion>>,
    /// Whose built-in types describe it, unless it is a custom resource.
    pub minor: Minor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subresource {
    pub name: String,
    /// What it speaks.
    pub kind: GroupVersionKind,
    pub verbs: Vec<&'static str>,
}

impl Resource {
    pub fn named(&self) -> Named<'_> {
        Named { group: &self.group, plural: &self.plural }
    }

    pub fn api_version(&self) -> String {
        GroupVersion::new(&*self.group, &*self.version).to_string()
    }

    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::new(&*self.group, &*self.version, &*self.kind)
    }

    pub fn has_verb(&self, verb: &str) -> bool {
        self.verbs.contains(&verb)
    }

    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// What a Warning header says on every request, if this version is deprecated.
    pub fn deprecation(&self) -> Option<String> {
        match (&self.custom, &*self.group, &*self.plural) {
            (Some(custom), _, _) => custom.deprecation.clone(),
            (None, "", "endpoints") => {
                Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned())
            }
            (None, "", "componentstatuses") => Some("v1 ComponentStatus is deprecated in v1.19+".to_owned()),
            (None, _, _) => None,
        }
    }

    /// Nothing is stored: a create is answered, and that is all.
    pub fn is_virtual(&self) -> bool {
        !self.has_verb("get")
    }

    /// The store's key prefix: events are one resource in two groups.
    pub fn prefix(&self) -> String {
        match (&*self.group, &*self.plural) {
            ("events.k8s.io", "events") => "/events/".to_owned(),
            (group, plural) => format!("{group}/{plural}/"),
        }
    }

    pub fn prefix_in(&self, namespace: &str) -> String {
        let mut prefix = self.prefix();
        if self.namespaced && !namespace.is_empty() {
            prefix.push_str(namespace);
            prefix.push('/');
        }
        prefix
    }

    pub fn key(&self, namespace: &str, name: &str) -> String {
        let mut key = self.prefix_in(namespace);
        key.push_str(name);
        key
    }

    /// The arena and type that describe it; anything where no schema is known.
    pub fn schema(&self) -> (&Types, TypeId) {
        if let Some(custom) = &self.custom {
            return (&custom.types, custom.root);
        }
        let types = Types::of_minor(self.minor);
        match types.for_kind(&self.gvk()) {
            Some(id) => (types, id),
            None => (Types::deduced(), TypeId::ANY),
        }
    }

    pub fn name_rule(&self) -> NameRule {
        match (&*self.group, &*self.plural) {
            ("", "namespaces" | "services") | ("apps", "statefulsets") => NameRule::Label,
            ("rbac.authorization.k8s.io", _) => NameRule::PathSegment,
            _ => NameRule::Subdomain,
        }
    }

    /// Does `metadata.generation` count changes of the specification?
    pub fn has_generation(&self) -> bool {
        const KINDS: &[&str] = &[
            "priorityclasses",
            "ingressclasses",
            "networkpolicies",
            "ingresses",
            "endpointslices",
            "poddisruptionbudgets",
            "resourceslices",
            "deviceclasses",
            "flowschemas",
            "prioritylevelconfigurations",
            "daemonsets",
            "statefulsets",
            "deployments",
            "replicasets",
            "jobs",
            "cronjobs",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "validatingadmissionpolicies",
            "mutatingadmissionpolicies",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "mutatingadmissionpolicybindings",
            "validatingadmissionpolicybindings",
            "customresourcedefinitions",
        ];
        self.custom.is_some() || KINDS.contains(&&*self.plural)
    }

    /// May a PUT without resourceVersion overwrite?
    pub fn allows_unconditional_update(&self) -> bool {
        const STRICT: &[&str] = &[
            "runtimeclasses",
            "poddisruptionbudgets",
            "csidrivers",
            "csistoragecapacities",
            "volumeattachments",
            "csinodes",
            "leases",
            "validatingadmissionpolicies",
            "mutatingadmissionpolicies",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "mutatingadmissionpolicybindings",
            "validatingadmissionpolicybindings",
            "customresourcedefinitions",
            "apiservices",
        ];
        self.custom.is_none() && !STRICT.contains(&&*self.plural)
    }

    /// May a PUT create?
    pub fn allows_create_on_update(&self) -> bool {
        const KINDS: &[&str] = &[
            "runtimeclasses",
            "rolebindings",
            "clusterrolebindings",
            "roles",
            "clusterroles",
            "leases",
            "limitranges",
            "events",
            "services",
            "endpoints",
        ];
        self.custom.is_none() && KINDS.contains(&&*self.plural)
    }

    /// Does DELETE answer with the object instead of a Status?
    pub fn returns_deleted(&self) -> bool {
        const KINDS: &[&str] = &[
            "resourceclaimtemplates",
            "resourceslices",
            "resourceclaims",
            "deviceclasses",
            "csidrivers",
            "storageclasses",
            "volumeattachments",
            "csinodes",
            "volumeattributesclasses",
            "resourcequotas",
            "persistentvolumes",
            "serviceaccounts",
            "persistentvolumeclaims",
            "namespaces",
            "pods",
            "services",
            "podtemplates",
        ];
        self.custom.is_none() && KINDS.contains(&&*self.plural)
    }
}
