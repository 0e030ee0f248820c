//! One template being executed: its output, its variables, its nodes.
use super::{Engine, Error, Failure, NO_VALUE, Place, Set};
use crate::fmt::display_into;
use crate::template::{Branch, Command, Expr, ExprKind, Node, Number, Pipe, Tree};
use crate::text::Text;
use crate::value::{Object, Value};
use std::rc::Rc;

pub(super) type Result<T> = std::result::Result<T, Error>;

pub(super) struct State<'s, 'a> {
    pub(super) engine: &'s mut Engine<'a>,
    pub(super) set: Rc<Set>,
    tree: Rc<Tree>,
    root: Value,
    pub(super) out: Vec<u8>,
    variables: Vec<(Rc<str>, Value)>,
}

enum Flow {
    On,
    Break,
    Continue,
}

impl<'s, 'a> State<'s, 'a> {
    pub(super) fn new(engine: &'s mut Engine<'a>, set: Rc<Set>, tree: Rc<Tree>, data: Value) -> Self {
        let variables = vec![("$".into(), data.clone())];
        Self { engine, set, tree, root: data, out: Vec::new(), variables }
    }

    pub(super) fn run(&mut self) -> Result<()> {
        let tree = self.tree.clone();
        let root = self.root.clone();
        self.nodes(&root, &tree.root).map(|_| ())
    }

    pub(super) fn error(&self, pos: usize, end: usize, failure: Failure) -> Error {
        let (line, column) = self.tree.source.place(pos);
        let snippet = self.tree.source.text.get(pos..end).unwrap_or_default();
        let snippet = snippet.lines().next().unwrap_or_default().trim();
        let (message, cause) = match failure {
            Failure::Message(message) => (message.to_string(), None),
            Failure::Nested(cause) => ("error calling it".to_owned(), Some(cause)),
        };
        Error {
            at: Place { file: self.tree.source.name.to_string(), line, column },
            template: self.tree.name.to_string(),
            snippet: snippet.to_owned(),
            message,
            cause,
        }
    }

    fn spend(&mut self, pos: usize) -> Result<()> {
        self.engine.spend(1).map_err(|failure| self.error(pos, pos, failure))
    }

    fn nodes(&mut self, dot: &Value, nodes: &[Node]) -> Result<Flow> {
        self.engine.enter().map_err(|failure| self.error(0, 0, failure))?;
        let flow = on_enough_stack(|| self.each(dot, nodes));
        self.engine.leave();
        flow
    }

    fn each(&mut self, dot: &Value, nodes: &[Node]) -> Result<Flow> {
        for node in nodes {
            match self.node(dot, node)? {
                Flow::On => {}
                flow @ (Flow::Break | Flow::Continue) => return Ok(flow),
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, dot: &Value, node: &Node) -> Result<Flow> {
        match node {
            Node::Text(text) => self.write(0, text.as_bytes())?,
            Node::Action(pipe) => {
                let value = self.pipeline(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.print(pipe.pos, &value)?;
                }
            }
            Node::If(branch) | Node::With(branch) => {
                let known = self.variables.len();
                let value = self.pipeline(dot, &branch.pipe)?;
                let flow = if value.is_true() {
                    let dot = if matches!(node, Node::With(_)) { &value } else { dot };
                    self.nodes(dot, &branch.list)?
                } else {
                    self.otherwise(dot, branch)?
                };
                self.variables.truncate(known);
                return Ok(flow);
            }
            Node::Range(branch) => {
                let known = self.variables.len();
                let flow = self.range(dot, branch)?;
                self.variables.truncate(known);
                return Ok(flow);
            }
            Node::Template { pos, name, pipe } => {
                let Some(tree) = self.set.get(name) else {
                    return Err(self.error(*pos, *pos, format!("template {name:?} not defined").into()));
                };
                let data = match pipe {
                    Some(pipe) => self.pipeline(dot, pipe)?,
                    None => Value::None,
                };
                let out = self.engine.run(&self.set, tree, data);
                let out = out.map_err(|failure| self.error(*pos, *pos, failure))?;
                self.out.extend_from_slice(&out);
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn otherwise(&mut self, dot: &Value, branch: &Branch) -> Result<Flow> {
        match &branch.otherwise {
            Some(nodes) => self.nodes(dot, nodes),
            None => Ok(Flow::On),
        }
    }

    fn range(&mut self, dot: &Value, branch: &Branch) -> Result<Flow> {
        let pipe = &branch.pipe;
        let value = self.pipeline(dot, pipe)?;
        let mark = self.variables.len();
        let mut ran = false;
        match &value {
            Value::Int(count) | Value::Int64(count) => {
                if pipe.variables.len() > 1 {
                    let message = format!("can't use {count} to iterate over more than one variable");
                    return Err(self.error(pipe.pos, pipe.pos, message.into()));
                }
                for i in 0..*count {
                    ran = true;
                    let item = if let Value::Int(_) = value { Value::Int(i) } else { Value::Int64(i) };
                    if let Flow::Break = self.iteration(branch, mark, Value::None, item)? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::List(list) => {
                for (i, item) in list.items().iter().enumerate() {
                    ran = true;
                    if let Flow::Break = self.iteration(branch, mark, index(i), item.clone())? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::Bytes(bytes) => {
                for (i, byte) in bytes.as_bytes().iter().enumerate() {
                    ran = true;
                    if let Flow::Break = self.iteration(branch, mark, index(i), Value::Uint8(*byte))? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.snapshot() {
                    ran = true;
                    if let Flow::Break = self.iteration(branch, mark, Value::Text(key), item)? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::Object(Object::Files(files)) => {
                for (name, bytes) in &files.0 {
                    ran = true;
                    let (key, item) = (Value::Text(name.clone()), Value::Bytes(bytes.clone()));
                    if let Flow::Break = self.iteration(branch, mark, key, item)? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::None | Value::Nil => {}
            Value::Bool(_)
            | Value::Uint8(_)
            | Value::Uint64(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Object(_) => {
                let shown = crate::fmt::display(&value).unwrap_or_default();
                let message = format!("range can't iterate over {}", String::from_utf8_lossy(&shown));
                return Err(self.error(pipe.pos, pipe.pos, message.into()));
            }
        }
        if ran { Ok(Flow::On) } else { self.otherwise(dot, branch) }
    }

    fn iteration(&mut self, branch: &Branch, mark: usize, index: Value, item: Value) -> Result<Flow> {
        let pipe = &branch.pipe;
        self.spend(pipe.pos)?;
        match (&pipe.variables[..], pipe.assigns) {
            ([], _) => {}
            ([one], true) => self.assign(one, item.clone()),
            ([first, second, ..], true) => {
                self.assign(first, index);
                self.assign(second, item.clone());
            }
            ([_], false) => self.variables[mark - 1].1 = item.clone(),
            ([_, _, ..], false) => {
                self.variables[mark - 1].1 = item.clone();
                self.variables[mark - 2].1 = index;
            }
        }
        let flow = self.nodes(&item, &branch.list)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn assign(&mut self, name: &str, value: Value) {
        // The parser has seen that the variable exists.
        if let Some((_, slot)) = self.variables.iter_mut().rev().find(|(known, _)| &**known == name) {
            *slot = value;
        }
    }

    pub(super) fn variable(&self, name: &str) -> Value {
        let found = self.variables.iter().rev().find(|(known, _)| &**known == name);
        found.map_or(Value::None, |(_, value)| value.clone())
    }

    fn write(&mut self, pos: usize, bytes: &[u8]) -> Result<()> {
        self.engine.make(bytes.len()).map_err(|failure| self.error(pos, pos, failure))?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn print(&mut self, pos: usize, value: &Value) -> Result<()> {
        if value.is_nil() {
            return self.write(pos, NO_VALUE);
        }
        if let Value::Object(Object::Struct(object)) = value
            && let Some(text) = &object.string
        {
            return self.write(pos, text.as_bytes());
        }
        let before = self.out.len();
        display_into(&mut self.out, value).map_err(|message| self.error(pos, pos, message.into()))?;
        let made = self.out.len() - before;
        self.engine.make(made).map_err(|failure| self.error(pos, pos, failure))
    }

    pub(super) fn pipeline(&mut self, dot: &Value, pipe: &Pipe) -> Result<Value> {
        self.spend(pipe.pos)?;
        self.engine.enter().map_err(|failure| self.error(pipe.pos, pipe.pos, failure))?;
        let value = on_enough_stack(|| self.commands(dot, pipe));
        self.engine.leave();
        value
    }

    fn commands(&mut self, dot: &Value, pipe: &Pipe) -> Result<Value> {
        let mut value: Option<Value> = None;
        for command in &pipe.commands {
            let result = self.command(dot, command, value)?;
            // A nil in an interface is no value once it leaves the command.
            value = Some(if let Value::Nil = result { Value::None } else { result });
        }
        let value = value.unwrap_or(Value::None);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone());
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &Command, last: Option<Value>) -> Result<Value> {
        let first = &command.first;
        let arguments = &command.arguments[..];
        match &first.kind {
            ExprKind::Field(path) => return self.fields(dot, dot.clone(), path, first, arguments, last),
            ExprKind::Chain(inner, path) => {
                let receiver = self.chain_receiver(dot, inner)?;
                return self.fields(dot, receiver, path, first, arguments, last);
            }
            ExprKind::Function(function) => return self.function(dot, function, first, arguments, last),
            ExprKind::Variable(name, path) if !path.is_empty() => {
                let receiver = self.variable(name);
                return self.fields(dot, receiver, path, first, arguments, last);
            }
            ExprKind::Pipe(_)
            | ExprKind::Variable(..)
            | ExprKind::Dot
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Text(_) => {}
        }
        if !arguments.is_empty() || last.is_some() {
            let snippet = self.snippet(first);
            let message = format!("can't give argument to non-function {snippet}");
            return Err(self.error(first.pos, first.end, message.into()));
        }
        if let ExprKind::Nil = first.kind {
            return Err(self.error(first.pos, first.end, "nil is not a command".into()));
        }
        self.any(dot, first)
    }

    pub(super) fn chain_receiver(&mut self, dot: &Value, inner: &Expr) -> Result<Value> {
        if let ExprKind::Nil = inner.kind {
            return Err(self.error(inner.pos, inner.end, "indirection through explicit nil".into()));
        }
        self.any(dot, inner)
    }

    /// A value where any type will do.
    pub(super) fn any(&mut self, dot: &Value, expr: &Expr) -> Result<Value> {
        Ok(match &expr.kind {
            ExprKind::Dot => dot.clone(),
            ExprKind::Nil => Value::None,
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Text(text) => Value::Text(text.clone()),
            ExprKind::Number(number) => self.ideal(expr, number)?,
            ExprKind::Field(path) => self.fields(dot, dot.clone(), path, expr, &[], None)?,
            ExprKind::Variable(name, path) => {
                let value = self.variable(name);
                if path.is_empty() { value } else { self.fields(dot, value, path, expr, &[], None)? }
            }
            ExprKind::Function(function) => self.function(dot, function, expr, &[], None)?,
            ExprKind::Pipe(pipe) => self.pipeline(dot, pipe)?,
            ExprKind::Chain(inner, path) => {
                let receiver = self.chain_receiver(dot, inner)?;
                self.fields(dot, receiver, path, expr, &[], None)?
            }
        })
    }

    /// A constant without a type: a float if it is written like one, else an int.
    fn ideal(&self, expr: &Expr, number: &Number) -> Result<Value> {
        match (number.ideal_float, number.float, number.int) {
            (true, Some(value), _) => Ok(Value::Float(value)),
            (_, _, Some(value)) => Ok(Value::Int(value)),
            (_, _, None) => {
                let message = format!("{} overflows int", self.snippet(expr));
                Err(self.error(expr.pos, expr.end, message.into()))
            }
        }
    }

    pub(super) fn snippet(&self, expr: &Expr) -> String {
        self.tree.source.text.get(expr.pos..expr.end).unwrap_or_default().to_owned()
    }
}

fn index(i: usize) -> Value {
    Value::Int(i64::try_from(i).unwrap_or(i64::MAX))
}

/// More stack where little is left: a template nests deeper than a thread of the caller may allow.
fn on_enough_stack<T>(run: impl FnOnce() -> T) -> T {
    const LEAST: usize = 256 << 10;
    const MORE: usize = 4 << 20;
    stacker::maybe_grow(LEAST, MORE, run)
}

/// The text of a path, for messages.
pub(super) fn shown(name: &Text) -> String {
    name.lossy().into_owned()
}
