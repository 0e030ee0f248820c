//! Units that another tool applies as well: as long as it does, they are only looked at.

use crate::state::State;
use crate::{Action, Phase, Wait};
use mainstay_object::{GroupKind, ObjectKey};
use mainstay_unit::{Counterpart, UnitId};
use std::collections::BTreeSet;

/// What is known of the other tools' objects.
#[derive(Default)]
pub(crate) struct Counterparts {
    followed: BTreeSet<GroupKind>,
    /// Kinds whose objects have all been told.
    listed: BTreeSet<GroupKind>,
    /// Those that are there and not suspended.
    acting: BTreeSet<ObjectKey>,
}

impl State {
    /// Why a unit is left to somebody else, or not touched before that is known.
    pub(crate) fn left_to_another(&mut self, id: &UnitId) -> Option<Phase> {
        let other = self.units.get(id)?.counterpart()?;
        let group_kind = other.group_kind();
        if !self.counterparts.listed.contains(&group_kind) {
            if self.counterparts.followed.insert(group_kind) {
                self.actions.push(Action::Follow(other.clone()));
            }
            return Some(Phase::Waiting { on: vec![Wait::Observation { kind: other.kind.clone() }] });
        }
        self.counterparts.acting.contains(&other.key()).then(|| Phase::Held { why: other.why() })
    }

    pub(crate) fn counterpart(&mut self, key: &ObjectKey, acts: bool) {
        let acting = &mut self.counterparts.acting;
        let news = if acts { acting.insert(key.clone()) } else { acting.remove(key) };
        if news {
            self.consider_counterparts(|other| other.key() == *key);
        }
    }

    pub(crate) fn counterparts_listed(&mut self, kind: GroupKind, acting: BTreeSet<ObjectKey>) {
        // What is missing from the list is gone, whether that was told or not.
        self.counterparts.acting.retain(|key| key.group_kind() != kind);
        self.counterparts.acting.extend(acting);
        self.consider_counterparts(|other| other.group_kind() == kind);
        self.counterparts.listed.insert(kind);
    }

    fn consider_counterparts(&mut self, concerned: impl Fn(&Counterpart) -> bool) {
        let units = self.units.iter().filter(|(_, state)| state.counterpart().is_some_and(&concerned));
        self.queue.extend(units.map(|(id, _)| id.clone()));
    }
}
