use mainstay_diagnostic::{Code, Diagnostic, Location};
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
