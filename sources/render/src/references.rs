//! What a unit's declaration refers to on the management cluster, and in whose name it is read.
use crate::declared::DeclaredUnit;
use crate::inputs::{Inputs, Supply};
use mainstay_unit::{Claim, Content, Need, Reference, Target};

/// Why a unit can't be rendered for now, and what would help.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lacking {
    pub reason: String,
    pub needs: Vec<Need>,
}

impl Lacking {
    pub fn of(reason: String) -> Self {
        Self { reason, needs: Vec::new() }
    }

    /// The first reason is told, and everything is asked for at once.
    pub fn join(self, all: &mut Option<Self>) {
        match all {
            Some(first) => first.needs.extend(self.needs),
            None => *all = Some(self),
        }
    }
}

/// What a reference holds; nothing where it is optional and not there.
pub(crate) fn content<'a>(
    reference: &Reference,
    claim: &Claim,
    optional: bool,
    inputs: &'a Inputs,
) -> Result<Option<&'a Content>, Lacking> {
    let question = (reference.clone(), claim.clone());
    match inputs.references.get(&question) {
        Some(Supply::Here(content)) => Ok(Some(content)),
        Some(Supply::Absent(_)) if optional => Ok(None),
        Some(Supply::Absent(why) | Supply::Refused(why)) => Err(Lacking::of(format!("{reference}: {why}"))),
        Some(Supply::NotEvaluated(why)) => Err(Lacking::of(format!("{reference} is not evaluated: {why}"))),
        None => {
            let reason = format!("{reference} has not been read");
            let need = Need::Reference { reference: question.0, claim: question.1 };
            Err(Lacking { reason, needs: vec![need] })
        }
    }
}

/// A reference is read as who the unit is applied as. Where that account is another cluster's, it is Mainstay that reads,
/// and the unit's namespace that confines.
pub(crate) fn claim(declared: &DeclaredUnit) -> Claim {
    let unit = &declared.unit;
    let account = (unit.target == Target::Management).then(|| unit.service_account.clone()).flatten();
    Claim { account, authorities: declared.authorities.clone() }
}
