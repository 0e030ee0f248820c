use mainstay_diagnostic::Diagnostic;
use mainstay_unit::{Desired, Rendered};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one render gave. Files are named as they are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub rendered: Arc<Rendered>,
    /// Objects that declare something instead of being applied.
    pub declared: Vec<Declaring>,
    pub diagnostics: Vec<Diagnostic>,
    /// Files of the platform repository that were read.
    pub reads: BTreeSet<String>,
    /// The first file with an object that SOPS encrypted, where the unit says that it has such.
    pub encrypted: Option<Encrypted>,
}

#[derive(Debug, Clone)]
pub(crate) struct Encrypted {
    pub file: String,
    /// One of the encrypted objects would declare something. SOPS leaves kinds in the clear.
    pub declares: bool,
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
