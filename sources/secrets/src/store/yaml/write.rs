//! Writes branches as SOPS does through go-yaml 3: blocks, four blanks, no folding. Where go-yaml moves or drops a
//! comment, so does this: its emitter holds one pending comment of each kind, and a later one takes its place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::style::{self, Style};
use crate::buffer::{Buffer, Plaintext};
use crate::number;
use crate::tree::{Branch, Comment, Entry, Item, Value};

const INDENT: usize = 4;

pub(crate) fn emit(branches: &[Branch]) -> Plaintext {
    let mut writer = Writer::new();
    for (at, branch) in branches.iter().enumerate() {
        if at > 0 {
            writer.write_indent(0);
            writer.indicator("---");
            writer.write_indent(0);
        }
        writer.document(branch);
    }
    if writer.open_ended {
        writer.indicator("...");
        writer.write_indent(0);
    }
    writer.out.finish()
}

/// Comments that one node carries.
type Lines<'a> = Vec<&'a Comment>;

struct Writer<'a> {
    out: Buffer,
    column: usize,
    /// Nothing but indentation and indicators stands in the line.
    indention: bool,
    whitespace: bool,
    /// Where a comment stands below what it belongs to: an empty line follows in the same column.
    foot_indent: Option<usize>,
    /// The text ends in line breaks that a reader may take for nothing.
    open_ended: bool,
    head: Lines<'a>,
    line: Lines<'a>,
    foot: Lines<'a>,
    tail: Lines<'a>,
}

/// Comments at the start of a collection, those of each member, and those behind the last.
struct Shape<'a, T> {
    head: Lines<'a>,
    members: Vec<Member<'a, T>>,
    foot: Lines<'a>,
}

struct Member<'a, T> {
    head: Lines<'a>,
    line: Lines<'a>,
    value: T,
}

impl<'a> Writer<'a> {
    fn new() -> Self {
        Self {
            out: Buffer::with_capacity(4096),
            column: 0,
            indention: true,
            whitespace: true,
            foot_indent: None,
            open_ended: false,
            head: Vec::new(),
            line: Vec::new(),
            foot: Vec::new(),
            tail: Vec::new(),
        }
    }

    fn document(&mut self, branch: &'a Branch) {
        let shape = shape_of_branch(branch);
        set(&mut self.head, &shape.head);
        self.process_head(0);
        self.map(shape, 0, true);
        self.process_foot(0);
        self.foot_indent = None;
        self.write_indent(0);
    }

    /// A map whose members go to column `indent`. `root` has no node around it that its comments could wait for.
    fn map(&mut self, shape: Shape<'a, (&'a str, &'a Value)>, indent: usize, root: bool) {
        if shape.members.is_empty() {
            self.process_head(indent);
            self.indicator("{}");
            self.process_line();
            self.process_foot(indent);
            return;
        }
        if root {
            self.process_line();
            self.process_foot(indent);
        }
        for member in shape.members {
            let (key, value) = member.value;
            set(&mut self.head, &member.head);
            self.process_head(indent);
            self.write_indent(indent);
            let simple = !key.chars().any(style::is_break) && key.len() <= 128;
            if simple {
                self.text(key, None);
                self.raw(":");
            } else {
                self.dash("?");
                self.text(key, Some((indent + INDENT) / INDENT * INDENT));
                self.write_indent(indent);
                self.dash(":");
            }
            self.whitespace = false;
            self.indention &= !simple;
            let below = (indent + INDENT) / INDENT * INDENT;
            self.value(value, member.line, Vec::new(), indent, below);
        }
        self.tail = shape.foot;
        self.process_head(indent);
    }

    /// What stands behind a key or a dash: `indent` is the column of that, `below` where a collection goes.
    fn value(&mut self, value: &'a Value, line: Lines<'a>, foot: Lines<'a>, indent: usize, below: usize) {
        match value {
            Value::Map(branch) => {
                let shape = shape_of_branch(branch);
                let block = !shape.members.is_empty();
                set(&mut self.head, &shape.head);
                if block {
                    self.process_line();
                    self.process_foot(indent);
                }
                self.map(shape, below, false);
            }
            Value::List(items) => {
                let shape = shape_of_list(items);
                let block = !shape.members.is_empty();
                set(&mut self.head, &shape.head);
                if block {
                    self.process_line();
                    self.process_foot(indent);
                }
                self.list(shape, below);
            }
            _ => {
                set(&mut self.line, &line);
                set(&mut self.foot, &foot);
                self.scalar(value, below);
                self.process_line();
                self.process_foot(indent);
                return;
            }
        }
        // Such a comment is carried by the end of the collection, and waits for the next scalar.
        set(&mut self.line, &line);
        set(&mut self.foot, &foot);
    }

    fn list(&mut self, mut shape: Shape<'a, &'a Value>, indent: usize) {
        if shape.members.is_empty() {
            self.indicator("[]");
            self.process_line();
            self.process_foot(indent);
            return;
        }
        let last = shape.members.len() - 1;
        for (at, member) in shape.members.into_iter().enumerate() {
            // A collection's own first comments stand before its dash.
            let mut head = member.head;
            match member.value {
                Value::Map(branch) => head.extend(shape_of_branch(branch).head),
                Value::List(items) => head.extend(shape_of_list(items).head),
                _ => {}
            }
            set(&mut self.head, &head);
            self.process_head(indent);
            self.write_indent(indent);
            self.dash("-");
            let foot = if at == last { std::mem::take(&mut shape.foot) } else { Vec::new() };
            self.item(member.value, member.line, foot, indent);
        }
    }

    fn item(&mut self, value: &'a Value, line: Lines<'a>, foot: Lines<'a>, indent: usize) {
        match value {
            Value::Map(branch) => {
                let shape = Shape { head: Vec::new(), ..shape_of_branch(branch) };
                if !shape.members.is_empty() {
                    self.process_line();
                    self.process_foot(indent);
                }
                self.map(shape, indent + 2, false);
            }
            Value::List(items) => {
                let shape = Shape { head: Vec::new(), ..shape_of_list(items) };
                if !shape.members.is_empty() {
                    self.process_line();
                    self.process_foot(indent);
                }
                self.list(shape, indent + 2);
            }
            _ => return self.value(value, line, foot, indent, indent + 2),
        }
        set(&mut self.line, &line);
        set(&mut self.foot, &foot);
    }

    /// `indent` is where the lines of a block go.
    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.plain("null"),
            Value::Bool(value) => self.plain(if *value { "true" } else { "false" }),
            Value::Int(n) => self.plain(&n.to_string()),
            Value::Float(f) => self.plain(&number::yaml(*f)),
            Value::Time(time) => self.plain(time),
            Value::Text(bytes) => match bytes.text() {
                Some(text) => self.text(text, Some(indent)),
                None => self.binary(bytes, indent),
            },
            Value::Bytes(bytes) => self.binary(bytes, indent),
            Value::List(_) | Value::Map(_) => {}
        }
    }

    /// A key has no `indent`, and so no block.
    fn text(&mut self, text: &str, indent: Option<usize>) {
        match (style::of_text(text, indent.is_none()), indent) {
            (Style::Literal, Some(indent)) => self.literal(text, indent),
            (Style::Plain, _) => self.plain(text),
            (Style::Single, _) => self.quoted(text, style::single),
            (Style::Double | Style::Literal, _) => self.quoted(text, style::double),
        }
    }

    fn quoted(&mut self, text: &str, write: fn(&mut Buffer, &str)) {
        self.blank();
        write(&mut self.out, text);
        self.column += text.len() + 2;
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    fn plain(&mut self, text: &str) {
        self.blank();
        self.raw(text);
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    /// In lines of 70, as go-yaml breaks base64.
    fn binary(&mut self, bytes: &[u8], indent: usize) {
        let encoded = zeroize::Zeroizing::new(STANDARD.encode(bytes));
        self.blank();
        self.raw("!!binary");
        self.whitespace = false;
        self.indention = false;
        if encoded.len() / 70 == 0 {
            return self.plain(&encoded);
        }
        let mut lines =
            zeroize::Zeroizing::new(String::with_capacity(encoded.len() + encoded.len() / 70 + 1));
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(70));
            lines.push_str(line);
            lines.push('\n');
            rest = after;
        }
        self.literal(&lines, indent);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|");
        if text.starts_with(|c| c == ' ' || style::is_break(c)) {
            self.raw("4");
        }
        let mut ends = text.chars().rev();
        let last = ends.next().is_some_and(style::is_break);
        let keep = last && ends.next().is_none_or(style::is_break);
        self.open_ended = keep;
        match (last, keep) {
            (false, _) => self.raw("-"),
            (true, true) => self.raw("+"),
            (true, false) => {}
        }
        match self.line.is_empty() {
            true => self.put_break(),
            false => self.process_line(),
        }
        self.whitespace = true;
        let mut broken = true;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if style::is_break(c) {
                if c == '\n' {
                    self.put_break();
                } else {
                    self.raw(&rest[..c.len_utf8()]);
                    self.column = 0;
                    self.indention = true;
                }
                broken = true;
                rest = &rest[c.len_utf8()..];
                continue;
            }
            if broken {
                self.write_indent(indent);
            }
            let end = rest.find(style::is_break).unwrap_or(rest.len());
            self.raw(&rest[..end]);
            self.indention = false;
            broken = false;
            rest = &rest[end..];
        }
    }

    fn process_head(&mut self, indent: usize) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.write_indent(indent);
            self.comments(&tail, indent);
            self.foot_indent = Some(indent);
        }
        if !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            self.write_indent(indent);
            self.comments(&head, indent);
        }
    }

    fn process_line(&mut self) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            if !self.whitespace {
                self.raw(" ");
            }
            self.comments(&line, 0);
        }
    }

    fn process_foot(&mut self, indent: usize) {
        if !self.foot.is_empty() {
            let foot = std::mem::take(&mut self.foot);
            self.write_indent(indent);
            self.comments(&foot, indent);
            self.foot_indent = Some(indent);
        }
    }

    fn comments(&mut self, comments: &[&Comment], indent: usize) {
        for (at, comment) in comments.iter().enumerate() {
            // What was encrypted as one comment may hold several lines.
            for (line, text) in comment.text.split(|byte| *byte == b'\n').enumerate() {
                if line > 0 && text.is_empty() {
                    self.put_break();
                    continue;
                }
                if at + line > 0 {
                    self.write_indent(indent);
                }
                if line == 0 {
                    self.raw("#");
                } else if !text.starts_with(b"#") {
                    self.raw("# ");
                }
                self.out.push(text);
                self.column += text.len();
                self.indention = false;
                self.put_break();
            }
        }
        self.whitespace = true;
    }

    fn write_indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        if self.foot_indent == Some(indent) {
            self.put_break();
        }
        self.out.spaces(indent.saturating_sub(self.column));
        self.column = self.column.max(indent);
        self.whitespace = true;
        self.foot_indent = None;
    }

    fn blank(&mut self) {
        if !self.whitespace {
            self.raw(" ");
        }
    }

    fn indicator(&mut self, text: &str) {
        self.blank();
        self.raw(text);
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    /// An indicator behind which a collection may go on in the same line.
    fn dash(&mut self, text: &str) {
        self.blank();
        self.raw(text);
        self.whitespace = false;
        self.open_ended = false;
    }

    fn raw(&mut self, text: &str) {
        self.out.push(text.as_bytes());
        self.column += text.chars().count();
    }

    fn put_break(&mut self) {
        self.out.push(b"\n");
        self.column = 0;
        self.indention = true;
    }
}

/// A pending comment stays until another takes its place.
fn set<'a>(pending: &mut Lines<'a>, lines: &Lines<'a>) {
    if !lines.is_empty() {
        pending.clone_from(lines);
    }
}

fn shape_of_branch(branch: &Branch) -> Shape<'_, (&str, &Value)> {
    shape(branch.iter().map(|entry| match entry {
        Entry::Comment(comment) => Err(comment),
        Entry::Member(key, value) => Ok((key.as_str(), value)),
    }))
}

fn shape_of_list(items: &[Item]) -> Shape<'_, &Value> {
    shape(items.iter().map(|item| match item {
        Item::Comment(comment) => Err(comment),
        Item::Value(value) => Ok(value),
    }))
}

fn shape<'a, T>(entries: impl Iterator<Item = Result<T, &'a Comment>>) -> Shape<'a, T> {
    let mut shape = Shape { head: Vec::new(), members: Vec::new(), foot: Vec::new() };
    let (mut head, mut line) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Err(comment) if comment.inline => line.push(comment),
            Err(comment) => head.push(comment),
            Ok(value) => {
                if shape.members.is_empty() {
                    shape.head = std::mem::take(&mut head);
                }
                let (head, line) = (std::mem::take(&mut head), std::mem::take(&mut line));
                shape.members.push(Member { head, line, value });
            }
        }
    }
    head.extend(line);
    match shape.members.is_empty() {
        true => shape.head = head,
        false => shape.foot = head,
    }
    shape
}
