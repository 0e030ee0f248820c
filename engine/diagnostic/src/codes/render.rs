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

pub static ALL: &[&Code] = &[&PATH_MISSING, &ENCRYPTED, &UNREADABLE, &NOT_AN_OBJECT];
