use crate::secrets::Locked;
use mainstay_diagnostic::Diagnostic;
use mainstay_unit::{Desired, Hook, HookDeletion, Manifest, Moment, Rendered, Secrecy};
use std::collections::BTreeSet;
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

/// An object that a chart wants at certain moments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hooked {
    pub desired: Desired,
    pub moments: BTreeSet<Moment>,
    pub weight: i64,
    pub deletion: BTreeSet<HookDeletion>,
}

impl Hooked {
    pub(crate) fn pack(self, secrecy: Secrecy<'_>) -> Option<Hook> {
        let Self { desired, moments, weight, deletion } = self;
        let manifest = Manifest::pack(vec![desired], None, secrecy).pop()?;
        Some(Hook { manifest, moments, weight, deletion })
    }
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
