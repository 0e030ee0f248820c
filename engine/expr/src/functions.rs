//! Every function there is, by name and style of call.

use crate::eval::meter::{Meter, Outcome};
use crate::library;
use crate::types::Signature;
use crate::value::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// A function or operator, with every way to call it.
pub(crate) struct Function {
    pub name: &'static str,
    /// Called on its first argument: `text.trim()`.
    pub member: bool,
    /// Beyond what Kubernetes has.
    pub extra: bool,
    pub overloads: &'static [&'static str],
    pub call: fn(&mut Meter, &[Value]) -> Outcome,
}

/// Called by its name alone.
pub(crate) const fn global(
    name: &'static str,
    overloads: &'static [&'static str],
    call: fn(&mut Meter, &[Value]) -> Outcome,
) -> Function {
    Function { name, member: false, extra: false, overloads, call }
}

/// Called on its first argument.
pub(crate) const fn member(
    name: &'static str,
    overloads: &'static [&'static str],
    call: fn(&mut Meter, &[Value]) -> Outcome,
) -> Function {
    Function { name, member: true, extra: false, overloads, call }
}

impl Function {
    pub(crate) const fn extra(mut self) -> Self {
        self.extra = true;
        self
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

pub(crate) struct Declared {
    pub function: &'static Function,
    pub signatures: Vec<Signature>,
}

/// Called on a value, or not: two tables by name.
type Table = [BTreeMap<&'static str, Declared>; 2];

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    [false, true].map(|member| {
        let functions = library::all().filter(|function| function.member == member);
        let declared = functions.map(|function| {
            let signatures = function.overloads.iter().filter_map(|text| Signature::read(text)).collect();
            (function.name, Declared { function, signatures })
        });
        declared.collect()
    })
});

pub(crate) fn find(name: &str, member: bool, everything: bool) -> Option<&'static Declared> {
    TABLE[usize::from(member)].get(name).filter(|found| everything || !found.function.extra)
}

#[cfg(test)]
pub(crate) fn every() -> impl Iterator<Item = &'static Declared> {
    TABLE.iter().flat_map(BTreeMap::values)
}
