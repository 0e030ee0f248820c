//! Resource files: split at `---` lines as kyaml does, read by the loader that all of Mainstay shares, and typed as
//! go-yaml v3 types: the text of every scalar is looked up in the source again.
use crate::limits::Limits;
use crate::node::Node;
use crate::problem::Problem;
use crate::scalar::{Scalar, Tag};
use mainstay_diagnostic::codes::yaml;
use mainstay_diagnostic::{Position, Span};
use mainstay_yaml::NodeValue;
use std::collections::HashMap;

/// A document and where it begins and ends.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) node: Node,
    pub(crate) span: Span,
}

/// All documents that hold anything.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Read>, Problem> {
    if bytes.len() > limits.file_bytes {
        let message = format!("the file has {} bytes; the limit is {}", bytes.len(), limits.file_bytes);
        return Err(Problem::new(&yaml::LIMIT, message));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|e| Problem::new(&yaml::NOT_UTF8, format!("the file is not UTF-8 text: {e}")))?;
    let text = text.replace("\r\n", "\n");
    let mut left = limits.yaml();
    let mut found = Vec::new();
    for (part, first_line) in split(&text)? {
        let loaded = mainstay_yaml::load("", part.as_bytes(), &left);
        let lines = first_line - 1;
        if let Some(error) = loaded.diagnostics.errors().next() {
            let mut problem = Problem::new(error.code, error.message.clone());
            problem.hint.clone_from(&error.hint);
            problem.span = error.location.as_ref().and_then(|l| l.span).map(|span| down(span, lines));
            return Err(problem);
        }
        if let Some(mut document) = loaded.documents.into_iter().next() {
            end_as_written(&mut document.root, part);
            let mut source = Source::new(part);
            let node = source.node(&document.root);
            left.nodes = left.nodes.saturating_sub(node.count());
            if !node.is_null() {
                found.push(Read { node, span: down(document.root.span, lines) });
            }
        }
    }
    Ok(found)
}

/// A block that ends a text without a last line break has none either.
pub(crate) fn end_as_written(root: &mut mainstay_yaml::Node, text: &str) {
    if text.ends_with('\n') {
        return;
    }
    let source = Source::new(text);
    let mut node = root;
    loop {
        match &mut node.value {
            NodeValue::Sequence(items) => match items.last_mut() {
                Some(last) => node = last,
                None => return,
            },
            NodeValue::Mapping(entries) => match entries.last_mut() {
                Some((_, last)) => node = last,
                None => return,
            },
            NodeValue::String(value) => {
                if source.slice(node.span).starts_with(['|', '>']) && value.ends_with('\n') {
                    value.pop();
                }
                return;
            }
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Int(_)
            | NodeValue::Uint(_)
            | NodeValue::Float(_) => return,
        }
    }
}

fn down(span: Span, lines: u32) -> Span {
    let by = |p: Position| Position::new(p.line.saturating_add(lines), p.column);
    Span::new(by(span.start), by(span.end))
}

/// The parts between separator lines, and the line each begins at. A separator line within the text begins with `---`
/// and ends with a line break; only a comment may follow on it.
fn split(text: &str) -> Result<Vec<(&str, u32)>, Problem> {
    let mut parts = Vec::new();
    let (mut start, mut first, mut line) = (0, 1, 1);
    let mut at = 0;
    for content in text.split_inclusive('\n') {
        if at > start && content.starts_with("---") && content.ends_with('\n') {
            let rest = content[3..].trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let message = format!("invalid document separator: {}", content.trim());
                return Err(Problem::new(&yaml::SYNTAX, message).at(Span::point(line, 1)));
            }
            parts.push((&text[start..at], first));
            start = at + content.len();
            first = line + 1;
        }
        at += content.len();
        line += 1;
    }
    parts.push((&text[start..], first));
    Ok(parts)
}

/// A document's text, to look scalars up in.
struct Source<'t> {
    lines: Vec<&'t str>,
    /// Scalars by their anchors: an alias stands for what was written there.
    anchors: HashMap<&'t str, Scalar>,
    /// Within brackets or braces.
    flow: bool,
    /// There may be comments.
    comments: bool,
}

impl<'t> Source<'t> {
    fn new(text: &'t str) -> Self {
        let lines = text.split('\n').collect();
        Self { lines, anchors: HashMap::new(), flow: false, comments: text.contains('#') }
    }

    /// Whether nothing but a comment follows on a key, a bracket or a brace, and the colon or comma behind it.
    fn comment_at(&self, end: Position) -> bool {
        let Some(line) = self.lines.get(end.line.saturating_sub(1) as usize) else { return false };
        let rest = line.get(column(line, end.column)..).unwrap_or_default();
        let trimmed = rest.trim_start();
        match trimmed.strip_prefix([':', ',']) {
            Some(more) => more.starts_with([' ', '\t']) && more.trim_start().starts_with('#'),
            None => trimmed.len() < rest.len() && trimmed.starts_with('#'),
        }
    }

    fn node(&mut self, node: &mainstay_yaml::Node) -> Node {
        let outside = self.flow;
        let brackets = matches!(node.value, NodeValue::Sequence(_) | NodeValue::Mapping(_))
            && self.slice(node.span).starts_with(['[', '{']);
        self.flow |= brackets;
        let mut read = self.value(node);
        self.flow = outside;
        if brackets {
            let comment = self.comments && self.comment_at(node.span.end);
            match &mut read {
                Node::Seq(items) => (items.flow, items.comment) = (true, comment),
                Node::Map(entries) => (entries.flow, entries.comment) = (true, comment),
                Node::Scalar(_) => {}
            }
        }
        read
    }

    fn value(&mut self, node: &mainstay_yaml::Node) -> Node {
        match &node.value {
            NodeValue::Sequence(items) => Node::seq(items.iter().map(|item| self.node(item)).collect()),
            NodeValue::Mapping(entries) => Node::map(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let known = NodeValue::String(key.text.clone());
                        let mut name = self.scalar(key.span, &known);
                        name.comment = self.comments && !self.flow && self.comment_at(key.span.end);
                        (name, self.node(value))
                    })
                    .collect(),
            ),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Int(_)
            | NodeValue::Uint(_)
            | NodeValue::Float(_)
            | NodeValue::String(_) => Node::Scalar(self.scalar(node.span, &node.value)),
        }
    }

    fn scalar(&mut self, span: Span, value: &NodeValue) -> Scalar {
        let mut written = self.slice(span);
        let mut anchor = None;
        let mut tagged = false;
        while let Some(mark) = written.chars().next().filter(|c| matches!(c, '&' | '!')) {
            let end = written.find(char::is_whitespace).unwrap_or(written.len());
            match mark {
                '&' => anchor = Some(&written[1..end]),
                _ => tagged = true,
            }
            written = written[end..].trim_start();
        }
        let aliased = written.strip_prefix('*').and_then(|name| self.anchors.get(name.trim_end()));
        if let Some(scalar) = aliased {
            return scalar.clone();
        }
        let plain = !written.starts_with(['"', '\'', '|', '>']);
        let scalar = match value {
            _ if tagged => canonical(value),
            NodeValue::String(text) if !plain => {
                Scalar { folded: written.starts_with('>'), ..Scalar::read(text.clone(), false) }
            }
            // Text over several lines is folded; what is typed otherwise stands on one.
            NodeValue::String(text) if span.start.line != span.end.line => Scalar::read(text.clone(), true),
            _ => Scalar::read(written.trim_end().to_owned(), true),
        };
        // kustomize writes it in brackets once more, where a colon needs quotes.
        let scalar = match scalar.tag {
            Tag::Timestamp if self.flow && plain && scalar.text.contains(':') => {
                Scalar::read(scalar.text, false)
            }
            _ => scalar,
        };
        if let Some(name) = anchor {
            self.anchors.insert(name, scalar.clone());
        }
        scalar
    }

    /// What stands at a span, up to the end of its first line.
    fn slice(&self, span: Span) -> &'t str {
        let Some(line) = self.lines.get(span.start.line.saturating_sub(1) as usize) else { return "" };
        let line: &'t str = line;
        let start = column(line, span.start.column);
        let end = if span.end.line == span.start.line { column(line, span.end.column) } else { line.len() };
        line.get(start..end.max(start)).unwrap_or_default()
    }
}

/// Where a column begins.
fn column(line: &str, column: u32) -> usize {
    let column = column.saturating_sub(1) as usize;
    if line.is_ascii() {
        return column.min(line.len());
    }
    line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

/// A scalar whose type its tag says.
fn canonical(value: &NodeValue) -> Scalar {
    match value {
        NodeValue::Null => Scalar::null(),
        NodeValue::Bool(b) => Scalar::tagged(Tag::Bool, b.to_string()),
        NodeValue::Int(n) => Scalar::tagged(Tag::Int, n.to_string()),
        NodeValue::Uint(n) => Scalar::tagged(Tag::Int, n.to_string()),
        NodeValue::Float(f) => Scalar::tagged(Tag::Float, f.to_string()),
        NodeValue::String(text) => Scalar::string(text.as_str()),
        NodeValue::Sequence(_) | NodeValue::Mapping(_) => Scalar::string(""),
    }
}
