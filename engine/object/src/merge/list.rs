use super::combine::combine as combine_values;
use crate::fieldset::item_element;
use crate::schema::ListType;
use crate::{PathElement, Types};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Merges two lists whose items are told apart by key. Items that both have come in the order of the applied list,
/// items that only the live list has keep their place before the shared item that followed them.
pub(super) fn combine(live: &[Value], applied: &[Value], list: &ListType, types: &Types) -> Vec<Value> {
    let left = Side::index(live, list, types);
    let right = Side::index(applied, list, types);
    let mut shared: VecDeque<&PathElement> = right
        .items
        .iter()
        .map(|(element, _)| element)
        .filter(|element| left.by.contains_key(*element))
        .collect();
    let mut next_shared = shared.pop_front();
    let mut taken: BTreeSet<&PathElement> = BTreeSet::new();
    let mut out = Vec::with_capacity(left.items.len().max(right.items.len()));
    let merge = |element: &PathElement, change: &Value| match left.by.get(element) {
        Some(Some(there)) => combine_values(there, change, types, list.element),
        // A key that occurs twice in the live list is replaced, not merged.
        Some(None) | None => change.clone(),
    };
    let (mut l, mut r) = (0, 0);
    while l < left.items.len() || r < right.items.len() {
        if let (Some((on_left, _)), Some((on_right, change))) = (left.items.get(l), right.items.get(r)) {
            if on_left == on_right {
                out.push(merge(on_left, change));
                taken.insert(on_left);
                next_shared = shared.pop_front();
                (l, r) = (l + 1, r + 1);
                continue;
            }
            if right.by.contains_key(on_left) && next_shared.is_some_and(|next| next != on_left) {
                // Shared, but another shared item comes first: the applied list will bring it.
                l += 1;
                continue;
            }
        }
        if let Some((on_left, there)) = left.items.get(l) {
            if !right.by.contains_key(on_left) {
                out.push((*there).clone());
                l += 1;
                continue;
            }
            if taken.contains(on_left) {
                l += 1;
            }
        }
        if let Some((on_right, change)) = right.items.get(r) {
            out.push(merge(on_right, change));
            taken.insert(on_right);
            if next_shared == Some(on_right) {
                next_shared = shared.pop_front();
            }
            r += 1;
        }
    }
    out
}

/// A list with the names of its items.
struct Side<'v> {
    items: Vec<(PathElement, &'v Value)>,
    /// `None` for a name that occurs more than once.
    by: BTreeMap<PathElement, Option<&'v Value>>,
}

impl<'v> Side<'v> {
    fn index(values: &'v [Value], list: &ListType, types: &Types) -> Self {
        let named = values.iter().filter_map(|item| Some((item_element(types, list, item).ok()?, item)));
        let items: Vec<(PathElement, &Value)> = named.collect();
        let mut by = BTreeMap::new();
        for (element, item) in &items {
            by.entry(element.clone()).and_modify(|there| *there = None).or_insert(Some(*item));
        }
        Self { items, by }
    }
}
