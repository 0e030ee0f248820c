//! Sources.
use crate::Code;

pub static STALE: Code = Code::warning(
    "MS6001",
    "source is not up to date",
    "A registry does not answer, so that what it said last is used: a newer version of a chart, if there is one, is not known. \
     Units stay as they are, and are looked at again at the next reading.",
);

pub static ALL: &[&Code] = &[&STALE];
