//! CEL as Kubernetes sets it up: its language, its function library, and limits of size and cost.
//!
//! Absent by design: clocks, files, hash order. A program sees the variables that it is given and nothing else, and it
//! stops within its budget, whatever it says. A function that is not implemented is an error of compilation, never a
//! wrong answer.
//!
//! The language is that of the CEL specification and cel-go; the library is that of `k8s.io/apiserver/pkg/cel`.

mod ast;
mod check;
mod code;
mod error;
mod eval;
mod functions;
mod lexer;
mod library;
mod limits;
mod literal;
mod macros;
mod parser;
#[cfg(test)]
mod tests;
mod time;
mod types;
mod value;

use code::Code;
use eval::Machine;
use eval::meter::{Failure, Meter};
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};

pub use error::{ErrorKind, ExprError};
pub use library::format::Named;
pub use library::network::Cidr;
pub use library::quantity::Quantity;
pub use library::url::Url;
pub use limits::{Budget, MAX_DEPTH, MAX_NODES, MAX_SOURCE};
pub use parser::RESERVED;
pub use time::{Duration, Timestamp};
pub use types::{ObjectType, Type};
pub use value::{Key, List, Map, Merge, Value};

/// What an expression is evaluated with, by name.
pub type Variables = BTreeMap<String, Value>;

/// An expression that was read and checked.
#[derive(Debug, Clone)]
pub struct Program {
    source: String,
    code: Code,
    result: Type,
    patterns: BTreeMap<String, Regex>,
    used: BTreeSet<String>,
}

/// What an expression may speak of.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub variables: BTreeMap<String, Type>,
    /// Whether other names are looked for at evaluation, and missing only then.
    pub open: bool,
    /// Whether the libraries that Kubernetes lacks are there too: base64, math, `cel.bind`.
    pub everything: bool,
}

impl Environment {
    pub fn new(variables: impl IntoIterator<Item = (&'static str, Type)>) -> Self {
        let variables = variables.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
        Self { variables, ..Self::default() }
    }
}

impl Program {
    /// Every problem that is found without evaluating: what cannot be read, names and types that don't fit, patterns
    /// and times that are none.
    pub fn compile(source: &str, environment: &Environment) -> Result<Self, Vec<ExprError>> {
        let node = parser::parse(source, environment.everything)
            .map_err(|wrong| vec![ExprError::new(wrong.kind, source, wrong.at, wrong.message)])?;
        let checked = check::check(source, &node, environment)?;
        Ok(Self {
            source: source.to_owned(),
            code: checked.code,
            result: checked.result,
            patterns: checked.patterns,
            used: checked.used,
        })
    }

    /// The type of its value, as far as it is known.
    pub fn result(&self) -> &Type {
        &self.result
    }

    /// Whether it speaks of a variable.
    pub fn uses(&self, variable: &str) -> bool {
        self.used.contains(variable)
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// The budget is what is left afterwards, also where there is no value.
    pub fn evaluate(&self, variables: &Variables, budget: &mut Budget) -> Result<Value, ExprError> {
        let mut meter = Meter::new(budget.left, &self.patterns);
        let out = Machine { variables, meter: &mut meter, locals: Vec::new() }.run(&self.code);
        budget.left = meter.left;
        out.map_err(|raised| {
            let (kind, message) = match raised.failure {
                Failure::Error(message) => (ErrorKind::Evaluation, message),
                Failure::Exhausted => {
                    (ErrorKind::Budget, "operation cancelled: actual cost limit exceeded".to_owned())
                }
            };
            ExprError::new(kind, &self.source, raised.at, message)
        })
    }
}
