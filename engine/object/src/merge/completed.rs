use super::WriteContext;
use super::settled::{Completed, Step};
use super::write::without_managed_fields;
use crate::{defaulting, same_value};
use serde_json::Value;

/// Whether the live object comes out once more when these of its leaves are set as they were applied, and completed.
pub(super) fn is_completed_to(live: &Value, leaves: &[Completed<'_>], context: &WriteContext<'_>) -> bool {
    let Some(default) = context.default else { return false };
    let before = without_managed_fields(live);
    let mut object = before.clone();
    for leaf in leaves {
        let Some(there) = at(&mut object, &leaf.path) else { return false };
        *there = leaf.applied.clone();
    }
    defaulting::normalize(&mut object, context.types, context.type_id);
    default(&mut object);
    same_value(&before, &object)
}

fn at<'o>(object: &'o mut Value, path: &[Step<'_>]) -> Option<&'o mut Value> {
    path.iter().try_fold(object, |at, step| match step {
        Step::Field(name) => at.get_mut(*name),
        Step::Item(_, index) => at.get_mut(*index),
    })
}
