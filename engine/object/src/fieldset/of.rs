use super::{FieldSet, Node};
use crate::schema::{Atom, ListRelation, ListType, MapType};
use crate::{MAX_DEPTH, PathElement, TypeId, Types};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl FieldSet {
    /// Every leaf, list item and map entry that the value has: what its applier owns. Declared fields that only lead
    /// to others are not members; a list item that occurs twice is one without anything below it.
    pub fn of(value: &Value, types: &Types, id: TypeId) -> Self {
        walk(value, types, id, 0).1
    }
}

/// Whether the value's own path is a member, and what is below.
fn walk(value: &Value, types: &Types, id: TypeId, depth: usize) -> (bool, FieldSet) {
    if depth > MAX_DEPTH {
        return (true, FieldSet::default());
    }
    match types.atom(id, value) {
        Atom::Scalar => (true, FieldSet::default()),
        Atom::Map(map) if map.atomic => (true, FieldSet::default()),
        Atom::Map(map) => {
            (false, value.as_object().map(|it| entries(it, map, types, depth)).unwrap_or_default())
        }
        Atom::List(list) if list.relation == ListRelation::Atomic => (true, FieldSet::default()),
        Atom::List(list) => {
            (false, value.as_array().map(|it| items(it, list, types, depth)).unwrap_or_default())
        }
    }
}

fn entries(value: &Map<String, Value>, map: &MapType, types: &Types, depth: usize) -> FieldSet {
    let mut nodes = Vec::with_capacity(value.len());
    for (name, child) in value {
        let field = map.fields.get(name);
        let id = field.map(|field| field.ty).or(map.element).unwrap_or(TypeId::ANY);
        let (leaf, children) = walk(child, types, id, depth + 1);
        let hollow = child.is_null() || child.as_object().is_some_and(Map::is_empty);
        let member = leaf || hollow || field.is_none();
        // An empty list that merges is owned by nobody.
        if member || !children.is_empty() {
            nodes.push(Node { element: PathElement::Field(name.clone()), member, children });
        }
    }
    FieldSet { nodes }
}

fn items(value: &[Value], list: &ListType, types: &Types, depth: usize) -> FieldSet {
    let mut nodes: Vec<Node> = Vec::with_capacity(value.len());
    for item in value {
        let Ok(element) = item_element(types, list, item) else { continue };
        let (_, children) = walk(item, types, list.element, depth + 1);
        nodes.push(Node { element, member: true, children });
    }
    nodes.sort_by(|a, b| a.element.cmp(&b.element));
    nodes.dedup_by(|later, first| {
        let same = later.element == first.element;
        if same {
            first.children = FieldSet::default();
        }
        same
    });
    FieldSet { nodes }
}

/// How an item of a set or keyed list is named in paths. The error is an API server's wording.
pub(crate) fn item_element(types: &Types, list: &ListType, item: &Value) -> Result<PathElement, String> {
    match &list.relation {
        ListRelation::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        ListRelation::Set => match item {
            Value::Object(_) => {
                Err("associative list without keys has an element that's a map type".to_owned())
            }
            Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
            Value::Null => {
                Err("associative list without keys has an element that's an explicit null".to_owned())
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(PathElement::Value(item.clone())),
        },
        ListRelation::Map(keys) => key_element(types, list, keys, item),
    }
}

fn key_element(types: &Types, list: &ListType, keys: &[String], item: &Value) -> Result<PathElement, String> {
    let item = match item {
        Value::Object(item) => item,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err("associative list with keys may not have non-map elements".to_owned());
        }
    };
    let key: BTreeMap<String, Value> = keys
        .iter()
        .filter_map(|name| {
            Some((name.clone(), item.get(name).or_else(|| types.key_default(list, name))?.clone()))
        })
        .collect();
    if key.is_empty() {
        let quoted: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] \
             (and doesn't have default values for any key fields)",
            quoted.join(" ")
        ));
    }
    Ok(PathElement::Key(key))
}
