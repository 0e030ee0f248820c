use crate::state::State;
use crate::{Action, Observation};
use mainstay_health::Rules;
use mainstay_object::{GroupKind, GroupVersionKind, ObjectKey};
use mainstay_unit::{Health, Target};
use std::collections::BTreeSet;
use std::sync::Arc;

const JUDGED_ANEW: &str = "is being judged anew: the rules for its kind have changed";

impl State {
    /// Verdicts by rules that hold no more prove nothing. Objects are not kept, so the kinds that are concerned are
    /// listed again, and until then a unit that has some waits as it does after a start: nothing of it is news.
    pub(crate) fn rule(&mut self, rules: Arc<Rules>, number: u64) {
        let old = std::mem::replace(&mut self.rules, rules);
        let now = self.rules.clone();
        let other = |group: &str, kind: &str| !now.agree(&old, group, kind);
        let concerned: Vec<(Target, GroupVersionKind)> = self
            .watched
            .iter()
            .filter(|(_, watched)| other(&watched.group, kind_of(watched)))
            .cloned()
            .collect();
        for (target, watched) in concerned {
            let kind = GroupKind::new(&*watched.group, kind_of(&watched));
            self.ruled_anew.insert(kind, number);
            let place = (target, watched);
            if place.1.kind.contains(' ') {
                // One object: whoever looks at it asks again.
                self.watched.remove(&place);
                continue;
            }
            self.synced.remove(&place);
            let bodies = self.bodied.contains(&place);
            let (target, kind) = place;
            self.actions.push(Action::Watch { target, kind, bodies });
        }
        let mut queue = BTreeSet::new();
        for (id, state) in &mut self.units {
            for (key, seen) in &mut state.observed {
                if other(key.group(), key.kind()) {
                    seen.health = Health::unknown(JUDGED_ANEW);
                    queue.insert(id.clone());
                }
            }
        }
        self.queue.append(&mut queue);
    }

    /// What was judged before its kind's rule changed, and told after: the new watch tells it once more.
    pub(crate) fn by_rules(&self, key: &ObjectKey, seen: &mut Observation) {
        if self.ruled_anew.is_empty() {
            return;
        }
        let since = self.ruled_anew.get(&GroupKind::new(key.group(), key.kind()));
        if since.is_some_and(|since| seen.judged < *since) {
            seen.health = Health::unknown(JUDGED_ANEW);
        }
    }
}

/// The watch of one object is kept with its name behind its kind.
fn kind_of(watched: &GroupVersionKind) -> &str {
    watched.kind.split_once(' ').map_or(&*watched.kind, |(kind, _)| kind)
}
