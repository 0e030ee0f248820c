//! Reading YAML documents.
use crate::Code;

pub static SYNTAX: Code = Code::error(
    "MS1001",
    "invalid YAML",
    "The file is not a valid YAML document. Nothing of this file is used; units that read it keep their last good \
     revision, and everything else still plans.",
);
pub static DUPLICATE_KEY: Code = Code::error(
    "MS1002",
    "duplicate key",
    "A mapping names the same key twice. Kubernetes' reader would refuse the document or keep only one of the two \
     values, so neither can be trusted. Remove one.",
);
pub static LIMIT: Code = Code::error(
    "MS1003",
    "YAML over a limit",
    "The document is larger, deeper or expands through aliases to more nodes than Mainstay reads. Such a file is \
     nearly always a mistake or an attack; split it if it is real.",
);
pub static NOT_UTF8: Code = Code::error(
    "MS1004",
    "not UTF-8",
    "The file is not UTF-8 text. Save it as UTF-8, or exclude it from the unit's path if it is not a manifest.",
);
pub static KEY_TYPE: Code = Code::error(
    "MS1005",
    "key that JSON cannot hold",
    "A mapping key is a mapping, a sequence or null. Kubernetes objects are JSON, whose keys are strings.",
);
pub static VALUE_TYPE: Code = Code::error(
    "MS1006",
    "value that JSON cannot hold",
    "A scalar such as .inf or .nan has no form in JSON, so Kubernetes refuses it. Quote it if text was meant.",
);

pub static ALL: &[&Code] = &[&SYNTAX, &DUPLICATE_KEY, &LIMIT, &NOT_UTF8, &KEY_TYPE, &VALUE_TYPE];
