//! What a build asks of the world beside its tree: who was asked may know, may not know yet, or may refuse.
use crate::problem::Problem;
use mainstay_diagnostic::Code;
use std::sync::Arc;

/// `None`: it is not known yet. The build goes on without it, to ask for everything else at once; nothing that comes of
/// it counts.
pub type Answer<T> = Result<Option<T>, Refused>;

/// Finds a file of the web by its URL. Whether it is allowed, and what must be in it, is for whoever answers to say.
pub type Web<'a> = &'a dyn Fn(&str) -> Answer<Arc<[u8]>>;

/// Why something is not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub why: String,
    pub hint: Option<String>,
}

impl Refused {
    pub fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { why: why.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn problem(self, code: &'static Code, what: &str) -> Problem {
        let problem = Problem::new(code, format!("{what}: {}", self.why));
        match self.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self { why, hint: None }
    }
}
