use mainstay_unit::UnitId;

/// Who has one object in its inventory, in order: nearly always one unit, so that a set would be most of what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owners {
    One(UnitId),
    Some(Box<[UnitId]>),
}

impl Default for Owners {
    fn default() -> Self {
        Self::Some(Box::default())
    }
}

impl Owners {
    pub fn insert(&mut self, id: UnitId) {
        let Err(at) = self.as_slice().binary_search(&id) else { return };
        let mut all = self.as_slice().to_vec();
        all.insert(at, id);
        *self = Self::of(all);
    }

    pub fn remove(&mut self, id: &UnitId) {
        let Ok(at) = self.as_slice().binary_search(id) else { return };
        let mut all = self.as_slice().to_vec();
        all.remove(at);
        *self = Self::of(all);
    }

    fn of(all: Vec<UnitId>) -> Self {
        match <[UnitId; 1]>::try_from(all) {
            Ok([one]) => Self::One(one),
            Err(all) => Self::Some(all.into_boxed_slice()),
        }
    }

    fn as_slice(&self) -> &[UnitId] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Some(all) => all,
        }
    }

    pub fn contains(&self, id: &UnitId) -> bool {
        self.as_slice().binary_search(id).is_ok()
    }

    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, UnitId> {
        self.as_slice().iter()
    }
}

impl IntoIterator for Owners {
    type Item = UnitId;
    type IntoIter = std::vec::IntoIter<UnitId>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::One(one) => vec![one].into_iter(),
            Self::Some(all) => all.into_vec().into_iter(),
        }
    }
}

impl<'a> IntoIterator for &'a Owners {
    type Item = &'a UnitId;
    type IntoIter = std::slice::Iter<'a, UnitId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
