//! A document as a JSON patch works on it.
//!
//! An API server's patches tell nulls apart by where they come from (evanphx/json-patch, `lazyNode`): one that was read
//! is nothing, one that an operation has put there is something that holds nothing. A test compares accordingly.

use crate::same_value;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub(super) enum Node {
    /// As it was read, within a document or a value.
    Null,
    /// The whole value of an operation.
    PutNull,
    /// A copy of such a null: it passes for an empty map.
    CopiedNull,
    Scalar(Value),
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
}

impl Node {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => Self::Scalar(value.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(map) => {
                Self::Map(map.iter().map(|(name, child)| (name.clone(), Self::of(child))).collect())
            }
        }
    }

    /// The value of an operation.
    pub fn given(value: &Value) -> Self {
        if value.is_null() { Self::PutNull } else { Self::of(value) }
    }

    /// Written and read once more.
    pub fn copied(&self) -> Self {
        match self {
            Self::PutNull | Self::CopiedNull => Self::CopiedNull,
            Self::Null => Self::Null,
            Self::Scalar(_) | Self::List(_) | Self::Map(_) => Self::of(&self.clone().into_value()),
        }
    }

    pub fn into_value(self) -> Value {
        match self {
            Self::Null | Self::PutNull | Self::CopiedNull => Value::Null,
            Self::Scalar(value) => value,
            Self::List(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Map(map) => {
                Value::Object(map.into_iter().map(|(name, child)| (name, child.into_value())).collect())
            }
        }
    }

    pub fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// Whether a test of what is there finds what an operation gives.
    pub fn passes_for(&self, given: &Self) -> bool {
        match (self, given) {
            (Self::Null, given) => matches!(given, Self::Null | Self::PutNull),
            (there, given) => there.is(given),
        }
    }

    fn is(&self, given: &Self) -> bool {
        match (self, given) {
            (Self::Null, Self::Null) | (Self::PutNull, Self::PutNull) => true,
            (Self::CopiedNull, Self::Map(map)) => map.is_empty(),
            (Self::Scalar(there), Self::Scalar(given)) => same_value(there, given),
            (Self::List(there), Self::List(given)) => {
                there.len() == given.len() && there.iter().zip(given).all(|(there, given)| there.is(given))
            }
            (Self::Map(there), Self::Map(given)) => {
                there.len() == given.len()
                    && there.iter().all(|(name, child)| given.get(name).is_some_and(|given| child.is(given)))
            }
            (
                Self::Null
                | Self::PutNull
                | Self::CopiedNull
                | Self::Scalar(_)
                | Self::List(_)
                | Self::Map(_),
                _,
            ) => false,
        }
    }
}
