//! The apply that changes nothing, told without merging: most applies are of that kind.
//!
//! What is not told here is not known to change anything either: the merge decides.

use super::WriteContext;
use super::last_applied;
use super::owners::unowned;
use super::typed::{self, Duplicates};
use super::write::api_version;
use crate::fieldset::{item_element, write_element};
use crate::schema::{Atom, ListRelation, ListType, MapType, Shape};
use crate::{PathElement, TypeId, Types, same_value};
use serde_json::{Map, Value};

/// Whether `live` holds what is applied, and its managedFields say of the applier just what they would say afterwards.
pub(super) fn is_settled(live: &Value, applied: &Value, context: &WriteContext<'_>) -> bool {
    let version = api_version(applied);
    if api_version(live) != version || last_applied::concerns(live, context) {
        return false;
    }
    let Some(fields) = own_fields(live, version, context) else { return false };
    let filter = context.resets.and_then(|resets| resets.at(version));
    let resets = |name: &String| filter.is_some_and(|filter| !filter.leaves_alone(name));
    let Some(entries) = applied.as_object().filter(|entries| !entries.keys().any(resets)) else {
        return false;
    };
    let walker = Walker { types: context.types };
    let Shape::Map(map) = &context.types.get(context.type_id).shape else { return false };
    let mut nodes = 0;
    for (name, child) in entries {
        if matches!(name.as_str(), "apiVersion" | "kind") {
            continue;
        }
        let Some(there) = live.get(name) else { return false };
        let known = if name == "metadata" {
            walker.metadata(child, there, map.type_of(name), fields)
        } else {
            walker.entry(name, child, there, map, fields)
        };
        match known {
            Some(count) => nodes += count,
            None => return false,
        }
    }
    nodes == fields.len()
        && typed::check(live, context.types, context.type_id, Duplicates::Allowed).is_empty()
}

/// The applier's fields, if nothing has to be done about any entry: all are in the version of the request, and no
/// schema may have changed since they were written.
fn own_fields<'v>(
    live: &'v Value,
    version: &str,
    context: &WriteContext<'_>,
) -> Option<&'v Map<String, Value>> {
    let entries = live.get("metadata")?.get("managedFields")?.as_array()?;
    if entries.len() > 1 && !context.types.get(context.type_id).native {
        return None;
    }
    let text = |entry: &'v Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut own = None;
    for entry in entries {
        if text(entry, "apiVersion") != version || text(entry, "fieldsType") != "FieldsV1" {
            return None;
        }
        let is_own = text(entry, "manager") == context.manager
            && text(entry, "operation") == "Apply"
            && text(entry, "subresource") == context.subresource;
        if is_own {
            own = entry.get("fieldsV1")?.as_object();
        }
    }
    own
}

/// Compares a value with what is live and with what `FieldsV1` says of it; `None` where they differ.
struct Walker<'a> {
    types: &'a Types,
}

impl Walker<'_> {
    /// Identity in metadata has no owner.
    fn metadata(
        &self,
        applied: &Value,
        live: &Value,
        id: TypeId,
        parent: &Map<String, Value>,
    ) -> Option<usize> {
        let entries = applied.as_object()?;
        let unowned = &unowned().field("metadata")?.children;
        let Atom::Map(map) = self.types.atom(id, applied) else { return None };
        let none = Map::new();
        let fields = parent.get("f:metadata").and_then(Value::as_object).unwrap_or(&none);
        let mut nodes = 0;
        for (name, child) in entries {
            let there = live.get(name)?;
            if unowned.field(name).is_some() {
                if !same_value(child, there) {
                    return None;
                }
            } else {
                nodes += self.entry(name, child, there, map, fields)?;
            }
        }
        (nodes == fields.len()).then_some(usize::from(nodes > 0))
    }

    /// One field; the number of nodes that it has in the set, none or one.
    fn entry(
        &self,
        name: &str,
        applied: &Value,
        live: &Value,
        map: &MapType,
        fields: &Map<String, Value>,
    ) -> Option<usize> {
        let declared = map.fields.contains_key(name);
        let key = format!("f:{name}");
        let none = Map::new();
        let node = fields.get(&key).map(|node| node.as_object());
        let below = match node {
            Some(below) => below?,
            None => &none,
        };
        let (leaf, nodes) = self.value(applied, live, map.type_of(name), below)?;
        let member = leaf || !declared || applied.as_object().is_some_and(Map::is_empty);
        let expected = member || nodes > 0;
        (expected == node.is_some() && is_node(below, member, nodes)).then_some(usize::from(expected))
    }

    /// Whether the value is owned as a whole, and how many nodes are below it.
    fn value(
        &self,
        applied: &Value,
        live: &Value,
        id: TypeId,
        fields: &Map<String, Value>,
    ) -> Option<(bool, usize)> {
        let whole = || same_value(applied, live).then_some((true, 0));
        match (self.types.atom(id, applied), applied) {
            (_, Value::Null) => None,
            (Atom::Scalar, _) => whole(),
            (Atom::Map(map), _) if map.atomic => whole(),
            (Atom::List(list), _) if list.relation == ListRelation::Atomic => whole(),
            (Atom::Map(map), Value::Object(entries)) => {
                let live = live.as_object()?;
                let mut nodes = 0;
                for (name, child) in entries {
                    nodes += self.entry(name, child, live.get(name)?, map, fields)?;
                }
                Some((false, nodes))
            }
            (Atom::List(list), Value::Array(items)) => self.list(items, live.as_array()?, list, fields),
            (Atom::Map(_) | Atom::List(_), _) => None,
        }
    }

    /// Items must come in the live order, each once.
    fn list(
        &self,
        items: &[Value],
        live: &[Value],
        list: &ListType,
        fields: &Map<String, Value>,
    ) -> Option<(bool, usize)> {
        let mut next = 0;
        for item in items {
            let mut same = live.iter().enumerate().filter(|(_, there)| self.same_item(item, there, list));
            let (at, there) = same.next()?;
            if at < next || same.next().is_some() {
                return None;
            }
            next = at + 1;
            let element = item_element(self.types, list, item).ok()?;
            let below = fields.get(&write_element(&element))?.as_object()?;
            let (_, nodes) = match element {
                PathElement::Value(_) => (true, 0),
                PathElement::Key(_) | PathElement::Field(_) | PathElement::Index(_) => {
                    self.value(item, there, list.element, below)?
                }
            };
            if !is_node(below, true, nodes) {
                return None;
            }
        }
        Some((false, items.len()))
    }

    fn same_item(&self, one: &Value, other: &Value, list: &ListType) -> bool {
        let ListRelation::Map(keys) = &list.relation else { return same_value(one, other) };
        let default = |name: &String| match &self.types.get(list.element).shape {
            Shape::Map(map) => map.fields.get(name).and_then(|field| field.default.as_ref()),
            Shape::Any | Shape::Scalar(_) | Shape::List(_) => None,
        };
        keys.iter().all(|name| match (one.get(name), other.get(name)) {
            (Some(one), Some(other)) => same_value(one, other),
            (None, None) => true,
            (Some(given), None) | (None, Some(given)) => {
                default(name).is_some_and(|default| same_value(default, given))
            }
        })
    }
}

/// Whether `FieldsV1` says of a node that it is a member and has so many nodes below, and nothing else.
fn is_node(fields: &Map<String, Value>, member: bool, nodes: usize) -> bool {
    let marked = fields.contains_key(".");
    fields.len() == nodes + usize::from(marked) && marked == (member && nodes > 0)
}
