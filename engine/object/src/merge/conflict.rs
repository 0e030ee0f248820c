use super::owners::{Owned, Owner};
use crate::{FieldPath, FieldSet, Operation};
use std::collections::BTreeMap;
use std::fmt;

/// A field manager that owns fields which the applier wants otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub manager: String,
    pub operation: Operation,
    pub api_version: String,
    pub subresource: String,
    pub fields: Vec<FieldPath>,
}

/// `"kubectl-edit" using apps/v1`, `"other" with subresource "status"`: as in the causes of a 409.
impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.manager)?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {:?}", self.subresource)?;
        }
        match self.operation {
            Operation::Apply => Ok(()),
            Operation::Update => write!(f, " using {}", self.api_version),
        }
    }
}

/// The message of the 409.
pub(super) fn message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts
        && let [field] = one.fields.as_slice()
    {
        return format!("Apply failed with 1 conflict: conflict with {one}: {field}");
    }
    let count: usize = conflicts.iter().map(|conflict| conflict.fields.len()).sum();
    let mut lines = Vec::new();
    for conflict in conflicts {
        lines.push(format!("conflicts with {conflict}:"));
        lines.extend(conflict.fields.iter().map(|field| format!("- {field}")));
    }
    format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
}

pub(super) fn list(sets: &BTreeMap<Owner, FieldSet>, owners: &BTreeMap<Owner, Owned>) -> Vec<Conflict> {
    let conflicts = sets.iter().map(|(owner, set)| Conflict {
        manager: owner.manager.clone(),
        operation: owner.operation,
        api_version: owners.get(owner).map(|owned| owned.api_version.clone()).unwrap_or_default(),
        subresource: owner.subresource.clone(),
        fields: set.paths(),
    });
    conflicts.collect()
}
