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

mod live;
mod patch;
mod plan;

pub use live::{Before, Live, Memory, OWNER_LABELS};
pub use patch::{restore, retain, suspend};
pub use plan::{Act, Goal, Hold, Known, Plan, Recorded, Row, Standing, Step, plan};

/// The field manager of what kustomize-controller applies.
pub const FIELD_MANAGER: &str = "kustomize-controller";

/// The kind that is taken over, and the versions in which it is read, newest first.
pub const KUSTOMIZATION: (&str, &str) = (crate::kind::KUSTOMIZE, "Kustomization");
pub const KUSTOMIZATION_VERSIONS: [&str; 3] = ["v1", "v1beta2", "v1beta1"];

/// Where what was before is remembered, on the Kustomization itself.
pub const MEMORY: &str = "mainstay.dev/before-migration";

/// Asks kustomize-controller for a pass; the value comes back in the status.
pub(crate) const REQUEST: &str = "reconcile.fluxcd.io/requestedAt";
