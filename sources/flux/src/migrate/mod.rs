//! Leaving Flux: what is found live, what of it Mainstay can take over, and the steps there and back. Values only; whoever
//! has a connection carries them out.
//!
//! What is relied on is kustomize-controller's own behaviour (its `kustomization_controller.go`, 0.35 and later):
//! - a suspended Kustomization is not applied, nothing of it is pruned, and its finalizer deletes nothing
//!   (`finalizerShouldDeleteResources`; releases before that function asked for `prune` and not `suspend` in its place);
//! - a suspension leaves `observedGeneration` alone unless it is ready, but every pass, a suspended one included, copies the
//!   annotation `reconcile.fluxcd.io/requestedAt` to `status.lastHandledReconcileAt`. One object is worked on by one worker
//!   at a time, so the answer to a request that was written with the suspension proves that earlier work has ended;
//! - objects are applied with force by the field manager `kustomize-controller`, labelled with the Kustomization's name and
//!   namespace, and noted in `status.inventory` as `<namespace>_<name>_<group>_<kind>`.
//!
//! And on helm-controller's (`helmrelease_controller.go`, 1.0 and later): a suspended HelmRelease is neither installed,
//! upgraded nor tested, and its finalizer uninstalls nothing (`reconcileDelete`); requests are answered as above; what it
//! applies is labelled in the same way by a post-renderer, under its own group, and owned by `helm-controller`; what it
//! released last is first in `status.history`. On resuming it upgrades unless Helm's newest record is the one it wrote.
//!
//! A Kustomization goes before the HelmReleases that it applies, on the way there, and after them on the way back: one that
//! is not suspended writes them as Git has them. It stays Flux's while one of them does, or while one takes its chart from
//! a source that it applies: else nobody would bring these what Git says. What others depend on in Flux is not removed
//! before them: they would wait for it for good.

mod live;
mod patch;
mod plan;

pub use live::{Before, Live, Memory, Released};
pub use patch::{restore, retain, suspend};
pub use plan::{Act, Goal, Helm, Hold, Known, Plan, Recorded, Row, Standing, Step, plan};

use crate::kind::{HELM, KUSTOMIZE};
use mainstay_object::ObjectKey;

/// By which Flux applies things: the kinds that are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applier {
    Kustomization,
    HelmRelease,
}

impl Applier {
    pub const ALL: [Self; 2] = [Self::Kustomization, Self::HelmRelease];

    pub fn of(key: &ObjectKey) -> Option<Self> {
        Self::ALL.into_iter().find(|applier| (applier.group(), applier.kind()) == (key.group(), key.kind()))
    }

    pub fn group(self) -> &'static str {
        match self {
            Self::Kustomization => KUSTOMIZE,
            Self::HelmRelease => HELM,
        }
    }

    pub fn kind(self) -> &'static str {
        match self {
            Self::Kustomization => "Kustomization",
            Self::HelmRelease => "HelmRelease",
        }
    }

    /// In which it is read, newest first.
    pub fn versions(self) -> [&'static str; 3] {
        match self {
            Self::Kustomization => ["v1", "v1beta2", "v1beta1"],
            Self::HelmRelease => ["v2", "v2beta2", "v2beta1"],
        }
    }

    /// Who carries it out; by that name it owns fields.
    pub fn controller(self) -> &'static str {
        match self {
            Self::Kustomization => "kustomize-controller",
            Self::HelmRelease => "helm-controller",
        }
    }

    /// The labels on what it applies: its name, its namespace.
    pub fn labels(self) -> [String; 2] {
        ["name", "namespace"].map(|field| format!("{}/{field}", self.group()))
    }

    /// Of units.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Kustomization => crate::kustomization::KIND,
            Self::HelmRelease => "helmrelease",
        }
    }
}

/// Where what was before is remembered, on the Kustomization itself.
pub const MEMORY: &str = "mainstay.dev/before-migration";

/// Asks kustomize-controller for a pass; the value comes back in the status.
pub(crate) const REQUEST: &str = "reconcile.fluxcd.io/requestedAt";
