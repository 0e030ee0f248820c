//! Building kustomizations.
use crate::Code;

pub static INVALID: Code = Code::error(
    "MS4001",
    "invalid kustomization",
    "The kustomization file, or a file of transformer configuration, has a field of the wrong type or a combination of \
     fields that kustomize refuses. Nothing is built from it; the unit keeps its last good revision.",
);
pub static UNKNOWN_FIELD: Code = Code::error(
    "MS4002",
    "unknown field in a kustomization",
    "kustomize refuses fields that it does not know, so that a misspelt one is never silently without effect. Correct \
     or remove it.",
);
pub static UNSUPPORTED: Code = Code::error(
    "MS4003",
    "not supported yet",
    "The kustomization uses a feature of kustomize that Mainstay does not carry out. It is refused instead of being left \
     out, because the result would differ from what kustomize builds.",
);
pub static NOT_FOUND: Code = Code::error(
    "MS4004",
    "path does not exist",
    "A file or folder that the kustomization names does not exist in this revision, or is not what is needed there: a \
     folder without a kustomization file, a file where a folder must be.",
);
pub static OUTSIDE: Code = Code::error(
    "MS4005",
    "path leads outside",
    "A kustomization reads only files in or below its own folder, and folders of the same repository. Anything else \
     could differ between two builds of the same revision, or show files that the unit must not read.",
);
pub static CYCLE: Code = Code::error(
    "MS4006",
    "kustomizations include each other",
    "A kustomization includes itself, or a folder that contains it, directly or through others. The message names the \
     whole chain.",
);
pub static NOT_AN_OBJECT: Code = Code::error(
    "MS4007",
    "not a Kubernetes object",
    "A document named as a resource has no kind or no name, or holds a value that has no form in JSON.",
);
pub static DUPLICATE: Code = Code::error(
    "MS4008",
    "object given twice",
    "Two resources of one build have the same kind, namespace and name, so only one of them could exist. Remove one, or \
     make one a patch.",
);
pub static NO_TARGET: Code = Code::error(
    "MS4009",
    "no such object in the build",
    "A patch, a replacement, a replica count or a variable names an object that the resources of its kustomization do \
     not hold, or more than one object where it must be exactly one.",
);
pub static PATCH: Code = Code::error(
    "MS4010",
    "patch can't be applied",
    "The patch is neither a strategic merge patch nor a JSON patch, or does not fit the object that it is for.",
);
pub static TRANSFORM: Code = Code::error(
    "MS4011",
    "transformation can't be applied",
    "A field that a transformation changes is not of the type that it needs, or changing it makes two objects one.",
);
pub static GENERATOR: Code = Code::error(
    "MS4012",
    "ConfigMap or Secret can't be generated",
    "A generator of the kustomization has no name, repeats a key, names a file in a way that can't be read, or merges \
     into an object that does not exist.",
);
pub static REMOTE: Code = Code::error(
    "MS4013",
    "remote base",
    "The kustomization names a URL, or a chart that would have to be pulled. A build reads only the revision it is for, \
     and what never changes, so that it gives the same result every time. Copy the base into the repository, or pin it \
     to a commit (`?ref=` and 40 hexadecimal digits) and allow its place: in the Platform's `spec.kustomize.remoteBases` \
     for units, with `--allow-remote PREFIX` for `mainstay build`. A file is read where `spec.kustomize.remoteFiles` \
     names its URL and the digest of its content.",
);
pub static LIMIT: Code = Code::error(
    "MS4014",
    "build over a limit",
    "The build reads or makes more than Mainstay allows for one unit. This is nearly always a mistake or an attack; split \
     the unit if it is real.",
);
pub static SUBSTITUTION: Code = Code::error(
    "MS4015",
    "variables can't be substituted",
    "An object holds a `${...}` expression that can't be read, a variable without a value where that is not allowed, or \
     is no valid YAML after substitution. Write `$${` for a literal `${`, or exclude the object from substitution.",
);
pub static UNREADABLE: Code = Code::environment(
    "MS4016",
    "repository can't be read",
    "A file of the revision can't be read from the local copy of the repository. The copy may be damaged; it is fetched \
     anew.",
);
pub static CHART: Code = Code::error(
    "MS4017",
    "chart of a kustomization can't be rendered",
    "A chart that helmCharts names does not render with the values that the kustomization gives, or renders what is no \
     list of objects. The message says where in the chart.",
);
pub static CHART_WARNING: Code = Code::warning(
    "MS4018",
    "chart of a kustomization is odd",
    "A chart that helmCharts names renders, but not as its author may expect: what it takes from chance or from the \
     time of day would be something else with each build, or its values are not checked.",
);
pub static UNMATCHED: Code = Code::warning(
    "MS4019",
    "patch matches nothing",
    "The target of a patch selects no object of its kustomization, so the patch changes nothing. kustomize says nothing \
     about it. Correct the target, or remove the patch.",
);

pub static ALL: &[&Code] = &[
    &INVALID,
    &UNKNOWN_FIELD,
    &UNSUPPORTED,
    &NOT_FOUND,
    &OUTSIDE,
    &CYCLE,
    &NOT_AN_OBJECT,
    &DUPLICATE,
    &NO_TARGET,
    &PATCH,
    &TRANSFORM,
    &GENERATOR,
    &REMOTE,
    &LIMIT,
    &SUBSTITUTION,
    &UNREADABLE,
    &CHART,
    &CHART_WARNING,
    &UNMATCHED,
];
