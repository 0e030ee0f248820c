//! Mainstay's own kinds.
use crate::Code;

pub static UNKNOWN_KIND: Code = Code::error(
    "MS2001",
    "unknown native kind or version",
    "The document's apiVersion belongs to mainstay.dev, but there is no such kind or version. Nothing of the document \
     is used.",
);
pub static MISSING_FIELD: Code = Code::error(
    "MS2002",
    "required field is missing",
    "A native document lacks a field that its schema demands. `mainstay schema` prints the schemas; editors can check \
     them while you type.",
);
pub static UNKNOWN_FIELD: Code = Code::error(
    "MS2003",
    "no such field",
    "A native document has a field that its schema does not know. It is never ignored, because what it was meant to do \
     would silently not happen.",
);
pub static VALUE: Code = Code::error(
    "MS2004",
    "wrong value",
    "A field of a native document holds a value of the wrong type or outside of what the schema permits.",
);
pub static PLATFORM_TWICE: Code = Code::error(
    "MS2005",
    "more than one Platform",
    "A platform repository has at most one Platform document: its defaults and variables hold for everything.",
);
pub static UNKNOWN_TENANT: Code = Code::error(
    "MS2006",
    "tenant is not declared",
    "A document names a tenant that no Tenant document declares, so its service account, namespaces and quotas are \
     unknown.",
);
pub static UNKNOWN_CLUSTER: Code = Code::error(
    "MS2007",
    "cluster is not declared",
    "A document names a cluster that no Cluster document declares. Check the name, or declare the cluster.",
);
pub static VARIABLE_TYPE: Code = Code::error(
    "MS2008",
    "variable changes its type",
    "A layer (Platform < Tenant < Cluster < Module) sets a variable to a value of another type than the layer below. \
     Values may differ between layers, types may not.",
);
pub static TENANT_NAMESPACE: Code = Code::error(
    "MS2009",
    "object outside the tenant's namespaces",
    "A tenant's unit renders an object into a namespace that its Tenant does not list, or a cluster-scoped object \
     although its Tenant restricts namespaces. Nothing of the unit is applied.",
);
pub static TENANT_KIND: Code = Code::error(
    "MS2010",
    "kind not allowed for the tenant",
    "A tenant's unit renders an object of a kind that its Tenant's allowedKinds do not list. Nothing of the unit is \
     applied.",
);
pub static TENANT_QUOTA: Code = Code::error(
    "MS2011",
    "tenant over its quota",
    "A tenant declares more units, or renders more objects, than its Tenant's quotas permit. The units past the quota \
     are held back.",
);
pub static NOT_SUPPORTED: Code = Code::error(
    "MS2012",
    "not supported yet",
    "The field or value is part of the native API, but Mainstay does not act on it yet. The unit is held back rather \
     than treated as if the field were absent.",
);
pub static MATCHES_NOTHING: Code = Code::warning(
    "MS2013",
    "no cluster matches",
    "A Module's cluster selector matches none of the declared clusters, so that it makes no unit.",
);
pub static UNREAD_KIND: Code = Code::error(
    "MS2014",
    "native document inside a render",
    "Native kinds are read from files of the platform repository, not from what a unit renders. Move the document out \
     of the unit's folder.",
);
pub static TENANT_ESCAPE: Code = Code::error(
    "MS2015",
    "document outside its tenant",
    "A document in a tenant's path claims what is not the tenant's: another tenant, a foreign service account or \
     Secret, or a kind that only the platform team declares. Nothing of the document is used.",
);
pub static EXPRESSION: Code = Code::error(
    "MS2016",
    "wrong expression",
    "A CEL expression can't be read, speaks of what is not there, or comes to no value of the wanted type. Nothing is \
     assumed in its place: the unit is held back.",
);
pub static HEALTH_RULES: Code = Code::error(
    "MS2017",
    "health rules can't be taken",
    "A path of the Platform's healthRules names no file or folder of rules: it does not exist, leads out of the \
     repository, is a link, holds no YAML, is too large, or lies in the paths of a tenant, whose people would then decide how \
     everybody's objects are judged. Until it is mended, objects are judged by the rules that were whole last.",
);

pub static ALL: &[&Code] = &[
    &UNKNOWN_KIND,
    &MISSING_FIELD,
    &UNKNOWN_FIELD,
    &VALUE,
    &PLATFORM_TWICE,
    &UNKNOWN_TENANT,
    &UNKNOWN_CLUSTER,
    &VARIABLE_TYPE,
    &TENANT_NAMESPACE,
    &TENANT_KIND,
    &TENANT_QUOTA,
    &NOT_SUPPORTED,
    &MATCHES_NOTHING,
    &UNREAD_KIND,
    &TENANT_ESCAPE,
    &EXPRESSION,
    &HEALTH_RULES,
];
