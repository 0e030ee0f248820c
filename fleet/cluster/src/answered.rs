use mainstay_object::Value;
use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// Writes that are remembered: their events arrive within moments.
const MOST: usize = 4096;

/// What writes of ours were answered with. A watch tells of each of them once more, which is no news.
pub(crate) struct Answered {
    /// So that nobody can make two states that are taken for one.
    secret: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    marks: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Default for Answered {
    fn default() -> Self {
        Self { secret: mainstay_clock::random(), known: Mutex::default() }
    }
}

impl Answered {
    fn mark(&self, uid: &str, version: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.secret, uid, version).hash(&mut hasher);
        hasher.finish()
    }

    pub fn note(&self, answer: &Value) {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (uid, version) = (text("/metadata/uid"), text("/metadata/resourceVersion"));
        if uid.is_empty() || version.is_empty() {
            return;
        }
        let mark = self.mark(uid, version);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.marks.insert(mark) {
            known.order.push_back(mark);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.marks.remove(&oldest);
        }
    }

    /// Whether this is the state that a write of ours was answered with.
    pub fn knows(&self, uid: &str, version: &str) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.marks.contains(&self.mark(uid, version))
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
