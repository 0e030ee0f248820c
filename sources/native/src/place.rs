use mainstay_diagnostic::{Code, Diagnostic, Location, Position, Span};
use mainstay_yaml::Node;
use std::sync::Arc;

/// A document in a file: every field has a position.
#[derive(Debug, Clone)]
pub struct Place {
    pub file: Arc<str>,
    pub text: Arc<str>,
    pub root: Arc<Node>,
}

impl Place {
    /// Where a field's value stands; the nearest that exists.
    pub fn location(&self, pointer: &str) -> Location {
        Location::new(&*self.file, self.root.nearest(pointer))
    }

    /// Where a field's name stands.
    pub fn key_location(&self, pointer: &str) -> Location {
        Location::new(&*self.file, self.root.nearest_key(pointer))
    }

    /// Where a position within a field's text stands in the file. Text that is written otherwise than it reads, with
    /// escapes or folded lines, is found as a whole.
    pub fn location_within(&self, pointer: &str, value: &str, position: Position) -> Location {
        let whole = self.root.nearest(pointer);
        let mut lines = self.text.lines().enumerate().skip(whole.start.line.saturating_sub(1) as usize);
        let mut found = None;
        for (at, part) in value.lines().take(position.line as usize).enumerate() {
            let Some((line, before)) = lines.by_ref().find_map(|(line, text)| {
                let within = line + 1 == whole.start.line as usize;
                let from = if within { column_start(text, whole.start.column) } else { 0 };
                let before = from + text[from..].find(part)?;
                Some((line, text[..before].chars().count()))
            }) else {
                return Location::new(&*self.file, whole);
            };
            if at + 1 == position.line as usize {
                found = Some(Position::new(line as u32 + 1, before as u32 + position.column));
            }
        }
        Location::new(&*self.file, found.map_or(whole, |at| Span::new(at, at)))
    }

    pub fn diagnostic(&self, code: &'static Code, message: impl Into<String>, pointer: &str) -> Diagnostic {
        Diagnostic::new(code, message).at(self.location(pointer)).with_snippet_of(&self.text)
    }

    pub fn key_diagnostic(
        &self,
        code: &'static Code,
        message: impl Into<String>,
        pointer: &str,
    ) -> Diagnostic {
        Diagnostic::new(code, message).at(self.key_location(pointer)).with_snippet_of(&self.text)
    }
}

/// Where in a line a column begins, in bytes.
fn column_start(line: &str, column: u32) -> usize {
    line.char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(at, _)| at)
}
