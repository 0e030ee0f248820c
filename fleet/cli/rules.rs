//! The health rules of a platform repository, for commands that say what they say.

use mainstay_diagnostic::Diagnostic;
use mainstay_health::{Limits, Rules};
use mainstay_unit::{HealthRules, RuleFiles};

/// What files say that a reading found to be in accord.
pub(crate) fn of(files: &RuleFiles) -> Result<Rules, Vec<Diagnostic>> {
    Rules::of_files(files.iter(), &Limits::default())
}

/// The kinds that are judged otherwise by other rules. None where it is not known what either says.
pub(crate) fn changes(before: &HealthRules, after: &HealthRules) -> Vec<String> {
    match (before, after) {
        (HealthRules::Known(before), HealthRules::Known(after)) if before.digest != after.digest => {
            match (of(before), of(after)) {
                (Ok(before), Ok(after)) => before.changes(&after),
                (Ok(_) | Err(_), _) => Vec::new(),
            }
        }
        (HealthRules::Known(_) | HealthRules::Unknown { .. }, _) => Vec::new(),
    }
}
