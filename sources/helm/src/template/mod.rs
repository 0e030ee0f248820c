//! The language of Go's text/template: its grammar and nothing of its evaluation.
mod lex;
mod node;
mod number;
mod parse;
#[cfg(test)]
mod tests;
mod unquote;

pub(crate) use node::{Branch, Command, Expr, ExprKind, Node, Pipe, Source, Tree};
pub(crate) use number::Number;
pub(crate) use parse::parse;
