//! Structural types: what a field holds, how its value merges, what it defaults to, what it may be.
//!
//! One arena holds all types of one API surface, so that types may refer to themselves. Nothing here knows where a
//! schema came from: the built-in table, a custom resource definition and "nothing is known" give the same values.

#[cfg(test)]
pub(crate) mod compact;
mod constraint;
mod crd;
mod minor;
mod openapi;
mod table;
#[cfg(test)]
mod tests;

pub use crd::{CrdSchema, SchemaError, from_crd};
pub use minor::Minor;
pub use openapi::Definitions;
pub use table::{KindInfo, Kinds, Subresource};

use crate::GroupVersionKind;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A type in a [`Types`] arena. [`TypeId::ANY`] is in every arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(u32);

impl TypeId {
    /// Anything: lists are atomic, maps are granular, scalars are leaves; how a kind without a schema is treated.
    pub const ANY: Self = Self(0);

    /// Its place in `Types::ids`.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An arena of types.
#[derive(Debug, Clone)]
pub struct Types {
    types: Vec<Type>,
    names: BTreeMap<String, TypeId>,
    kinds: BTreeMap<GroupVersionKind, TypeId>,
    minor: Option<Minor>,
    /// Which types have a default in them, found on first use.
    defaulted: OnceLock<Vec<bool>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    pub shape: Shape,
    pub nullable: bool,
    /// `x-kubernetes-embedded-resource`: an object of its own, with apiVersion, kind and metadata.
    pub embedded_resource: bool,
    /// `x-kubernetes-preserve-unknown-fields`: pruning leaves what no field declares.
    pub preserve_unknown: bool,
    /// An API server holds such values in structs of its own, in which nulls, empty maps and empty lists do not survive
    /// and some structs are never absent.
    pub native: bool,
    pub constraint: Option<Box<Constraint>>,
    /// `x-kubernetes-validations`, as written. Evaluating them is the caller's: `self` is the value at this type.
    pub rules: Vec<Rule>,
}

/// A CEL rule of a custom resource's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub rule: String,
    pub message: String,
    pub message_expression: String,
    /// `FieldValueInvalid` when empty.
    pub reason: String,
    pub field_path: String,
    pub optional_old_self: bool,
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
    /// Merging accepts names that are neither declared nor of an element type, though pruning removes them: an object
    /// without declared fields, or one below a field that preserves unknown fields.
    pub lenient: bool,
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
    /// The types of Kubernetes' own kinds in the newest minor version, read on first use.
    pub fn builtin() -> &'static Self {
        Self::of_minor(Minor::NEWEST)
    }

    /// The types of Kubernetes' own kinds in a minor version.
    pub fn of_minor(minor: Minor) -> &'static Self {
        &table::of_minor(minor).types
    }

    /// An arena that knows nothing but [`TypeId::ANY`].
    pub fn deduced() -> &'static Self {
        static DEDUCED: std::sync::LazyLock<Types> = std::sync::LazyLock::new(Types::new);
        &DEDUCED
    }

    fn new() -> Self {
        let any = Type { preserve_unknown: true, ..Type::of(Shape::Any) };
        Self {
            types: vec![any],
            names: BTreeMap::new(),
            kinds: BTreeMap::new(),
            minor: None,
            defaulted: OnceLock::new(),
        }
    }

    fn push(&mut self, ty: Type) -> TypeId {
        // Types come from documents of a few megabytes at most.
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.defaulted = OnceLock::new();
        self.types.push(ty);
        id
    }

    /// Copies a type and all that it refers to from another arena: the versions of one kind have to share one.
    pub fn import(&mut self, from: &Types, id: TypeId) -> TypeId {
        let mut done = BTreeMap::from([(TypeId::ANY, TypeId::ANY)]);
        self.import_once(from, id, &mut done)
    }

    fn import_once(&mut self, from: &Types, id: TypeId, done: &mut BTreeMap<TypeId, TypeId>) -> TypeId {
        if let Some(&here) = done.get(&id) {
            return here;
        }
        let here = self.push(from.get(id).clone());
        done.insert(id, here);
        let mut shape = from.get(id).shape.clone();
        match &mut shape {
            Shape::Any | Shape::Scalar(_) => {}
            Shape::Map(map) => {
                for field in map.fields.values_mut() {
                    field.ty = self.import_once(from, field.ty, done);
                }
                map.element = map.element.map(|element| self.import_once(from, element, done));
            }
            Shape::List(list) => list.element = self.import_once(from, list.element, done),
        }
        self.types[here.0 as usize].shape = shape;
        here
    }

    /// Panics for an id of another arena that is out of range here: ids are made by arenas only.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// All types there are.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..u32::try_from(self.types.len()).unwrap_or(u32::MAX)).map(TypeId)
    }

    /// By `TypeId::index`: which types satisfy the condition, or have one below them that does. Walks that only such
    /// types have a use for stop at the others.
    pub fn leading_to(&self, wanted: impl Fn(TypeId) -> bool) -> Vec<bool> {
        let mut parents = vec![Vec::new(); self.types.len()];
        for id in self.ids() {
            match &self.get(id).shape {
                Shape::Any | Shape::Scalar(_) => {}
                Shape::List(list) => parents[list.element.index()].push(id),
                Shape::Map(map) => {
                    let fields = map.fields.values().map(|field| field.ty);
                    fields.chain(map.element).for_each(|child| parents[child.index()].push(id));
                }
            }
        }
        let mut found = vec![false; self.types.len()];
        let mut left: Vec<TypeId> = self.ids().filter(|id| wanted(*id)).collect();
        while let Some(id) = left.pop() {
            if !std::mem::replace(&mut found[id.index()], true) {
                left.append(&mut parents[id.index()]);
            }
        }
        found
    }

    /// Whether defaulting has anything to do in values of the type.
    pub(crate) fn has_defaults(&self, id: TypeId) -> bool {
        let defaulted = self.defaulted.get_or_init(|| {
            self.leading_to(|id| {
                let ty = self.get(id);
                match &ty.shape {
                    Shape::Any | Shape::Scalar(_) => false,
                    Shape::List(list) => list.element_default.is_some(),
                    Shape::Map(map) => {
                        let mut defaults = map.fields.values().filter_map(|field| field.default.as_ref());
                        map.element_default.is_some()
                            || defaults.any(|default| !(ty.native && crate::defaulting::is_zero(default)))
                    }
                }
            })
        });
        defaulted.get(id.index()).copied().unwrap_or(true)
    }

    /// The minor version whose table this is; `None` for every other arena.
    pub fn minor(&self) -> Option<Minor> {
        self.minor
    }

    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// The name of a type that has one; a use of a type that says more has its name too.
    pub fn name(&self, id: TypeId) -> Option<&str> {
        let same = |other: TypeId| match (&self.get(id).shape, &self.get(other).shape) {
            (Shape::Map(one), Shape::Map(other)) => !one.fields.is_empty() && one.fields == other.fields,
            _ => false,
        };
        let exact = self.names.iter().find(|(_, named)| **named == id);
        let found = exact.or_else(|| self.names.iter().find(|(_, named)| same(**named)));
        found.map(|(name, _)| name.as_str())
    }

    pub fn for_kind(&self, kind: &GroupVersionKind) -> Option<TypeId> {
        self.kinds.get(kind).copied()
    }

    /// How a value of this type is walked. Where anything goes, the value decides; null counts as a map.
    pub(crate) fn atom<'a>(&'a self, id: TypeId, value: &Value) -> Atom<'a> {
        let ty = self.get(id);
        match (&ty.shape, value) {
            // To another version of a custom resource, what is an int-or-string here may be anything.
            (Shape::Scalar(Scalar::IntOrString), Value::Object(_)) if !ty.native => Atom::Map(&ANY_MAP),
            (Shape::Scalar(Scalar::IntOrString), Value::Array(_)) if !ty.native => Atom::List(&ANY_LIST),
            (Shape::Scalar(_), _) => Atom::Scalar,
            (Shape::Map(map), _) => Atom::Map(map),
            (Shape::List(list), _) => Atom::List(list),
            (Shape::Any, Value::Array(_)) => Atom::List(&ANY_LIST),
            (Shape::Any, Value::Object(_) | Value::Null) => Atom::Map(&ANY_MAP),
            (Shape::Any, Value::Bool(_) | Value::Number(_) | Value::String(_)) => Atom::Scalar,
        }
    }

    /// What a key of a list's items is where an item leaves it out.
    pub(crate) fn key_default(&self, list: &ListType, name: &str) -> Option<&Value> {
        match &self.get(list.element).shape {
            Shape::Map(map) => map.fields.get(name).and_then(|field| field.default.as_ref()),
            Shape::Any | Shape::Scalar(_) | Shape::List(_) => None,
        }
    }

    /// Whether the type declares a field of that name, and the type of what is there.
    pub(crate) fn declared(&self, id: TypeId, name: &str) -> (bool, Option<TypeId>) {
        match &self.get(id).shape {
            Shape::Map(map) => match map.fields.get(name) {
                Some(field) => (true, Some(field.ty)),
                None => (false, map.element),
            },
            Shape::Any | Shape::Scalar(_) | Shape::List(_) => (false, None),
        }
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

impl MapType {
    /// The type of an entry, whether the name is allowed or not.
    pub(crate) fn type_of(&self, name: &str) -> TypeId {
        self.fields.get(name).map(|field| field.ty).or(self.element).unwrap_or(TypeId::ANY)
    }
}

/// The three ways to walk a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Atom<'a> {
    Scalar,
    Map(&'a MapType),
    List(&'a ListType),
}

static ANY_MAP: MapType = MapType {
    fields: BTreeMap::new(),
    element: Some(TypeId::ANY),
    element_default: None,
    required: Vec::new(),
    atomic: false,
    lenient: false,
};
static ANY_LIST: ListType =
    ListType { element: TypeId::ANY, element_default: None, relation: ListRelation::Atomic };

impl Type {
    fn of(shape: Shape) -> Self {
        Self {
            shape,
            nullable: false,
            embedded_resource: false,
            preserve_unknown: false,
            native: false,
            constraint: None,
            rules: Vec::new(),
        }
    }
}
