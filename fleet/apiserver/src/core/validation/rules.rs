//! Objects against the CEL rules of their definition.

use crate::core::registry::Resource;
use mainstay_object::FieldError;
use mainstay_object::rules::{blocks_rules, not_checked};
use serde_json::Value;

/// Adds what the rules say to what the schema found. Of an object that its schema does not fit they say nothing.
pub fn check(
    resource: &Resource,
    object: &Value,
    live: Option<&Value>,
    earlier: &[FieldError],
    found: &mut Vec<FieldError>,
) {
    let Some(custom) = resource.custom.as_ref().filter(|custom| !custom.rules.is_empty()) else { return };
    if earlier.iter().chain(found.iter()).any(blocks_rules) {
        found.push(not_checked());
        return;
    }
    found.extend(custom.rules.validate(object, live, &custom.types, custom.root));
}
