use mainstay_unit::UnitId;

/// Who has one object in its inventory: nearly always one unit, so that a set of its own would be most of what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Owners(Box<[UnitId]>);

impl Owners {
    pub fn insert(&mut self, id: UnitId) {
        let Err(at) = self.0.binary_search(&id) else { return };
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.insert(at, id);
        self.0 = all.into_boxed_slice();
    }

    pub fn remove(&mut self, id: &UnitId) {
        let Ok(at) = self.0.binary_search(id) else { return };
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.remove(at);
        self.0 = all.into_boxed_slice();
    }

    pub fn contains(&self, id: &UnitId) -> bool {
        self.0.binary_search(id).is_ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, UnitId> {
        self.0.iter()
    }
}

impl IntoIterator for Owners {
    type Item = UnitId;
    type IntoIter = std::vec::IntoIter<UnitId>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl<'a> IntoIterator for &'a Owners {
    type Item = &'a UnitId;
    type IntoIter = std::slice::Iter<'a, UnitId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
