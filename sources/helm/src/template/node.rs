//! A parsed template. Positions are offsets of bytes; [`Source`] turns them into lines and columns.
use super::Number;
use crate::funcs::Function;
use crate::text::Text;
use std::rc::Rc;

/// The text that a template was parsed from.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Rc<str>,
    pub(crate) text: String,
}

/// What one `define`, `block` or file holds.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: Rc<str>,
    pub(crate) source: Rc<Source>,
    pub(crate) root: Vec<Node>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(Text),
    Action(Pipe),
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template { pos: usize, name: Rc<str>, pipe: Option<Pipe> },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: usize,
    /// `=` rather than `:=`.
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<Rc<str>>,
    pub(crate) commands: Vec<Command>,
}

/// A function with its arguments, or one operand. Never empty.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) first: Expr,
    pub(crate) arguments: Vec<Expr>,
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) pos: usize,
    pub(crate) end: usize,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(Text),
    /// `.a.b`
    Field(Vec<Text>),
    /// `$x.a.b`
    Variable(Rc<str>, Vec<Text>),
    Function(&'static Function),
    Pipe(Box<Pipe>),
    /// `(pipeline).a.b`
    Chain(Box<Expr>, Vec<Text>),
}

impl Source {
    /// Line and column, both from one; the column counts characters.
    pub(crate) fn place(&self, pos: usize) -> (u32, u32) {
        let before = self.text.get(..pos).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// Whether a template only defines others: then it replaces none of its name.
pub(super) fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| matches!(node, Node::Text(text) if text.as_bytes().trim_ascii().is_empty()))
}

impl Tree {
    pub(crate) fn is_empty(&self) -> bool {
        is_empty(&self.root)
    }
}
