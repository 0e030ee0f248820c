//! The functions of CEL, of cel-go's extensions and of Kubernetes.

pub(crate) mod arithmetic;
pub(crate) mod conversion;
pub(crate) mod extra;
pub(crate) mod format;
pub(crate) mod lists;
pub(crate) mod network;
pub(crate) mod optional;
pub(crate) mod pattern;
pub(crate) mod printf;
pub(crate) mod quantity;
pub(crate) mod sets;
pub(crate) mod strings;
pub(crate) mod times;
pub(crate) mod url;
pub(crate) mod version;

use crate::functions::Function;

pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    [
        arithmetic::FUNCTIONS,
        conversion::FUNCTIONS,
        extra::FUNCTIONS,
        format::FUNCTIONS,
        lists::FUNCTIONS,
        network::FUNCTIONS,
        optional::FUNCTIONS,
        pattern::FUNCTIONS,
        printf::FUNCTIONS,
        quantity::FUNCTIONS,
        sets::FUNCTIONS,
        strings::FUNCTIONS,
        times::FUNCTIONS,
        url::FUNCTIONS,
        version::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}
