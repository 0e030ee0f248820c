use crate::secrets::Locked;
use mainstay_diagnostic::Diagnostic;
use mainstay_unit::{Desired, Rendered};
use std::sync::Arc;

/// What one render gave. Files are named as they are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub rendered: Arc<Rendered>,
    /// Objects that declare something instead of being applied.
    pub declared: Vec<Declaring>,
    pub diagnostics: Vec<Diagnostic>,
    /// What can't be decrypted: no object of the unit is to be applied.
    pub locked: Option<Locked>,
}

/// A declaration with the file of the tree that it came from.
#[derive(Debug, Clone)]
pub(crate) struct Declaring {
    pub desired: Desired,
    pub place: Arc<crate::places::Rendered>,
}

impl Outcome {
    pub(crate) fn first_error(&self) -> Option<&Diagnostic> {
        self.diagnostics.iter().find(|diagnostic| diagnostic.is_error())
    }
}
