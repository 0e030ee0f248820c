//! Events to nodes: anchors, merge keys, types, duplicate keys and limits. No recursion: the stack is a vector.
use crate::event::{Event, Parser, SyntaxError};
use crate::key::key_text;
use crate::mapping::{MappingFrame, binary, scalar_value};
use crate::resolve::{Scalar, Tag, resolve, resolve_tagged};
use crate::{Limits, Node, NodeValue};
use mainstay_diagnostic::{Code, Position, Span, codes::yaml};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is wrong, before the file's name and text are added.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) code: &'static Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), hint: None }
    }
}

impl From<SyntaxError> for Problem {
    fn from(error: SyntaxError) -> Self {
        Self::new(&yaml::SYNTAX, Span::new(error.at, error.at), error.message)
    }
}

/// What is left of a file's limits.
pub(crate) struct Budget<'l> {
    pub(crate) limits: &'l Limits,
    nodes: usize,
    aliases: usize,
}

impl<'l> Budget<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self { limits, nodes: 0, aliases: 0 }
    }

    pub(crate) fn take_nodes(&mut self, count: usize, span: Span) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(count);
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        let message = format!("the file expands to more than {} nodes", self.limits.nodes);
        Err(Problem::new(&yaml::LIMIT, span, message))
    }

    pub(crate) fn check_depth(&self, depth: usize, span: Span) -> Result<(), Problem> {
        let limit = self.limits.depth.min(Limits::MAX_DEPTH);
        if depth <= limit {
            return Ok(());
        }
        Err(Problem::new(&yaml::LIMIT, span, format!("nested deeper than {limit} levels")))
    }

    fn take_alias(&mut self, span: Span) -> Result<(), Problem> {
        self.aliases += 1;
        if self.aliases <= self.limits.aliases {
            return Ok(());
        }
        Err(Problem::new(&yaml::LIMIT, span, format!("more than {} aliases", self.limits.aliases)))
    }
}

/// Reads one document to its end. `Ok(None)` is a document without any content. What lets reading go on is pushed to
/// `problems`; what doesn't is the error.
pub(crate) fn compose<'a>(
    parser: &mut Parser<'a>,
    budget: &mut Budget<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Option<Node>, Problem> {
    let mut composer = Composer { budget, problems, stack: Vec::new(), anchors: BTreeMap::new(), root: None };
    loop {
        let (event, span) = parser.next()?;
        match event {
            Event::Scalar { text, plain, tag, anchor } => composer.scalar(text, plain, tag, anchor, span)?,
            Event::Alias(name) => composer.alias(name, span)?,
            Event::SequenceStart(anchor) => composer.open(Open::Sequence(Vec::new()), anchor, span)?,
            Event::MappingStart(anchor) => {
                composer.open(Open::Mapping(MappingFrame::default()), anchor, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => composer.close(span)?,
            Event::DocumentEnd | Event::StreamEnd => return Ok(composer.root),
        }
    }
}

struct Composer<'a, 'b, 'l> {
    budget: &'b mut Budget<'l>,
    problems: &'b mut Vec<Problem>,
    stack: Vec<Frame<'a>>,
    /// `None` while the anchored node is still open: an alias there would contain itself.
    anchors: BTreeMap<&'a str, Option<Anchored>>,
    root: Option<Node>,
}

struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Frame<'a> {
    open: Open,
    anchor: Option<&'a str>,
    start: Position,
    end: Position,
    /// The budget's nodes when this one began.
    nodes: usize,
    /// Levels below this one.
    depth: usize,
}

enum Open {
    Sequence(Vec<Node>),
    Mapping(MappingFrame),
}

impl<'a> Composer<'a, '_, '_> {
    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        plain: bool,
        tag: Option<Tag>,
        anchor: Option<&'a str>,
        span: Span,
    ) -> Result<(), Problem> {
        self.budget.take_nodes(1, span)?;
        let scalar = match tag {
            None if plain => resolve(&text),
            None => Scalar::Text,
            Some(tag) => resolve_tagged(tag, &text).map_err(|is| {
                // Not the text itself: it may be a secret.
                let message = format!("a {} cannot be read as {}", is.short(), tag.short());
                Problem::new(&yaml::SYNTAX, span, message)
            })?,
        };
        if let Some(mapping) = self.awaits_key() {
            let merge = text == "<<" && (tag == Some(Tag::Merge) || tag.is_none() && plain);
            let key = match scalar {
                _ if merge => None,
                Scalar::Text if tag == Some(Tag::Binary) => Some(binary(&text, span)?),
                scalar => key_text(scalar, &text),
            };
            let refused = key.is_none() && !merge;
            mapping.set_key(key, merge, span);
            if refused {
                self.refuse_key(span);
            }
            if anchor.is_none() {
                return Ok(());
            }
            let value = scalar_value(scalar, text, tag, span, self.problems)?;
            return self.keep(anchor, &Node { span, value }, 1, 0);
        }
        let value = scalar_value(scalar, text, tag, span, self.problems)?;
        self.done(Node { span, value }, anchor, 1, 0, false)
    }

    fn alias(&mut self, name: &str, span: Span) -> Result<(), Problem> {
        self.budget.take_alias(span)?;
        let (node, nodes, depth) = match self.anchors.get(name) {
            Some(Some(anchored)) => {
                self.budget.check_depth(self.stack.len() + anchored.depth, span)?;
                self.budget.take_nodes(anchored.nodes, span)?;
                (Node { span, value: anchored.node.value.clone() }, anchored.nodes, anchored.depth)
            }
            Some(None) => {
                return Err(Problem::new(&yaml::SYNTAX, span, format!("anchor `{name}` contains itself")));
            }
            None => {
                return Err(Problem::new(&yaml::SYNTAX, span, format!("unknown anchor `{name}`")));
            }
        };
        let Some(mapping) = self.awaits_key() else { return self.done(node, None, nodes, depth, true) };
        let key = match &node.value {
            NodeValue::String(text) => Some(text.clone()),
            NodeValue::Bool(value) => Some(value.to_string()),
            NodeValue::Int(value) => Some(value.to_string()),
            NodeValue::Float(value) => Some(crate::number::format_float32(*value)),
            NodeValue::Null | NodeValue::Uint(_) | NodeValue::Sequence(_) | NodeValue::Mapping(_) => None,
        };
        let refused = key.is_none();
        mapping.set_key(key, false, span);
        if refused {
            self.refuse_key(span);
        }
        Ok(())
    }

    fn refuse_key(&mut self, span: Span) {
        let message = "this key is not a string, and JSON has no other keys";
        self.problems.push(Problem::new(&yaml::KEY_TYPE, span, message));
    }

    fn open(&mut self, open: Open, anchor: Option<&'a str>, span: Span) -> Result<(), Problem> {
        let nodes = self.budget.nodes;
        self.budget.take_nodes(1, span)?;
        self.budget.check_depth(self.stack.len() + 1, span)?;
        if let Some(name) = anchor {
            self.anchors.insert(name, None);
        }
        self.stack.push(Frame { open, anchor, start: span.start, end: span.end, nodes, depth: 0 });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Problem> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        // A flow collection ends with its bracket; a block one has no last character of its own.
        let end = if span.start < span.end { span.end } else { frame.end };
        let value = match frame.open {
            Open::Sequence(items) => NodeValue::Sequence(items),
            Open::Mapping(mapping) => NodeValue::Mapping(mapping.into_entries()),
        };
        let node = Node { span: Span::new(frame.start, end.max(frame.start)), value };
        let nodes = self.budget.nodes - frame.nodes;
        self.done(node, frame.anchor, nodes, frame.depth + 1, false)
    }

    fn done(
        &mut self,
        node: Node,
        anchor: Option<&'a str>,
        nodes: usize,
        depth: usize,
        alias: bool,
    ) -> Result<(), Problem> {
        self.keep(anchor, &node, nodes, depth)?;
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.depth = frame.depth.max(depth);
        frame.end = frame.end.max(node.span.end);
        match &mut frame.open {
            Open::Sequence(items) => items.push(node),
            Open::Mapping(mapping) if mapping.awaits_key() => {
                let span = node.span;
                mapping.set_key(None, false, span);
                self.refuse_key(span);
            }
            Open::Mapping(mapping) => mapping.set_value(node, alias, self.problems)?,
        }
        Ok(())
    }

    fn keep(
        &mut self,
        anchor: Option<&'a str>,
        node: &Node,
        nodes: usize,
        depth: usize,
    ) -> Result<(), Problem> {
        let Some(name) = anchor else { return Ok(()) };
        self.budget.take_nodes(nodes, node.span)?;
        self.anchors.insert(name, Some(Anchored { node: node.clone(), nodes, depth }));
        Ok(())
    }

    fn awaits_key(&mut self) -> Option<&mut MappingFrame> {
        match &mut self.stack.last_mut()?.open {
            Open::Mapping(mapping) if mapping.awaits_key() => Some(mapping),
            Open::Mapping(_) | Open::Sequence(_) => None,
        }
    }
}
