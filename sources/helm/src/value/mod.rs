//! Values as templates see them. Go tells an `int` from an `int64` and a nil map from an empty one; so must we, because
//! `typeOf`, `printf`, comparisons and `toYaml` do.
mod collection;
mod equal;
mod json;
mod object;
mod shape;

pub(crate) use collection::{List, ListType, Map, MapType};
pub(crate) use equal::deep_equal;
pub(crate) use json::{from_json, from_values, to_json, to_json_for_yaml};
pub(crate) use object::{Files, Object, Struct, StructField};

use crate::text::Text;

/// Values within values, at most. Deeper ones are refused wherever they are walked through.
pub(crate) const MOST_DEPTH: usize = 500;

#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// No value at all: reflect's zero Value. Its fields are no value either.
    None,
    /// A nil that is known to be an `interface {}`: what a map without the key gives. Asking for its fields is an error.
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint8(u8),
    Uint64(u64),
    Float(f64),
    Text(Text),
    Bytes(Text),
    List(List),
    Map(Map),
    Object(Object),
}

impl Value {
    pub(crate) fn text(text: impl Into<Text>) -> Self {
        Value::Text(text.into())
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Value::List(List::new(ListType::Any, items))
    }

    pub(crate) fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Value::List(List::new(ListType::Text, items.into_iter().map(Value::text).collect()))
    }

    pub(crate) fn map(entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        Value::Map(Map::new(MapType::Any, entries))
    }

    /// Neither a value nor anything in an interface.
    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Value::None | Value::Nil)
    }

    /// As it lies in a list or map, where "no value" does not exist.
    pub(crate) fn stored(self) -> Self {
        if let Value::None = self { Value::Nil } else { self }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::text(text)
    }
}
