use mainstay_diagnostic::Position;
use std::fmt;

/// What went wrong, and where in the expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    pub kind: ErrorKind,
    pub message: String,
    /// Within the expression; line and column count from one, a column counts characters.
    pub position: Position,
    /// The same place as an offset in bytes.
    pub offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is no expression.
    Syntax,
    /// A name or a type does not fit.
    Type,
    /// The expression is longer, deeper or larger than what is read.
    Limit,
    /// Evaluation came to no value.
    Evaluation,
    /// Evaluation was stopped: it costs more than its budget.
    Budget,
}

impl ExprError {
    pub(crate) fn new(kind: ErrorKind, source: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) as u32 + 1;
        Self { kind, message: message.into(), position: Position::new(line, column), offset }
    }

    /// As cel-go shows an error: the line of the expression and a mark below the column.
    pub fn display<'a>(&'a self, source: &'a str) -> impl fmt::Display + 'a {
        Shown { error: self, source }
    }
}

struct Shown<'a> {
    error: &'a ExprError,
    source: &'a str,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.error.position;
        let text = self.source.split('\n').nth(line as usize - 1).unwrap_or_default();
        let dots = ".".repeat(column as usize - 1);
        write!(f, "ERROR: <input>:{line}:{column}: {}\n | {text}\n | {dots}^", self.error.message)
    }
}
