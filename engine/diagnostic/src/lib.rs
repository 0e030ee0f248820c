//! Faults, stable codes and diagnostics.
//!
//! A diagnostic is a value: this crate knows no terminal, no colour, no file system and no clock. Whoever finds a
//! problem says what it is, where it is and whose fault it is; the edge decides how to show it.

pub mod codes;
mod diagnostics;
mod display;
mod position;
#[cfg(test)]
mod tests;
mod words;

use serde::Serialize;
use std::fmt;

pub use diagnostics::Diagnostics;
pub use position::{Location, Position, Span};
pub use words::{dotted, nearest};

/// Whose fault it is: decides the exit code, the retry and the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The platform repository or the command line is wrong. Retrying the same input changes nothing.
    User,
    /// Something outside (network, API server, registry, disk) failed. Retrying may help.
    Environment,
    /// Mainstay is wrong.
    Internal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// A stable, documented kind of diagnostic. `id` never changes its meaning and is never reused.
#[derive(Debug)]
pub struct Code {
    pub id: &'static str,
    pub severity: Severity,
    pub fault: Fault,
    /// A few words, for lists.
    pub title: &'static str,
    /// What it means, why it matters and what to do: shown by `mainstay explain`.
    pub explanation: &'static str,
}

impl Code {
    pub const fn error(id: &'static str, title: &'static str, explanation: &'static str) -> Self {
        Self { id, severity: Severity::Error, fault: Fault::User, title, explanation }
    }

    pub const fn warning(id: &'static str, title: &'static str, explanation: &'static str) -> Self {
        Self { id, severity: Severity::Warning, fault: Fault::User, title, explanation }
    }

    pub const fn environment(id: &'static str, title: &'static str, explanation: &'static str) -> Self {
        Self { id, severity: Severity::Error, fault: Fault::Environment, title, explanation }
    }

    pub const fn internal(id: &'static str, title: &'static str, explanation: &'static str) -> Self {
        Self { id, severity: Severity::Error, fault: Fault::Internal, title, explanation }
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Code {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// One problem, told once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    #[serde(serialize_with = "code_id")]
    pub code: &'static Code,
    /// The code's, unless the context softens it (an error in a file that no unit reads is a warning).
    pub severity: Severity,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The source line at `location`, without its line break.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            location: None,
            snippet: None,
            hint: None,
        }
    }

    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    pub fn at_file(self, file: impl Into<String>) -> Self {
        self.at(Location::file(file))
    }

    /// Takes the line at this diagnostic's location out of the file's text.
    pub fn with_snippet_of(mut self, text: &str) -> Self {
        if let Some(span) = self.location.as_ref().and_then(|l| l.span) {
            self.snippet = text.lines().nth(span.start.line.saturating_sub(1) as usize).map(clip);
        }
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A minified file can hold its whole content in one line: no diagnostic carries that along.
fn clip(line: &str) -> String {
    const LIMIT: usize = 200;
    match line.char_indices().nth(LIMIT) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

fn code_id<S: serde::Serializer>(code: &&'static Code, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(code.id)
}
