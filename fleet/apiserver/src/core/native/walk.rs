//! What there is to do in values of each built-in type, and which way it is: most of an object is strings that nobody
//! has to look at.

use mainstay_object::schema::{MapType, Scalar, Shape};
use mainstay_object::{Minor, TypeId, Types};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Of one minor version's types, by `TypeId::index`.
pub struct Walks(Vec<Walk>);

/// `has_*` and `completes` are also true of types that only lead to such.
pub struct Walk {
    /// Fields that are plain values in Go, and so are left out when they are zero.
    pub values: BTreeSet<&'static str>,
    /// Fields that Go writes though they are nothing: lists, maps, pointers and times without a way to be left out.
    pub nulls: BTreeSet<&'static str>,
    /// Fields that a struct always has: structs in it, and what has no way to be absent.
    pub filled: Vec<Filled>,
    /// What a null is as an entry: values of Go's maps are never nothing.
    pub zero: Option<&'static str>,
    pub has_values: bool,
    pub has_nulls: bool,
    pub completes: bool,
    pub to_values: Way,
    pub to_nulls: Way,
    pub to_completed: Way,
}

pub struct Filled {
    pub name: &'static str,
    /// In a stored object an empty one is as good as none.
    pub list: bool,
    pub value: Value,
}

/// From a map or struct to those of its entries in which there is something to do.
#[derive(Default)]
pub struct Way {
    /// Sorted by name.
    fields: Vec<(&'static str, TypeId)>,
    element: Option<TypeId>,
}

impl Walks {
    /// `None` for types that are no table of built-in ones.
    pub fn of(types: &Types) -> Option<&'static Self> {
        static V1_31: LazyLock<Walks> = LazyLock::new(|| Walks::new(Minor::V1_31));
        static V1_36: LazyLock<Walks> = LazyLock::new(|| Walks::new(Minor::V1_36));
        Some(match types.minor()? {
            Minor::V1_31 => &V1_31,
            Minor::V1_36 => &V1_36,
        })
    }

    pub fn get(&self, id: TypeId) -> &Walk {
        &self.0[id.index()]
    }

    fn new(minor: Minor) -> Self {
        let types = Types::of_minor(minor);
        let mut values = fields(include_str!("values.txt"), types);
        let mut nulls = fields(include_str!("nulls.txt"), types);
        let has_values = types.leading_to(|id| values.contains_key(&id));
        let has_nulls = types.leading_to(|id| nulls.contains_key(&id));
        let mut filled: Vec<Vec<Filled>> =
            types.ids().map(|id| filled(types, id, values.get(&id), nulls.get(&id))).collect();
        let is_quantity = |id: TypeId| types.get(id).shape == Shape::Scalar(Scalar::Quantity);
        let completes = types
            .leading_to(|id| !filled[id.index()].is_empty() || is_quantity(id) || zero(types, id).is_some());
        let walk = |id: TypeId| Walk {
            values: values.remove(&id).unwrap_or_default(),
            nulls: nulls.remove(&id).unwrap_or_default(),
            filled: std::mem::take(&mut filled[id.index()]),
            zero: zero(types, id),
            has_values: has_values[id.index()],
            has_nulls: has_nulls[id.index()],
            completes: completes[id.index()],
            to_values: Way::new(types, id, &has_values),
            to_nulls: Way::new(types, id, &has_nulls),
            to_completed: Way::new(types, id, &completes),
        };
        Self(types.ids().map(walk).collect())
    }
}

impl Way {
    fn new(types: &'static Types, id: TypeId, wanted: &[bool]) -> Self {
        let Shape::Map(map) = &types.get(id).shape else { return Self::default() };
        let fields = map.fields.iter().filter(|(_, field)| wanted[field.ty.index()]);
        Self {
            fields: fields.map(|(name, field)| (name.as_str(), field.ty)).collect(),
            element: map.element.filter(|element| wanted[element.index()]),
        }
    }

    pub fn leads_somewhere(&self) -> bool {
        !self.fields.is_empty() || self.element.is_some()
    }

    /// The type of an entry, if there is something to do in it.
    pub fn of(&self, name: &str, map: &MapType) -> Option<TypeId> {
        match self.fields.binary_search_by(|(field, _)| (*field).cmp(name)) {
            Ok(at) => self.fields.get(at).map(|(_, ty)| *ty),
            Err(_) => self.element.filter(|_| !map.fields.contains_key(name)),
        }
    }
}

fn filled(
    types: &'static Types,
    id: TypeId,
    values: Option<&BTreeSet<&str>>,
    nulls: Option<&BTreeSet<&str>>,
) -> Vec<Filled> {
    let ty = types.get(id);
    let Shape::Map(map) = &ty.shape else { return Vec::new() };
    let has = |table: Option<&BTreeSet<&str>>, name: &str| table.is_some_and(|fields| fields.contains(name));
    let fields = map.fields.iter().filter(|_| ty.native).filter_map(|(name, field)| {
        let list = matches!(types.get(field.ty).shape, Shape::List(_));
        let value = match &field.default {
            _ if has(nulls, name) => Value::Null,
            // Not what it has anyway, but a default: those were set.
            Some(default) if !is_zero(default) && !default.is_object() => return None,
            Some(default) if is_zero(default) && has(values, name) => return None,
            // A time is a struct to the server, and left out when it is zero.
            Some(default) if default.is_object() && !matches!(types.get(field.ty).shape, Shape::Map(_)) => {
                return None;
            }
            Some(default) => default.clone(),
            None if list && map.required.contains(name) => Value::Null,
            None => return None,
        };
        Some(Filled { name, list, value })
    });
    fields.collect()
}

fn zero(types: &Types, id: TypeId) -> Option<&'static str> {
    let Shape::Map(map) = &types.get(id).shape else { return None };
    match types.get(map.element.filter(|_| map.fields.is_empty())?).shape {
        Shape::Scalar(Scalar::Quantity) => Some("0"),
        Shape::Scalar(Scalar::String) => Some(""),
        Shape::Scalar(_) | Shape::Any | Shape::Map(_) | Shape::List(_) => None,
    }
}

pub fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_i64() == Some(0),
        Value::String(it) => it.is_empty(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// A table of structs and some of their fields.
fn fields(text: &'static str, types: &Types) -> BTreeMap<TypeId, BTreeSet<&'static str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let structs = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?;
        // Types of `metav1` are apart.
        let package = if name.starts_with("meta.") { "io.k8s.apimachinery.pkg.apis" } else { "io.k8s.api" };
        let id = types.named(&format!("{package}.{name}"))?;
        Some((id, words.collect()))
    });
    structs.collect()
}
