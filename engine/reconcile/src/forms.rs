//! The forms in which an object was sent: what in it was ours once is drift where it differs now.

use crate::state::UnitState;
use mainstay_object::{Digest, ObjectKey};
use mainstay_unit::{InventoryEntry, Manifest};
use std::collections::BTreeMap;

/// What is known of the forms in which an object was sent.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// As the last answer confirmed it.
    pub answered: Option<Manifest>,
    /// As it was sent since without an answer: where it is proven that a request was carried out, its fields are ours as
    /// well.
    pub unanswered: Vec<Manifest>,
}

impl Forms {
    pub(crate) fn is_empty(&self) -> bool {
        self.answered.is_none() && self.unanswered.is_empty()
    }

    /// With what others know of the same object.
    pub(crate) fn or(mut self, others: Self) -> Self {
        self.answered = self.answered.or(others.answered);
        for form in others.unanswered {
            if !self.unanswered.iter().any(|known| known.digest == form.digest) {
                self.unanswered.push(form);
            }
        }
        self
    }
}

/// Everything that this run has seen of a unit's objects, by key.
pub(crate) struct Known<'a>(BTreeMap<&'a ObjectKey, Vec<&'a Manifest>>);

impl Known<'_> {
    pub(crate) fn of(&self, entry: &InventoryEntry) -> Forms {
        let form = |digest: &Digest| {
            let forms = self.0.get(&entry.key).into_iter().flatten();
            forms.copied().find(|form| form.digest == *digest).cloned()
        };
        Forms {
            answered: entry.desired.as_ref().and_then(form),
            unanswered: entry.intended.iter().filter_map(form).collect(),
        }
    }
}

impl UnitState {
    pub(crate) fn known(&self) -> Known<'_> {
        let mut known: BTreeMap<&ObjectKey, Vec<&Manifest>> = BTreeMap::new();
        for object in self.sources() {
            known.entry(&object.key).or_default().push(object);
        }
        Known(known)
    }

    /// The same of one object.
    pub(crate) fn sent_of(&self, key: &ObjectKey) -> Forms {
        let Some(entry) = self.record.inventory.get(key) else { return Forms::default() };
        let forms = self.sources().filter(|object| object.key == *key).collect();
        Known(BTreeMap::from([(key, forms)])).of(entry)
    }

    fn sources(&self) -> impl Iterator<Item = &Manifest> {
        let desired = self.desired.iter().map(|wanted| &wanted.rendered);
        self.applied.iter().chain(desired).chain(&self.tried).flat_map(|rendered| &rendered.objects)
    }
}
