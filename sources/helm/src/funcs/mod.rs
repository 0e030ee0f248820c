//! The functions that Helm gives templates: Go's builtins, sprig's and its own. What is missing here is refused by the
//! parser with its name.
mod aes;
mod args;
mod builtin;
mod compare;
mod convert;
mod crypto;
mod dates;
mod defaults;
mod derive;
mod dicts;
mod encode;
mod engine;
mod escape;
mod float_math;
mod lists;
mod merge;
pub(crate) mod methods;
mod numbers;
mod paths;
mod random;
mod reflect;
mod regexes;
mod semvers;
mod strings;
mod toml;
mod urls;
mod words;
mod wrap;
mod yaml;

use crate::exec::Failure;
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(crate) use crate::exec::Context;

/// A function as templates see it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Of a variadic function the last one may occur any number of times.
    pub(crate) parameters: &'static [Type],
    pub(crate) variadic: bool,
    pub(crate) run: Run,
}

/// Go's type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// `interface {}`
    Any,
    /// `reflect.Value`: as `Any`, for the builtins, which tell a nil interface from no value.
    Reflect,
    Text,
    Int,
    Float,
    Bool,
    /// `map[string]interface {}`
    Map,
    Time,
    /// No value is one; constants are held as `Int`.
    Uint32,
    /// `*semver.Version`
    Version,
}

#[derive(Clone, Copy)]
pub(crate) enum Run {
    Pure(fn(&[Value]) -> Result<Value, String>),
    Context(fn(&mut Context<'_, '_>, &[Value]) -> Result<Value, Failure>),
    /// Arguments are evaluated one by one.
    Lazy(Lazy),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lazy {
    And,
    Or,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Run::Pure(_) => "Pure",
            Run::Context(_) => "Context",
            Run::Lazy(_) => "Lazy",
        })
    }
}

impl Function {
    /// The type of the argument at that place, the receiver of a method not counted.
    pub(crate) fn parameter(&self, at: usize) -> Type {
        let last = self.parameters.len().saturating_sub(1);
        self.parameters.get(at.min(last)).copied().unwrap_or(Type::Any)
    }
}

impl Type {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Type::Any => "interface {}",
            Type::Reflect => "reflect.Value",
            Type::Text => "string",
            Type::Int => "int",
            Type::Float => "float64",
            Type::Bool => "bool",
            Type::Map => "map[string]interface {}",
            Type::Time => "time.Time",
            Type::Uint32 => "uint32",
            Type::Version => "*semver.Version",
        }
    }

    /// What a constant in this place must be.
    pub(crate) fn constant(self) -> &'static str {
        match self {
            Type::Int => "integer",
            Type::Float => "float",
            Type::Uint32 => "unsigned integer",
            _ => self.name(),
        }
    }
}

/// A function by its name in templates.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static TABLE: OnceLock<BTreeMap<&'static str, &'static Function>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let modules = [
            aes::FUNCTIONS,
            builtin::FUNCTIONS,
            compare::FUNCTIONS,
            convert::FUNCTIONS,
            crypto::FUNCTIONS,
            dates::FUNCTIONS,
            defaults::FUNCTIONS,
            derive::FUNCTIONS,
            dicts::FUNCTIONS,
            encode::FUNCTIONS,
            engine::FUNCTIONS,
            escape::FUNCTIONS,
            float_math::FUNCTIONS,
            lists::FUNCTIONS,
            merge::FUNCTIONS,
            numbers::FUNCTIONS,
            paths::FUNCTIONS,
            random::FUNCTIONS,
            regexes::FUNCTIONS,
            reflect::FUNCTIONS,
            semvers::FUNCTIONS,
            strings::FUNCTIONS,
            toml::FUNCTIONS,
            urls::FUNCTIONS,
            words::FUNCTIONS,
            wrap::FUNCTIONS,
            yaml::FUNCTIONS,
        ];
        modules.into_iter().flatten().map(|function| (function.name, function)).collect()
    });
    table.get(name).copied()
}

const fn pure(
    name: &'static str,
    parameters: &'static [Type],
    run: fn(&[Value]) -> Result<Value, String>,
) -> Function {
    Function { name, parameters, variadic: false, run: Run::Pure(run) }
}

const fn variadic(
    name: &'static str,
    parameters: &'static [Type],
    run: fn(&[Value]) -> Result<Value, String>,
) -> Function {
    Function { name, parameters, variadic: true, run: Run::Pure(run) }
}

const fn with_context(
    name: &'static str,
    parameters: &'static [Type],
    run: fn(&mut Context<'_, '_>, &[Value]) -> Result<Value, Failure>,
) -> Function {
    Function { name, parameters, variadic: false, run: Run::Context(run) }
}

pub(crate) use dicts::copy as copy_value;
/// What Helm's loader and sorter use, too.
pub(crate) use paths::clean as clean_path;
pub(crate) use yaml::{Unread, parse as parse_yaml};
