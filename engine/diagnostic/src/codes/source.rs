//! Sources.
use crate::Code;

pub static STALE: Code = Code::warning(
    "MS6001",
    "source is not up to date",
    "A registry does not answer, so that what it said last is used: a newer version of a chart, if there is one, is not known. \
     Units stay as they are, and are looked at again at the next reading.",
);

pub static UNVERIFIED: Code = Code::error(
    "MS6002",
    "signature not verified",
    "The declaration asks for a proof that the chart was signed, and there is none: no signature, one by another key, or one of \
     something else. Nothing of the chart is used, and what is on the cluster stays as it is. Sign the very digest with one of \
     the keys that the Secret holds (`cosign sign --key`), or name the key that it was signed with.",
);

pub static ALL: &[&Code] = &[&STALE, &UNVERIFIED];
