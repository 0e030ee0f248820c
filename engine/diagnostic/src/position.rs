use serde::{Deserialize, Serialize};
use std::fmt;

/// Both count from one; a column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl Position {
    pub const START: Self = Self { line: 1, column: 1 };

    pub const fn new(line: u32, column: u32) -> Self {
        Self { line, column }
    }
}

/// `end` is the position after the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub start: Position,
    pub end: Position,
}

impl Span {
    pub const fn new(start: Position, end: Position) -> Self {
        Self { start, end }
    }

    pub const fn point(line: u32, column: u32) -> Self {
        let at = Position::new(line, column);
        Self { start: at, end: at }
    }
}

/// A place in a file of a repository. `file` is relative to the repository's root and uses `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    pub file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

impl Location {
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), span: None }
    }

    pub fn new(file: impl Into<String>, span: Span) -> Self {
        Self { file: file.into(), span: Some(span) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.span {
            None => f.write_str(&self.file),
            Some(span) => write!(f, "{}:{}", self.file, span.start),
        }
    }
}
