//! Objects that a release runs at certain moments instead of keeping them: Helm's hooks
//! (https://helm.sh/docs/topics/charts_hooks/).

use crate::Manifest;
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    pub manifest: Manifest,
    pub moments: BTreeSet<Moment>,
    /// Lighter ones run first; of the same weight, by name.
    pub weight: i64,
    pub deletion: BTreeSet<HookDeletion>,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    PreInstall,
    PostInstall,
    PreUpgrade,
    PostUpgrade,
    PreRollback,
    PostRollback,
    PreDelete,
    PostDelete,
    /// When somebody asks: no revision runs it.
    Test,
}

/// When what a hook made is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookDeletion {
    /// What an earlier run left, before it runs again.
    BeforeCreation,
    Succeeded,
    Failed,
}

impl Moment {
    pub const ALL: [Self; 9] = [
        Self::PreInstall,
        Self::PostInstall,
        Self::PreUpgrade,
        Self::PostUpgrade,
        Self::PreRollback,
        Self::PostRollback,
        Self::PreDelete,
        Self::PostDelete,
        Self::Test,
    ];

    /// As charts write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::Test => "test",
        }
    }

    /// `test-success` is what Helm 2 called a test; its `test-failure` is none to Helm 3, and none here.
    pub fn parse(word: &str) -> Option<Self> {
        let word = if word == "test-success" { Self::Test.word() } else { word };
        Self::ALL.into_iter().find(|moment| moment.word() == word)
    }
}

impl HookDeletion {
    pub const ALL: [Self; 3] = [Self::BeforeCreation, Self::Succeeded, Self::Failed];

    pub fn word(self) -> &'static str {
        match self {
            Self::BeforeCreation => "before-hook-creation",
            Self::Succeeded => "hook-succeeded",
            Self::Failed => "hook-failed",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.word() == word)
    }
}

impl Hook {
    /// The hooks of a moment in the order in which they run.
    pub fn at(hooks: &[Self], moment: Moment) -> Vec<&Self> {
        let mut all: Vec<&Self> = hooks.iter().filter(|hook| hook.moments.contains(&moment)).collect();
        all.sort_by(|a, b| (a.weight, a.manifest.key.name()).cmp(&(b.weight, b.manifest.key.name())));
        all
    }

    /// Those that a release runs by itself, and those that are run when somebody asks. One may be both.
    pub fn apart(all: Vec<Self>) -> (Vec<Self>, Vec<Self>) {
        let (mut own, mut tests) = (Vec::new(), Vec::new());
        for mut hook in all {
            if hook.moments.remove(&Moment::Test) {
                tests.push(Self { moments: BTreeSet::from([Moment::Test]), ..hook.clone() });
            }
            if !hook.moments.is_empty() {
                own.push(hook);
            }
        }
        (own, tests)
    }

    pub fn deletes(&self, when: HookDeletion) -> bool {
        self.deletion.contains(&when)
    }

    /// Whether it is done when it has run, rather than when it is there.
    pub fn runs(&self) -> bool {
        let key = &self.manifest.key;
        matches!((key.group(), key.kind()), ("batch", "Job") | ("", "Pod"))
    }
}
