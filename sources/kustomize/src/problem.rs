//! What is wrong, before it is known where: the caller adds the file.
use mainstay_diagnostic::{Code, Diagnostic, Diagnostics, Location, Span};

#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: &'static Code,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Within the file that is being read.
    pub(crate) span: Option<Span>,
}

impl Problem {
    pub(crate) fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, span: None }
    }

    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// In a file, with the line that it is about.
    pub(crate) fn in_file(self, file: &str, text: &[u8]) -> Diagnostics {
        let location = match self.span {
            Some(span) => Location::new(file, span),
            None => Location::file(file),
        };
        let mut diagnostic = self.located(location);
        if let Ok(text) = std::str::from_utf8(text) {
            diagnostic = diagnostic.with_snippet_of(text);
        }
        diagnostic.into()
    }

    pub(crate) fn located(self, location: Location) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(self.code, self.message).at(location);
        if let Some(hint) = self.hint {
            diagnostic = diagnostic.hint(hint);
        }
        diagnostic
    }
}
