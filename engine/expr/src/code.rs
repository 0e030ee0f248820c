//! A checked expression: every name is resolved, every call knows its function.

use crate::ast::Loop;
use crate::functions::Function;
use crate::value::Value;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub at: usize,
    pub op: Op,
}

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Constant(Value),
    Variable(Arc<str>),
    /// A loop's variable, by its place on the stack of those in scope.
    Local(usize),
    Select {
        operand: Box<Code>,
        field: Arc<str>,
        optional: bool,
    },
    Has {
        operand: Box<Code>,
        field: Arc<str>,
    },
    Index {
        operand: Box<Code>,
        index: Box<Code>,
        optional: bool,
    },
    Call {
        function: &'static Function,
        args: Vec<Code>,
    },
    And(Vec<Code>),
    Or(Vec<Code>),
    Conditional(Box<[Code; 3]>),
    List(Vec<(Code, bool)>),
    Map(Vec<(Code, Code, bool)>),
    Comprehension(Box<Repeat>),
    Bind {
        value: Box<Code>,
        body: Box<Code>,
    },
    OptMap {
        target: Box<Code>,
        body: Box<Code>,
        flat: bool,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Repeat {
    pub kind: Loop,
    pub range: Code,
    /// Whether a second variable is in scope.
    pub two: bool,
    pub filter: Option<Code>,
    pub body: Code,
}
