//! Kinds that no rule knows: their conditions, as the API conventions and kstatus read them.

use crate::Fields;
use mainstay_unit::Health;

/// Conditions that mean readiness, in the order in which they are believed.
const READY: [&str; 3] = ["Ready", "Available", "Healthy"];
/// Conditions whose truth is a failure or work in progress (kstatus' abnormal-true polarity).
const STALLED: [&str; 3] = ["Stalled", "Failed", "Degraded"];
const BUSY: [&str; 2] = ["Reconciling", "Progressing"];

pub(crate) fn assess(fields: &Fields<'_>, declares_status: Option<bool>) -> Health {
    for kind in STALLED {
        if let Some(condition) = fields.condition(kind)
            && condition.status == "True"
        {
            return Health::degraded(condition.why());
        }
    }
    for kind in READY {
        let Some(condition) = fields.condition(kind) else { continue };
        return match condition.status {
            "True" => match BUSY.iter().find_map(|k| fields.condition(k).filter(|c| c.status == "True")) {
                Some(busy) => Health::progressing(busy.why()),
                None => Health::healthy(format!("{kind} is true")),
            },
            "False" => Health::progressing(format!("{kind} is false: {}", condition.why())),
            _ => Health::progressing(format!("{kind} is unknown: {}", condition.why())),
        };
    }
    if let Some(busy) = BUSY.iter().find_map(|k| fields.condition(k).filter(|c| c.status == "True")) {
        return Health::progressing(busy.why());
    }
    let empty =
        fields.0.get("status").is_none_or(|s| s.is_null() || s.as_object().is_some_and(|m| m.is_empty()));
    match (declares_status, empty) {
        (Some(false), _) => Health::healthy("passive, accepted"),
        (Some(true) | None, true) => Health::progressing("its status is empty: nobody has looked at it yet"),
        (Some(true) | None, false) => {
            Health::unknown("no rule knows this kind, and no condition says that it is ready")
        }
    }
}
