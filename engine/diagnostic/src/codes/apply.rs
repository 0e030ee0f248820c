//! Apply and health.
use crate::Code;

pub static ALL: &[&Code] = &[&HEALTH_RULE, &HEALTH_EXPRESSION];

pub static HEALTH_RULE: Code = Code::error(
    "MS7001",
    "health rule can't be read",
    "A file of health rules names the kinds that it knows and, for each, what their conditions and fields mean. This part \
     of it is no such thing: a key that does not exist, a value of another type, a status that is none, or a rule that \
     would call Healthy what nothing proves. Nothing of the file is used until it is whole; `mainstay health --rules FILE` \
     shows what rules say of your objects.",
);

pub static HEALTH_EXPRESSION: Code = Code::error(
    "MS7002",
    "health rule's expression can't be compiled",
    "A `when` of a health rule is a CEL expression over `self`, `metadata`, `spec` and `status` that is true or false. This \
     one can't be read, speaks of a name or function that does not exist, or can never be a boolean. An expression is \
     checked when the rules are read, so that no object is ever judged by a broken one.",
);
