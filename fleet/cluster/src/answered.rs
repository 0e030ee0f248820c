use mainstay_object::Value;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// Writes that are remembered: their events arrive within moments.
const MOST: usize = 4096;

/// What writes of ours were answered with. A watch tells of each of them once more, which is no news.
#[derive(Default)]
pub(crate) struct Answered(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    hasher: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Answered {
    pub fn note(&self, answer: &Value) {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (uid, version) = (text("/metadata/uid"), text("/metadata/resourceVersion"));
        if uid.is_empty() || version.is_empty() {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = inner.hasher.hash_one((uid, version));
        if inner.known.insert(mark) {
            inner.order.push_back(mark);
        }
        if inner.order.len() > MOST
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.known.remove(&oldest);
        }
    }

    /// Whether this is the state that a write of ours was answered with.
    pub fn knows(&self, uid: &str, version: &str) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !inner.known.is_empty() && inner.known.contains(&inner.hasher.hash_one((uid, version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(version: usize) -> Value {
        json!({"metadata": {"uid": "u", "resourceVersion": version.to_string()}})
    }

    #[test]
    fn the_newest_answers_are_known() {
        let answered = Answered::default();
        assert!(!answered.knows("u", "1"));
        for version in 0..=MOST {
            answered.note(&answer(version));
        }
        assert!(answered.knows("u", "1") && answered.knows("u", &MOST.to_string()));
        assert!(!answered.knows("u", "0"), "the oldest is forgotten");
        assert!(!answered.knows("other", "1"), "versions of two objects may be equal");
        answered.note(&json!({"metadata": {}}));
        assert!(!answered.knows("", ""));
    }
}
