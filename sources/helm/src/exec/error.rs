//! Where a template failed, and why.
use std::fmt;
use std::rc::Rc;

/// A place in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The chart's path to it, as `chart/templates/x.yaml`; `gotpl` within what `tpl` was given.
    pub file: String,
    pub line: u32,
    /// In characters, from one.
    pub column: u32,
}

/// An error of evaluation, with the calls that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub at: Place,
    /// The template that was being executed: a file's path or a `define`d name.
    pub template: String,
    /// What stands at that place.
    pub snippet: String,
    pub message: String,
    /// What failed in the template that was called from here.
    pub cause: Option<Box<Error>>,
}

impl Error {
    /// The innermost place and what is wrong there.
    pub fn innermost(&self) -> &Error {
        let mut error = self;
        while let Some(cause) = &error.cause {
            error = cause;
        }
        error
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut error = self;
        loop {
            write!(
                f,
                "{}: executing {:?} at <{}>: {}",
                error.at, error.template, error.snippet, error.message
            )?;
            match &error.cause {
                Some(cause) => {
                    f.write_str(": ")?;
                    error = cause;
                }
                None => return Ok(()),
            }
        }
    }
}

impl std::error::Error for Error {}

/// What went wrong before it is known where.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    Message(Rc<str>),
    /// In a template that was called.
    Nested(Box<Error>),
}

impl Failure {
    pub(crate) fn limit(message: String) -> Self {
        Failure::Message(message.into())
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Message(message.into())
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Failure::Message(message.into())
    }
}
