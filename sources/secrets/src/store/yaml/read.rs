//! Reads with the loader that all of Mainstay shares; looks each plain scalar's text up in the source again to type it
//! as go-yaml 3 does, and puts comments where it puts them.

use mainstay_yaml::{Node, NodeValue, Position, Span};

use super::comments::{Comments, Found};
use super::typing::{Plain, resolve};
use crate::format::Format;
use crate::tree::{Branch, Budget, Comment, Entry, Item, Value};
use crate::{Limits, SopsError};

pub(crate) fn load(bytes: &[u8], limits: &Limits) -> Result<Vec<Branch>, SopsError> {
    let wrong = |why: &str, line| SopsError::Syntax { format: Format::Yaml, why: why.to_owned(), line };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("not UTF-8", None))?;
    let yaml = mainstay_yaml::Limits {
        bytes: limits.bytes,
        depth: limits.depth.min(mainstay_yaml::Limits::MAX_DEPTH),
        nodes: limits.nodes,
        ..mainstay_yaml::Limits::default()
    };
    let loaded = mainstay_yaml::load("", bytes, &yaml);
    if let Some(error) = loaded.diagnostics.errors().next() {
        // Its message may quote the document.
        let line = error.location.as_ref().and_then(|location| location.span).map(|span| span.start.line);
        return Err(wrong(&format!("error {}", error.code), line));
    }
    let source = Source::new(text);
    let mut budget = Budget::new(limits);
    let mut branches = Vec::new();
    for (at, document) in loaded.documents.iter().enumerate() {
        let NodeValue::Mapping(entries) = &document.root.value else {
            return Err(wrong("a document that is not a map", Some(document.span.start.line)));
        };
        let (start, _) = source.gap(at.checked_sub(1).map(|at| &loaded.documents[at]), Some(document));
        let (_, at) = source.gap(Some(document), loaded.documents.get(at + 1));
        let end = End { at, column: None };
        let mut covered = Vec::new();
        source.cover(&document.root, &mut covered)?;
        let mut reader = Reader { source: &source, comments: source.comments(start, at, &covered) };
        budget.nodes = budget
            .nodes
            .checked_sub(covered.len() + reader.comments.count())
            .ok_or(SopsError::Limit("values"))?;
        branches.push(reader.branch(entries, end, "")?);
    }
    Ok(branches)
}

/// What follows a collection.
#[derive(Clone, Copy)]
struct End {
    at: usize,
    /// None at the end of the document.
    column: Option<usize>,
}

struct Source<'t> {
    text: &'t str,
    lines: Vec<Line>,
}

struct Line {
    start: usize,
    /// Where every 64th character begins; nothing in a line of ASCII. A file may be one long line.
    marks: Vec<usize>,
}

const STEP: usize = 64;

impl<'t> Source<'t> {
    fn new(text: &'t str) -> Self {
        let mut start = 0;
        let line = |line: &str| {
            let marks = match line.is_ascii() {
                true => Vec::new(),
                false => line.char_indices().step_by(STEP).map(|(at, _)| start + at).collect(),
            };
            let found = Line { start, marks };
            start += line.len();
            found
        };
        let mut lines: Vec<Line> = text.split_inclusive('\n').map(line).collect();
        lines.push(Line { start: text.len(), marks: Vec::new() });
        Self { text, lines }
    }

    /// Where one document ends and the next begins: around the separator between their roots, or at the text's ends.
    fn gap(
        &self,
        before: Option<&mainstay_yaml::Document>,
        after: Option<&mainstay_yaml::Document>,
    ) -> (usize, usize) {
        let from = before.map_or(0, |document| self.line(document.span.start.line));
        let Some(after) = after else { return (self.text.len(), self.text.len()) };
        let to = self.line(after.span.start.line);
        let separator = self.text[from..to].rfind("\n---").map(|at| from + at + 1);
        match (before, separator) {
            (None, _) => (0, 0),
            (Some(_), Some(at)) => (at + 3, at),
            (Some(_), None) => (to, to),
        }
    }

    /// Where a line begins.
    fn line(&self, line: u32) -> usize {
        let at = (line.saturating_sub(1)) as usize;
        self.lines.get(at).map_or(self.text.len(), |line| line.start)
    }

    fn offset(&self, position: Position) -> usize {
        let end = self.line(position.line.saturating_add(1));
        let Some(line) = self.lines.get((position.line.saturating_sub(1)) as usize) else { return end };
        let column = position.column.saturating_sub(1) as usize;
        if line.marks.is_empty() {
            return (line.start + column).min(end);
        }
        let Some(mark) = line.marks.get(column / STEP) else { return end };
        let rest = &self.text[*mark..end];
        mark + rest.char_indices().nth(column % STEP).map_or(rest.len(), |(at, _)| at)
    }

    fn range(&self, span: Span) -> (usize, usize) {
        let start = self.offset(span.start);
        (start, self.offset(span.end).max(start))
    }

    fn written(&self, span: Span) -> &'t str {
        let (start, end) = self.range(span);
        &self.text[start..end]
    }

    fn comments(&self, start: usize, end: usize, covered: &[(usize, usize)]) -> Comments<'t> {
        Comments::find(self.text, start, end, covered)
    }

    /// The ranges of all scalars. Nodes out of order stand elsewhere: behind an alias or a merge key, which SOPS never
    /// writes.
    fn cover(&self, node: &Node, covered: &mut Vec<(usize, usize)>) -> Result<(), SopsError> {
        let elsewhere = || SopsError::Syntax {
            format: Format::Yaml,
            why: "an alias or a merge key, which SOPS does not write".to_owned(),
            line: Some(node.span.start.line),
        };
        let mut add = |span: Span| {
            let (start, end) = self.range(span);
            let in_order = covered.last().is_none_or(|(_, last)| start >= *last);
            if !in_order || self.text[start..].starts_with('*') {
                return Err(elsewhere());
            }
            let header = self.text[start..end].lines().next().unwrap_or_default();
            match header.find('#').filter(|_| header.starts_with(['|', '>'])) {
                // The header of a block may end in a comment.
                Some(hash) => covered.extend([(start, start + hash), (start + header.len(), end)]),
                None => covered.push((start, end)),
            }
            Ok(())
        };
        match &node.value {
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Int(_)
            | NodeValue::Uint(_)
            | NodeValue::Float(_)
            | NodeValue::String(_) => add(node.span),
            NodeValue::Sequence(items) => items.iter().try_for_each(|item| self.cover(item, covered)),
            NodeValue::Mapping(entries) => {
                for (key, value) in entries {
                    let (start, end) = self.range(key.span);
                    if covered.last().is_some_and(|(_, last)| start < *last) {
                        return Err(elsewhere());
                    }
                    covered.push((start, end));
                    self.cover(value, covered)?;
                }
                Ok(())
            }
        }
    }
}

struct Reader<'s, 't> {
    source: &'s Source<'t>,
    comments: Comments<'t>,
}

impl<'t> Reader<'_, 't> {
    /// A map's members; comments up to `end` that are not indented less than it belong to it.
    fn branch(
        &mut self,
        entries: &[(mainstay_yaml::Key, Node)],
        end: End,
        path: &str,
    ) -> Result<Branch, SopsError> {
        let mut branch = Branch::new();
        let column = entries.first().map_or(0, |(key, _)| column(key.span));
        for (at, (key, value)) in entries.iter().enumerate() {
            let start = self.source.offset(key.span.start);
            while let Some(comment) = self.above(start) {
                branch.push(Entry::Comment(comment));
            }
            let name = self.key(key).ok_or_else(|| SopsError::KeyNotText(path.to_owned()))?;
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let next = entries
                .get(at + 1)
                .map_or(end, |(key, _)| End { at: self.source.offset(key.span.start), column: Some(column) });
            let read = match &value.value {
                NodeValue::Mapping(members) => {
                    Value::Map(self.branch(members, self.within(value, next), &below)?)
                }
                NodeValue::Sequence(items) => {
                    Value::List(self.list(items, column_of(value), self.within(value, next), &below)?)
                }
                _ => {
                    let scalar = self.scalar(value, &below)?;
                    while let Some(comment) = self.behind(value) {
                        branch.push(Entry::Comment(comment));
                    }
                    scalar
                }
            };
            branch.push(Entry::Member(name, read));
        }
        while let Some(comment) = self.below(end, column) {
            branch.push(Entry::Comment(comment));
        }
        Ok(branch)
    }

    fn list(&mut self, items: &[Node], column: usize, end: End, path: &str) -> Result<Vec<Item>, SopsError> {
        let mut list = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let start = self.source.offset(item.span.start);
            while let Some(comment) = self.above(start) {
                list.push(Item::Comment(comment));
            }
            let next = items
                .get(at + 1)
                .map_or(end, |item| End { at: self.source.offset(item.span.start), column: Some(column) });
            let read = match &item.value {
                NodeValue::Mapping(members) => {
                    Value::Map(self.branch(members, self.within(item, next), path)?)
                }
                NodeValue::Sequence(items) => {
                    Value::List(self.list(items, column_of(item), self.within(item, next), path)?)
                }
                _ => {
                    let scalar = self.scalar(item, path)?;
                    while let Some(comment) = self.behind(item) {
                        list.push(Item::Comment(comment));
                    }
                    scalar
                }
            };
            list.push(Item::Value(read));
        }
        while let Some(comment) = self.below(end, column) {
            list.push(Item::Comment(comment));
        }
        Ok(list)
    }

    /// Up to where comments may belong to a collection: to its own end where it stands in brackets.
    fn within(&self, node: &Node, next: End) -> End {
        let (start, end) = self.source.range(node.span);
        let brackets = self.source.text[start..].starts_with(['{', '[']);
        if brackets { End { at: end, ..next } } else { next }
    }

    fn above(&mut self, limit: usize) -> Option<Comment> {
        self.comments.take(limit, |_| true).map(|found| found.comment(false))
    }

    /// A comment behind the last member of a collection. Of all collections that end there the innermost takes what is
    /// indented more than what follows; at the end of the document each takes what is indented as it is.
    fn below(&mut self, end: End, column: usize) -> Option<Comment> {
        let inside =
            |found: &Found<'t>| end.column.map_or(found.column >= column, |next| found.column > next);
        self.comments.take(end.at, |found| found.own_line && inside(found)).map(|found| found.comment(false))
    }

    /// A comment behind a scalar: on the line that it ends in, or behind the header of a block.
    fn behind(&mut self, node: &Node) -> Option<Comment> {
        let (start, end) = self.source.range(node.span);
        let line = self.source.line(node.span.end.line.saturating_add(1)).max(end);
        self.comments
            .take(line, |found| found.at >= start && !found.own_line)
            .map(|found| found.comment(true))
    }

    fn key(&self, key: &mainstay_yaml::Key) -> Option<String> {
        let written = self.source.written(key.span);
        match written.starts_with(['"', '\'', '!', '&', '|', '>']) {
            true => Some(key.text.clone()),
            false => matches!(resolve(written), Plain::Text | Plain::Merge).then(|| written.to_owned()),
        }
    }

    fn scalar(&self, node: &Node, path: &str) -> Result<Value, SopsError> {
        let written = self.source.written(node.span);
        let mut rest = written;
        let mut tagged = false;
        while rest.starts_with(['&', '!']) {
            tagged |= rest.starts_with('!');
            rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
        }
        let plain = !tagged && !rest.starts_with(['"', '\'', '|', '>']);
        if plain && !rest.contains('\n') {
            return Ok(match resolve(rest) {
                Plain::Null => Value::Null,
                Plain::Bool(value) => Value::Bool(value),
                Plain::Int(n) => Value::Int(n),
                Plain::Float(f) => Value::Float(f),
                Plain::Time(time) => Value::Time(time),
                Plain::Text | Plain::Merge => Value::Text(rest.into()),
                Plain::Huge => return Err(SopsError::NotOfType(path.to_owned(), "a number of 64 bits")),
            });
        }
        Ok(match &node.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Int(n) => Value::Int(*n),
            NodeValue::Uint(_) => {
                return Err(SopsError::NotOfType(path.to_owned(), "a number of 64 bits"));
            }
            NodeValue::Float(f) => Value::Float(*f),
            NodeValue::String(text) => Value::Text(text.as_str().into()),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => Value::Null,
        })
    }
}

fn column(span: Span) -> usize {
    span.start.column.saturating_sub(1) as usize
}

/// The column of a list's first dash.
fn column_of(node: &Node) -> usize {
    column(node.span)
}
