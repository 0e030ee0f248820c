//! Lists, which never change, and maps, which templates change in place with `set`, `unset` and `merge`.
use super::Value;
use crate::text::Text;
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// What Go calls the type of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListType {
    Any,
    Text,
    Int,
    /// Lists of `Any`.
    Lists,
    /// Maps of `Any`: TOML's arrays of tables.
    Tables,
    /// `.Capabilities.APIVersions`, which has a method.
    Versions,
    /// `.Chart.Maintainers`, `.Chart.Dependencies`: pointers to structs.
    Maintainers,
    Dependencies,
}

#[derive(Clone)]
pub(crate) struct List {
    pub(crate) ty: ListType,
    /// Go's nil slice: empty, but `null` in JSON.
    pub(crate) nil: bool,
    items: Rc<Items>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MapType {
    Any,
    /// `chartutil.Values`
    Values,
    Text,
}

#[derive(Clone)]
pub(crate) struct Map {
    pub(crate) ty: MapType,
    /// Go's nil map: empty, `null` in JSON, and not to be written to.
    pub(crate) nil: bool,
    entries: Rc<Entries>,
}

struct Items(Vec<Value>);

struct Entries(RefCell<BTreeMap<Text, Value>>);

impl List {
    pub(crate) fn new(ty: ListType, items: Vec<Value>) -> Self {
        Self { ty, nil: false, items: Rc::new(Items(items)) }
    }

    pub(crate) fn nil(ty: ListType) -> Self {
        Self { ty, nil: true, items: Rc::new(Items(Vec::new())) }
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.items.0
    }
}

impl Map {
    pub(crate) fn new(ty: MapType, entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key, value.stored())).collect();
        Self { ty, nil: false, entries: Rc::new(Entries(RefCell::new(entries))) }
    }

    pub(crate) fn nil(ty: MapType) -> Self {
        Self { nil: true, ..Self::new(ty, []) }
    }

    /// The same entries under another type.
    pub(crate) fn typed(&self, ty: MapType) -> Self {
        Self { ty, nil: self.nil, entries: self.entries.clone() }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.0.borrow().get(key).cloned()
    }

    pub(crate) fn insert(&self, key: Text, value: Value) {
        let before = self.entries.0.borrow_mut().insert(key, value.stored());
        drop(before);
    }

    pub(crate) fn remove(&self, key: &[u8]) {
        let before = self.entries.0.borrow_mut().remove(key);
        drop(before);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.0.borrow().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sorted by key, as Go's templates range over maps. Nothing may be written while this is held.
    pub(crate) fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.entries.0.borrow()
    }

    /// A copy of the entries, for loops whose body may write.
    pub(crate) fn snapshot(&self) -> Vec<(Text, Value)> {
        self.entries().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(crate) fn is_same(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }
}

/// Takes values apart without recursion: a template may nest them deeper than the stack is.
fn dismantle(mut open: Vec<Value>) {
    while let Some(value) = open.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut items) = Rc::into_inner(list.items) {
                    open.append(&mut items.0);
                }
            }
            Value::Map(map) => {
                if let Some(entries) = Rc::into_inner(map.entries) {
                    open.extend(std::mem::take(&mut *entries.0.borrow_mut()).into_values());
                }
            }
            Value::None
            | Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Int64(_)
            | Value::Uint8(_)
            | Value::Uint64(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Object(_) => {}
        }
    }
}

fn is_collection(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}

impl Drop for Items {
    fn drop(&mut self) {
        if self.0.iter().any(is_collection) {
            dismantle(std::mem::take(&mut self.0));
        }
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        if self.0.get_mut().values().any(is_collection) {
            dismantle(std::mem::take(self.0.get_mut()).into_values().collect());
        }
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().iter()).finish()
    }
}
