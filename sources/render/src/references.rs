//! What a unit's declaration refers to on the management cluster, and in whose name it is read.
use crate::declared::DeclaredUnit;
use mainstay_unit::{Claim, Need, Target};

/// Why a unit can't be rendered for now, and what would help.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lacking {
    pub reason: String,
    pub needs: Vec<Need>,
}

/// A reference is read as who the unit is applied as. Where that account is another cluster's, it is Mainstay that reads,
/// and the unit's namespace that confines.
pub(crate) fn claim(declared: &DeclaredUnit) -> Claim {
    let unit = &declared.unit;
    let account = (unit.target == Target::Management).then(|| unit.service_account.clone()).flatten();
    Claim { account, authorities: declared.authorities.clone() }
}
