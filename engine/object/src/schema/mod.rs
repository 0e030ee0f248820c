//! Structural types: what a field holds, how its value merges, what it defaults to, what it may be.
//!
//! One arena holds all types of one API surface, so that types may refer to themselves. Nothing here knows where a
//! schema came from: the built-in table, a custom resource definition and "nothing is known" give the same values.

mod crd;
mod table;

pub use crd::{CrdSchema, SchemaError, from_crd};
pub use table::{KindInfo, Kinds, Subresource};

use crate::GroupVersionKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// A type in a [`Types`] arena. [`TypeId::ANY`] is in every arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(u32);

impl TypeId {
    /// Anything: lists are atomic, maps are granular, scalars are leaves; how a kind without a schema is treated.
    pub const ANY: Self = Self(0);
}

/// An arena of types.
#[derive(Debug, Clone)]
pub struct Types {
    types: Vec<Type>,
    names: BTreeMap<String, TypeId>,
    kinds: BTreeMap<GroupVersionKind, TypeId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    pub shape: Shape,
    pub nullable: bool,
    /// `x-kubernetes-embedded-resource`: an object of its own, with apiVersion, kind and metadata.
    pub embedded_resource: bool,
    /// `x-kubernetes-preserve-unknown-fields`: pruning leaves what no field declares.
    pub preserve_unknown: bool,
    pub constraint: Option<Box<Constraint>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Any,
    Scalar(Scalar),
    Map(MapType),
    List(ListType),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    String,
    Integer,
    Number,
    Boolean,
    IntOrString,
    /// A quantity: written as a string or as a number.
    Quantity,
}

/// A struct (fields), a map (element) or both: fields first, the element type for every other name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MapType {
    pub fields: BTreeMap<String, Field>,
    /// The type of names that no field declares; `None` where they are not allowed.
    pub element: Option<TypeId>,
    pub element_default: Option<Value>,
    pub required: Vec<String>,
    /// Owned and replaced as a whole.
    pub atomic: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub ty: TypeId,
    pub default: Option<Value>,
    pub patch: PatchRule,
}

/// How strategic merge patch treats a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatchRule {
    /// `merge`: a list is merged, by `merge_key` or as a set; a map without it is merged all the same.
    pub merge: bool,
    /// `replace`: a map is replaced as a whole.
    pub replace: bool,
    /// `retainKeys`: of a union only the keys that the patch names are kept.
    pub retain_keys: bool,
    pub merge_key: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ListType {
    pub element: TypeId,
    pub element_default: Option<Value>,
    pub relation: ListRelation,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ListRelation {
    /// Owned and replaced as a whole.
    Atomic,
    /// Scalars, each at most once.
    Set,
    /// Maps, told apart by these fields; a field that has a default may be left out.
    Map(Vec<String>),
}

/// What a value must fulfil beyond its shape. Also used for the branches of `allOf`, `anyOf`, `oneOf` and `not`, which
/// then carry constraints for fields and items.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Constraint {
    pub enumeration: Vec<Value>,
    pub format: Option<String>,
    pub minimum: Option<f64>,
    pub exclusive_minimum: bool,
    pub maximum: Option<f64>,
    pub exclusive_maximum: bool,
    pub multiple_of: Option<f64>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub pattern: Option<Pattern>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub unique_items: bool,
    pub min_properties: Option<u64>,
    pub max_properties: Option<u64>,
    pub required: Vec<String>,
    pub properties: BTreeMap<String, Constraint>,
    pub additional: Option<Box<Constraint>>,
    pub items: Option<Box<Constraint>>,
    pub all_of: Vec<Constraint>,
    pub any_of: Vec<Constraint>,
    pub one_of: Vec<Constraint>,
    pub not: Option<Box<Constraint>>,
}

/// A regular expression, compiled once; equal by its text.
#[derive(Debug, Clone)]
pub struct Pattern(pub regex::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Types {
    /// The types of Kubernetes' own kinds, read on first use.
    pub fn builtin() -> &'static Self {
        &table::builtin().types
    }

    /// An arena that knows nothing but [`TypeId::ANY`].
    pub fn deduced() -> &'static Self {
        static DEDUCED: std::sync::LazyLock<Types> = std::sync::LazyLock::new(Types::new);
        &DEDUCED
    }

    fn new() -> Self {
        let any = Type::of(Shape::Any);
        Self { types: vec![any], names: BTreeMap::new(), kinds: BTreeMap::new() }
    }

    /// Panics for an id of another arena that is out of range here: ids are made by arenas only.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    pub fn for_kind(&self, kind: &GroupVersionKind) -> Option<TypeId> {
        self.kinds.get(kind).copied()
    }

    /// The type of a named entry; `None` where the type allows no such name.
    pub fn child(&self, id: TypeId, name: &str) -> Option<TypeId> {
        match &self.get(id).shape {
            Shape::Any => Some(TypeId::ANY),
            Shape::Map(map) => map.fields.get(name).map(|field| field.ty).or(map.element),
            Shape::Scalar(_) | Shape::List(_) => None,
        }
    }

    /// The type of a list's elements.
    pub fn element(&self, id: TypeId) -> Option<TypeId> {
        match &self.get(id).shape {
            Shape::Any => Some(TypeId::ANY),
            Shape::List(list) => Some(list.element),
            Shape::Scalar(_) | Shape::Map(_) => None,
        }
    }
}

impl Type {
    fn of(shape: Shape) -> Self {
        Self { shape, nullable: false, embedded_resource: false, preserve_unknown: false, constraint: None }
    }
}
