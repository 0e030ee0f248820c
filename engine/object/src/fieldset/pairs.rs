use super::item_element;
use crate::schema::{ListRelation, ListType};
use crate::{PathElement, Types};
use serde_json::Value;
use std::collections::BTreeMap;

/// Which item of an old list an item of the new one was: known for lists with keys, unless a key is missing.
pub(crate) struct Pairs<'a> {
    types: &'a Types,
    list: &'a ListType,
    olds: BTreeMap<PathElement, &'a Value>,
}

impl<'a> Pairs<'a> {
    pub fn new(types: &'a Types, list: &'a ListType, old: Option<&'a Vec<Value>>) -> Self {
        let keyed = matches!(list.relation, ListRelation::Map(_));
        let items = old.filter(|_| keyed).into_iter().flatten();
        let olds = items.filter_map(|item| Some((item_element(types, list, item).ok()?, item))).collect();
        Self { types, list, olds }
    }

    pub fn old(&self, item: &Value) -> Option<&'a Value> {
        if self.olds.is_empty() {
            return None;
        }
        self.olds.get(&item_element(self.types, self.list, item).ok()?).copied()
    }
}
