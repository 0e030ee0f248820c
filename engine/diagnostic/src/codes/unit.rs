//! Units and their graph.
use crate::Code;

pub static DUPLICATE_UNIT: Code = Code::error(
    "MS5001",
    "unit declared twice",
    "Two documents declare a unit of the same name. Neither can be told to be the right one; both are held back until \
     one is renamed or removed.",
);
pub static DUPLICATE_OBJECT: Code = Code::error(
    "MS5002",
    "object owned twice",
    "Two units render the same object for the same cluster. They would overwrite each other without end and pruning \
     either would delete the other's; let only one of them declare it. What Kustomizations of Flux render alike they may \
     share.",
);
pub static SHARED_NAMESPACE: Code = Code::warning(
    "MS5003",
    "namespace declared by two units",
    "Two units declare the same namespace identically. They share it: the first in graph order owns it, and it is \
     pruned only when no unit declares it. It becomes an error as soon as the two differ.",
);
pub static UNDEFINED_DEPENDENCY: Code = Code::error(
    "MS5004",
    "undefined dependency",
    "A native unit depends on a unit that nothing declares, so that it could never start. A Flux unit waits instead, \
     as in Flux.",
);
pub static WAITING_DEPENDENCY: Code = Code::warning(
    "MS5005",
    "dependency is not declared",
    "A Flux unit depends on a unit that nothing declares. As in Flux it waits until that unit exists.",
);
pub static CYCLE: Code = Code::error(
    "MS5006",
    "dependency cycle",
    "The units of the cycle wait for one another, so that none could ever start. The whole cycle is printed; remove \
     one of its edges.",
);
pub static CHART_CRD: Code = Code::warning(
    "MS5007",
    "custom resources beside the chart that brings their kind",
    "The unit holds a chart and objects of a kind that nothing but this chart provides, or can provide: both are applied \
     at once, so the first apply fails. Move the objects to a unit that depends on this one.",
);
pub static UNREACHED_FILE: Code = Code::warning(
    "MS5008",
    "no unit reaches this file",
    "The file holds manifests, but no unit reads it, so that nothing of it is ever applied. List it in a \
     kustomization, or remove it.",
);
pub static UNREACHED_FOLDER: Code = Code::warning(
    "MS5009",
    "no unit reaches this folder",
    "The folder holds manifests, but no unit reads any of its files, so that nothing of it is ever applied.",
);
pub static TOO_MANY_UNITS: Code = Code::error(
    "MS5010",
    "too many units",
    "The platform repository declares more units than Mainstay reads from one repository, nearly always because a \
     render declares itself over and over.",
);
pub static TOO_MANY_ROUNDS: Code = Code::error(
    "MS5011",
    "declarations nested too deep",
    "Renders declare units whose renders declare units and so on, deeper than Mainstay follows.",
);

pub static SHARED_OBJECT: Code = Code::warning(
    "MS5012",
    "object declared by two Flux Kustomizations alike",
    "Two Kustomizations of Flux render the same object identically, often because the folder of one lies in that of the \
     other. They share it: one that is not suspended owns it, the first in graph order, and it is pruned only when none \
     declares it. It becomes an error as soon as the two differ.",
);

pub static ALL: &[&Code] = &[
    &DUPLICATE_UNIT,
    &DUPLICATE_OBJECT,
    &SHARED_NAMESPACE,
    &UNDEFINED_DEPENDENCY,
    &WAITING_DEPENDENCY,
    &CYCLE,
    &CHART_CRD,
    &UNREACHED_FILE,
    &UNREACHED_FOLDER,
    &TOO_MANY_UNITS,
    &TOO_MANY_ROUNDS,
    &SHARED_OBJECT,
];
