//! How two results compare.

use serde_json::Value;
use std::time::Duration;

pub struct Printed {
    /// What it printed, or why it did not.
    pub result: Result<String, String>,
    /// It asked for more than our limits allow; helm knows none.
    pub limited: bool,
    pub took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    EqualBytes,
    /// But for lines that the real helm itself prints differently each time.
    EqualButChance,
    EqualObjects,
    BothErr,
    /// We refuse what we say we don't support.
    Unsupported,
    /// We refuse it for its size, and say so.
    Beyond,
    OursErrs,
    TheirsErrs,
    Different,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::EqualBytes => "equal bytes",
            Outcome::EqualButChance => "equal but chance",
            Outcome::EqualObjects => "equal objects",
            Outcome::BothErr => "both err",
            Outcome::Unsupported => "not supported",
            Outcome::Beyond => "beyond our limits",
            Outcome::OursErrs => "ours errs",
            Outcome::TheirsErrs => "theirs errs",
            Outcome::Different => "different",
        }
    }

    pub fn is_fine(self) -> bool {
        match self {
            Outcome::EqualBytes
            | Outcome::EqualButChance
            | Outcome::EqualObjects
            | Outcome::BothErr
            | Outcome::Beyond => true,
            Outcome::Unsupported | Outcome::OursErrs | Outcome::TheirsErrs | Outcome::Different => false,
        }
    }

    /// `again` renders once more with the real helm, which shows what is left to chance.
    pub fn of(ours: &Printed, theirs: &Printed, again: impl FnOnce() -> Option<String>) -> Self {
        let ours_is_limited = ours.limited;
        match (&ours.result, &theirs.result) {
            (Ok(ours), Ok(theirs)) if ours == theirs => Outcome::EqualBytes,
            (Ok(ours), Ok(theirs)) => {
                if again().is_some_and(|again| equal_but_chance(ours, theirs, &again)) {
                    Outcome::EqualButChance
                } else if objects(ours).is_some_and(|found| Some(found) == objects(theirs)) {
                    Outcome::EqualObjects
                } else {
                    Outcome::Different
                }
            }
            (Err(_), Err(_)) => Outcome::BothErr,
            (Ok(_), Err(_)) => Outcome::TheirsErrs,
            (Err(_), Ok(_)) if ours_is_limited => Outcome::Beyond,
            (Err(why), Ok(_)) if why.contains("not supported") => Outcome::Unsupported,
            (Err(_), Ok(_)) => Outcome::OursErrs,
        }
    }
}

fn equal_but_chance(ours: &str, theirs: &str, again: &str) -> bool {
    let count = theirs.lines().count();
    if ours.lines().count() != count || again.lines().count() != count {
        return false;
    }
    ours.lines()
        .zip(theirs.lines())
        .zip(again.lines())
        .all(|((ours, theirs), again)| ours == theirs || theirs != again)
}

/// The documents, in any order.
fn objects(text: &str) -> Option<Vec<String>> {
    let loaded = mainstay_yaml::load_last_wins("output", text.as_bytes(), &mainstay_helm::document_limits());
    if !loaded.complete {
        return None;
    }
    let documents = loaded.documents.into_iter().map(|document| document.root.into_json());
    let mut shown: Vec<String> = documents.map(|value: Value| value.to_string()).collect();
    shown.sort();
    Some(shown)
}
