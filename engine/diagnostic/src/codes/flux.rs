//! Flux kinds.
use crate::Code;

pub static MISSING_FIELD: Code = Code::error(
    "MS3001",
    "required field is missing",
    "A Flux object lacks a field that its API demands: an API server would refuse it. The unit is held back; add the \
     field.",
);
pub static UNKNOWN_FIELD: Code = Code::error(
    "MS3002",
    "no such field",
    "A Flux object has a field that its API version does not know. An API server would drop or refuse it, so what it \
     was meant to do would silently not happen. Correct or remove it.",
);
pub static VALUE: Code = Code::error(
    "MS3003",
    "wrong value",
    "A field of a Flux object holds a value of the wrong type, outside the permitted values, or in conflict with \
     another field.",
);
pub static UNSUPPORTED_FIELD: Code = Code::error(
    "MS3004",
    "field not supported yet",
    "The field is valid in Flux, but Mainstay does not act on it yet. It is never ignored silently: the unit is held \
     back until the field is removed or supported.",
);
pub static NOT_INTERPRETED: Code = Code::warning(
    "MS3005",
    "not interpreted",
    "The kind says nothing of desired state (alerts, webhooks, image automation). Mainstay neither acts on it nor \
     applies it.",
);
pub static UNKNOWN_KIND: Code = Code::error(
    "MS3006",
    "unknown Flux kind or version",
    "The API group is one of Flux's, but it has no such kind in that version. Check apiVersion and kind.",
);
pub static NO_NAMESPACE: Code = Code::error(
    "MS3007",
    "Flux object without namespace",
    "Flux objects are namespaced and their references are resolved within their namespace; without one the object \
     cannot be placed. Set metadata.namespace, or a namespace in the kustomization that lists it.",
);
pub static SOURCE_UNDECLARED: Code = Code::warning(
    "MS3008",
    "source is not declared",
    "No file or render declares the source that the unit names. As in Flux the unit waits for it: it is planned, not \
     rendered.",
);
pub static ARTIFACT: Code = Code::error(
    "MS3009",
    "artifact cannot be composed",
    "A copy of an ArtifactGenerator cannot be carried out: its alias, pattern or destination is invalid, or nothing \
     matches it. Units that read the artifact are not rendered.",
);

pub static NO_EFFECT: Code = Code::warning(
    "MS3010",
    "field has no effect",
    "A field of a HelmRelease says how Helm's process goes about it: how often it tries again, what it rolls back to, how it \
     patches. Mainstay applies the chart's objects like any others, with its own retries and its own order, so that the field \
     changes nothing.",
);

pub static ALL: &[&Code] = &[
    &MISSING_FIELD,
    &UNKNOWN_FIELD,
    &VALUE,
    &UNSUPPORTED_FIELD,
    &NOT_INTERPRETED,
    &UNKNOWN_KIND,
    &NO_NAMESPACE,
    &SOURCE_UNDECLARED,
    &ARTIFACT,
    &NO_EFFECT,
];
