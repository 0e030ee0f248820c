//! The one place where an action reaches a cluster.

mod apply;
mod authorize;
mod delete;
mod deployed;
mod fresh;
mod left_alone;
mod mine;
pub(crate) mod occupied;
mod release;
mod replace;
mod served;
mod store;

pub(crate) use apply::UNIT;
pub(crate) use authorize::authorize;
pub(crate) use left_alone::INITIAL;
pub(crate) use mine::{holds, may_hold, not_ours, patched};
pub(crate) use release::release;

use mainstay_cluster::{ClusterError, Identity};
use mainstay_reconcile::{Failure, FailureKind};
use mainstay_unit::ServiceAccount;

pub(crate) use apply::{ApplyJob, apply, scaled_fields};
pub(crate) use delete::{DeleteJob, delete};
pub(crate) use deployed::newest;
pub use deployed::{Deployed, deployed};
pub(crate) use occupied::contains_others;
pub(crate) use store::{StoreJob, store};

pub(crate) fn identity(account: Option<&ServiceAccount>) -> Identity {
    account.map_or(Identity::Own, |a| Identity::ServiceAccount(a.clone()))
}

pub(crate) fn failure(error: &ClusterError) -> Failure {
    let kind = match error {
        ClusterError::NoKind { .. } => FailureKind::NoKind,
        ClusterError::FieldConflict(_) => FailureKind::Conflict,
        ClusterError::Invalid { .. } => FailureKind::Invalid,
        ClusterError::Forbidden { .. } | ClusterError::Unauthorized { .. } => FailureKind::Forbidden,
        // A namespace that another unit is about to make, an object that changes under us: soon over.
        ClusterError::NotFound { .. } | ClusterError::Conflict { .. } => FailureKind::NoKind,
        ClusterError::Throttled { .. }
        | ClusterError::Gone { .. }
        | ClusterError::Server { .. }
        | ClusterError::Unreachable { .. }
        | ClusterError::Timeout(_)
        | ClusterError::Fenced
        | ClusterError::Unreadable { .. } => FailureKind::Unavailable,
    };
    Failure { kind, message: error.to_string() }
}
