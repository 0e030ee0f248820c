//! What a build asks of the world beside its tree: who was asked may know, may not know yet, or may refuse.
use crate::problem::Problem;
use mainstay_diagnostic::Code;

/// `None`: it is not known yet. The build goes on without it, to ask for everything else at once; nothing that comes of
/// it counts.
pub type Answer<T> = Result<Option<T>, Refused>;

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
