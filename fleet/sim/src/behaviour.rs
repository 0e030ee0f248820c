use mainstay_apiserver::core::Now;
use serde_json::Value;

/// Annotation: how long a change takes to become ready, `2s` or `1m30s` for example. At once if absent.
pub const READY_AFTER: &str = "simulate.mainstay.dev/ready-after";
/// Annotation: why the object never becomes ready, `ImagePullBackOff` for example.
pub const FAIL: &str = "simulate.mainstay.dev/fail";

const LONGEST: i64 = 24 * 3600 * 1_000_000_000;

/// What an object's annotations ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Behaviour {
    nanos: i64,
    pub(crate) fail: Option<String>,
}

/// Where a change has got to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    Progressing { until: Now },
    Ready,
    Failing { reason: String },
}

impl Behaviour {
    pub(crate) fn of(object: &Value) -> Self {
        let annotation = |key: &str| object["metadata"]["annotations"][key].as_str();
        let mut behaviour = Self { nanos: 0, fail: annotation(FAIL).map(str::to_owned) };
        if let Some(text) = annotation(READY_AFTER) {
            match duration(text) {
                Some(nanos) => behaviour.nanos = nanos,
                // Ready at once would hide the mistake.
                None => {
                    behaviour.fail = Some(format!("InvalidAnnotation {READY_AFTER}: {text:?} is no duration"))
                }
            }
        }
        behaviour
    }

    pub(crate) fn phase(&self, since: Now, now: Now) -> Phase {
        let until = Now(since.0.saturating_add(self.nanos));
        match &self.fail {
            _ if now < until => Phase::Progressing { until },
            Some(reason) => Phase::Failing { reason: reason.clone() },
            None => Phase::Ready,
        }
    }
}

/// Nanoseconds of a Go duration; `None` beyond a day, or if it is none.
fn duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    if rest == "0" {
        return Some(0);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let end = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let nanos: i64 = match &unit[..end] {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60 * 1_000_000_000,
            "h" => 3600 * 1_000_000_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(nanos)?)?;
        rest = &unit[end..];
    }
    (!text.is_empty() && total <= LONGEST).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        assert_eq!(duration("2s"), Some(2_000_000_000));
        assert_eq!(duration("1m30s"), Some(90_000_000_000));
        assert_eq!(duration("250ms"), Some(250_000_000));
        assert_eq!(duration("0"), Some(0));
        for wrong in ["", "2", "s", "soon", "2d", "-1s", "25h", "99999999999999999999s", "1s 2s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
