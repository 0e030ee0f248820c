//! Rendering.
use crate::Code;

pub static PATH_MISSING: Code = Code::error(
    "MS4501",
    "path does not exist",
    "The folder that a unit names does not exist in its source, or leads out of it. The unit keeps its last good \
     revision.",
);
pub static ENCRYPTED: Code = Code::error(
    "MS4502",
    "encrypted file",
    "The unit reads something that SOPS encrypted, and either names no decryption or can't decrypt it with its keys. \
     What is encrypted is never applied as if it were clear, so the unit is held back.",
);
pub static UNREADABLE: Code = Code::error(
    "MS4503",
    "cannot be read",
    "A file or folder of the source cannot be read: it is too large, broken, or not a regular file. Units that need it \
     keep their last good revision.",
);
pub static NOT_AN_OBJECT: Code = Code::error(
    "MS4504",
    "substitution left no object",
    "After variables were substituted, the document is no longer a Kubernetes object: its apiVersion, kind or name is \
     gone. Give the variable a value or a default.",
);

pub static CHART: Code = Code::error(
    "MS4505",
    "chart does not render",
    "A template of the unit's chart fails, makes something that is no Kubernetes object, or makes one object twice. The \
     unit keeps its last good revision.",
);
pub static VALUES: Code = Code::error(
    "MS4506",
    "values can't be merged",
    "The values of a chart, its own or those that a ConfigMap or Secret holds, are no map, no YAML, or name a place that \
     can't be. What they hold is not told, since it may be secret.",
);
pub static CHART_DECLARES: Code = Code::error(
    "MS4507",
    "chart can't declare that",
    "What a chart renders may declare units and sources of Flux's kinds, which are followed as those of a folder are. It may \
     not declare Mainstay's own kinds, nor do so in a hook, nor write secrets or what it makes up into what it declares: \
     that is shown, and so is what it renders to. Whether it does is seen by rendering it a second time with other secrets \
     and other chance; where that second render alone fails it can't be told, and the message says at what.",
);
pub static IRREPRODUCIBLE: Code = Code::warning(
    "MS4508",
    "chart asks for chance or time",
    "Templates of the chart make up passwords or keys, or ask what time it is. So that a plan shows what will be applied, \
     chance follows from this installation's key, the release and the chart, and time passes in steps of 90 days.",
);

pub static EXEC_NOT_ALLOWED: Code = Code::error(
    "MS4509",
    "the real Helm is not allowed",
    "A chart asks to be rendered by the real Helm, and the Platform does not allow that. Helm runs as a process beside \
     Mainstay, so only the Platform's spec.helm.exec, which no tenant can write, switches it on. Nothing was run.",
);
pub static EXEC_DIFFERS: Code = Code::error(
    "MS4510",
    "chart renders something else each time",
    "The real Helm was run twice with the same files, values and cluster, and some fields differ: the chart makes up \
     passwords or keys, or asks what time it is. Applying that would change them at every restart, and a plan could not \
     show what will be applied. Set what it makes up in the values, let a post renderer set the fields, or let Mainstay \
     render the chart, whose chance follows from the installation's key.",
);
pub static EXEC_LOOKUP: Code = Code::warning(
    "MS4511",
    "lookup finds nothing",
    "A chart that the real Helm renders calls lookup. The process can reach no cluster, so that every lookup finds \
     nothing, as with helm template. What the chart makes then is what it would make on an empty cluster.",
);

pub static ALL: &[&Code] = &[
    &PATH_MISSING,
    &ENCRYPTED,
    &UNREADABLE,
    &NOT_AN_OBJECT,
    &CHART,
    &VALUES,
    &CHART_DECLARES,
    &IRREPRODUCIBLE,
    &EXEC_NOT_ALLOWED,
    &EXEC_DIFFERS,
    &EXEC_LOOKUP,
];
