use crate::fieldset::item_element;
use crate::schema::{Atom, ListRelation, ListType, MapType};
use crate::{FieldFilter, FieldSet, PathElement, TypeId, Types, same_value};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What one write did to fields. No path is in two of the sets but where a value changed its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    pub removed: FieldSet,
    pub modified: FieldSet,
    pub added: FieldSet,
}

impl Comparison {
    /// Compares two values of one type.
    pub fn of(old: &Value, new: &Value, types: &Types, id: TypeId) -> Self {
        let mut walker = Walker { types, path: Vec::new(), result: Self::default() };
        walker.compare(Some(old), Some(new), id);
        walker.result
    }

    /// What passes the filter.
    pub(super) fn filtered(mut self, filter: Option<&FieldFilter>) -> Self {
        if let Some(filter) = filter {
            for part in [&mut self.removed, &mut self.modified, &mut self.added] {
                *part = filter.pass(std::mem::take(part));
            }
        }
        self
    }
}

struct Walker<'a> {
    types: &'a Types,
    path: Vec<PathElement>,
    result: Comparison,
}

type Side<'v> = Option<&'v Value>;

impl Walker<'_> {
    fn compare(&mut self, old: Side<'_>, new: Side<'_>, id: TypeId) {
        if old.is_some() && old == new {
            return;
        }
        let types = self.types;
        let atoms = (old.map(|old| types.atom(id, old)), new.map(|new| types.atom(id, new)));
        // Where anything goes a value can change its kind: it is then compared as both kinds.
        let leaf = match atoms {
            (Some(left), Some(right)) if !same_kind(left, right) => {
                self.compare_as(left, old, new);
                self.compare_as(right, old, new)
            }
            (Some(atom), _) | (None, Some(atom)) => self.compare_as(atom, old, new),
            (None, None) => true,
        };
        if !leaf {
            match (old, new) {
                (None, Some(_)) => self.result.added.insert_elements(&self.path),
                (Some(_), None) => self.result.removed.insert_elements(&self.path),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
    }

    /// Whether the value was compared as a whole.
    fn compare_as(&mut self, atom: Atom<'_>, old: Side<'_>, new: Side<'_>) -> bool {
        match atom {
            Atom::Scalar => self.leaf(old, new),
            Atom::Map(map) => {
                let (left, right) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                if map.atomic || (left.is_none_or(Map::is_empty) && right.is_none_or(Map::is_empty)) {
                    return self.leaf(old, new);
                }
                self.entries(left, right, map);
                false
            }
            Atom::List(list) => {
                let (left, right) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
                let empty = left.is_none_or(Vec::is_empty) && right.is_none_or(Vec::is_empty);
                if list.relation == ListRelation::Atomic || empty {
                    return self.leaf(old, new);
                }

                self.items(left.map_or(&[], Vec::as_slice), right.map_or(&[], Vec::as_slice), list);
                false
            }
        }
    }

    fn leaf(&mut self, old: Side<'_>, new: Side<'_>) -> bool {
        match (old, new) {
            (None, Some(_)) => self.result.added.insert_elements(&self.path),
            (Some(_), None) => self.result.removed.insert_elements(&self.path),
            (Some(old), Some(new)) if !same_value(old, new) => {
                self.result.modified.insert_elements(&self.path)
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        true
    }

    fn entries(&mut self, old: Option<&Map<String, Value>>, new: Option<&Map<String, Value>>, map: &MapType) {
        for (name, old_value) in old.into_iter().flatten() {
            let new_value = new.and_then(|new| new.get(name));
            if new_value != Some(old_value) {
                self.below(PathElement::field(name), Some(old_value), new_value, map.type_of(name));
            }
        }
        for (name, new_value) in new.into_iter().flatten() {
            if old.is_none_or(|old| !old.contains_key(name)) {
                self.below(PathElement::field(name), None, Some(new_value), map.type_of(name));
            }
        }
    }

    fn items(&mut self, old: &[Value], new: &[Value], list: &ListType) {
        let mut all: BTreeMap<PathElement, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for item in old {
            if let Ok(element) = item_element(self.types, list, item) {
                all.entry(element).or_default().0.push(item);
            }
        }
        for item in new {
            if let Ok(element) = item_element(self.types, list, item) {
                all.entry(element).or_default().1.push(item);
            }
        }
        for (element, (olds, news)) in all {
            match (olds.as_slice(), news.as_slice()) {
                ([] | [_], [] | [_]) => {
                    self.below(element, olds.first().copied(), news.first().copied(), list.element);
                }
                // Items with one key are compared as a whole; only their number and content count.
                ([_, _, ..], [_, _, ..]) => {
                    let same =
                        olds.len() == news.len() && olds.iter().zip(&news).all(|(a, b)| same_value(a, b));
                    if !same {
                        self.mark(element, |result| &mut result.modified);
                    }
                }
                ([_, _, ..], rest) => {
                    if let Some(new) = rest.first() {
                        self.below(element.clone(), None, Some(new), list.element);
                    }
                    self.mark(element, |result| &mut result.removed);
                }
                (rest, [_, _, ..]) => {
                    if let Some(old) = rest.first() {
                        self.below(element.clone(), Some(old), None, list.element);
                    }
                    self.mark(element, |result| &mut result.added);
                }
            }
        }
    }

    fn below(&mut self, element: PathElement, old: Side<'_>, new: Side<'_>, id: TypeId) {
        self.path.push(element);
        self.compare(old, new, id);
        self.path.pop();
    }

    fn mark(&mut self, element: PathElement, set: impl FnOnce(&mut Comparison) -> &mut FieldSet) {
        self.path.push(element);
        set(&mut self.result).insert_elements(&self.path);
        self.path.pop();
    }
}

fn same_kind(a: Atom<'_>, b: Atom<'_>) -> bool {
    matches!(
        (a, b),
        (Atom::Scalar, Atom::Scalar) | (Atom::Map(_), Atom::Map(_)) | (Atom::List(_), Atom::List(_))
    )
}
