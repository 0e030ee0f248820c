//! The apply that changes nothing, told without merging: most applies are of that kind.
//!
//! What is not told here is not known to change anything either: the merge decides.

use super::WriteContext;
use super::completed::is_completed_to;
use super::last_applied;
use super::owners::unowned;
use super::prune::has_empty_list;
use super::typed::{self, Duplicates};
use super::write::api_version;
use crate::fieldset::write_item_key;
use crate::schema::{Atom, ListRelation, ListType, MapType, Scalar, Shape};
use crate::{TypeId, Types, same_value};
use serde_json::{Map, Value};

/// Whether `live` holds what is applied, and its managedFields say of the applier just what they would say afterwards.
pub(super) fn is_settled(live: &Value, applied: &Value, context: &WriteContext<'_>) -> bool {
    let version = api_version(applied);
    if api_version(live) != version || last_applied::concerns(live, context) {
        return false;
    }
    let Some(entries) = entries(live, version, context) else { return false };
    let Some(own) = entries.iter().find(|entry| is_own(entry, context)).and_then(fields) else {
        return false;
    };
    let mut walker =
        Walker { types: context.types, key: String::new(), path: Vec::new(), completed: Vec::new() };
    if walker.object(applied, live, own, context) != Some(own.len()) {
        return false;
    }
    let others = || entries.iter().filter(|entry| !is_own(entry, context)).filter_map(fields);
    let contested = walker.completed.iter().any(|leaf| others().any(|fields| is_owned(fields, &leaf.path)));
    !contested
        && (walker.completed.is_empty() || is_completed_to(live, &walker.completed, context))
        && typed::check(live, context.types, context.type_id, Duplicates::Allowed).is_empty()
}

/// A leaf that was applied otherwise than it is live: what an API server completes or writes in its own way.
pub(super) struct Completed<'v> {
    pub path: Vec<Step<'v>>,
    pub applied: &'v Value,
}

#[derive(Clone)]
pub(super) enum Step<'v> {
    Field(&'v str),
    /// As `FieldsV1` names it, and where it is in the live list.
    Item(String, usize),
}

/// The entries, if nothing has to be done about any of them: all are in the version of the request, and no schema may
/// have changed since they were written.
fn entries<'v>(live: &'v Value, version: &str, context: &WriteContext<'_>) -> Option<&'v [Value]> {
    let entries = live.get("metadata")?.get("managedFields")?.as_array()?;
    let usual =
        |entry: &Value| text(entry, "apiVersion") == version && text(entry, "fieldsType") == "FieldsV1";
    let one_schema = entries.len() == 1 || context.types.get(context.type_id).native;
    (one_schema && entries.iter().all(usual)).then_some(entries)
}

fn text<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_own(entry: &Value, context: &WriteContext<'_>) -> bool {
    text(entry, "manager") == context.manager
        && text(entry, "operation") == "Apply"
        && text(entry, "subresource") == context.subresource
}

fn fields(entry: &Value) -> Option<&Map<String, Value>> {
    entry.get("fieldsV1")?.as_object()
}

/// Whether `FieldsV1` has anything at the path or below it.
fn is_owned(fields: &Map<String, Value>, path: &[Step<'_>]) -> bool {
    let mut at = Some(fields);
    for step in path {
        let below = at.and_then(|fields| match step {
            Step::Field(name) => fields.get(&format!("f:{name}")),
            Step::Item(key, _) => fields.get(key),
        });
        match below {
            None => return false,
            Some(below) => at = below.as_object(),
        }
    }
    true
}

/// Compares a value with what is live and with what `FieldsV1` says of it; `None` where they differ.
struct Walker<'v> {
    types: &'v Types,
    /// A name in `FieldsV1`, written anew for each.
    key: String,
    path: Vec<Step<'v>>,
    completed: Vec<Completed<'v>>,
}

impl<'v> Walker<'v> {
    /// The number of nodes that the object has in the set.
    fn object(
        &mut self,
        applied: &'v Value,
        live: &'v Value,
        fields: &Map<String, Value>,
        context: &WriteContext<'_>,
    ) -> Option<usize> {
        let types = self.types;
        let filter = context.resets.and_then(|resets| resets.at(api_version(applied)));
        let Shape::Map(map) = &types.get(context.type_id).shape else { return None };
        let mut nodes = 0;
        for (name, child) in applied.as_object()? {
            if filter.is_some_and(|filter| !filter.leaves_alone(name)) {
                return None;
            }
            if matches!(name.as_str(), "apiVersion" | "kind") {
                continue;
            }
            let there = live.get(name)?;
            nodes += if name == "metadata" {
                self.metadata(child, there, map.type_of(name), fields)?
            } else {
                self.entry(name, child, there, map, fields)?
            };
        }
        Some(nodes)
    }

    /// Identity in metadata has no owner.
    fn metadata(
        &mut self,
        applied: &'v Value,
        live: &'v Value,
        id: TypeId,
        parent: &Map<String, Value>,
    ) -> Option<usize> {
        let types = self.types;
        let entries = applied.as_object()?;
        let unowned = &unowned().field("metadata")?.children;
        let Atom::Map(map) = types.atom(id, applied) else { return None };
        let none = Map::new();
        let fields = parent.get("f:metadata").and_then(Value::as_object).unwrap_or(&none);
        let mut nodes = 0;
        self.path.push(Step::Field("metadata"));
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
        self.path.pop();
        (nodes == fields.len()).then_some(usize::from(nodes > 0))
    }

    /// One field; the number of nodes that it has in the set, none or one.
    fn entry(
        &mut self,
        name: &'v str,
        applied: &'v Value,
        live: &'v Value,
        map: &MapType,
        fields: &Map<String, Value>,
    ) -> Option<usize> {
        let field = map.fields.get(name);
        let id = field.map(|field| field.ty).or(map.element).unwrap_or(TypeId::ANY);
        self.key.clear();
        self.key.push_str("f:");
        self.key.push_str(name);
        let none = Map::new();
        let node = fields.get(&self.key).map(|node| node.as_object());
        let below = match node {
            Some(below) => below?,
            None => &none,
        };
        self.path.push(Step::Field(name));
        let (leaf, nodes) = self.value(applied, live, id, below)?;
        self.path.pop();
        let member = leaf || field.is_none() || applied.as_object().is_some_and(Map::is_empty);
        let expected = member || nodes > 0;
        (expected == node.is_some() && is_node(below, member, nodes)).then_some(usize::from(expected))
    }

    /// Whether the value is owned as a whole, and how many nodes are below it.
    fn value(
        &mut self,
        applied: &'v Value,
        live: &'v Value,
        id: TypeId,
        fields: &Map<String, Value>,
    ) -> Option<(bool, usize)> {
        let types = self.types;
        match (types.atom(id, applied), applied) {
            (_, Value::Null) => None,
            (Atom::Scalar, _) => {
                let quantity = types.get(id).shape == Shape::Scalar(Scalar::Quantity);
                self.leaf(applied, live, quantity)
            }
            (Atom::Map(map), _) if map.atomic => self.leaf(applied, live, is_within(applied, live)),
            (Atom::List(list), _) if list.relation == ListRelation::Atomic => {
                self.leaf(applied, live, is_within(applied, live))
            }
            (Atom::Map(_), Value::Object(entries)) if entries.is_empty() && has_empty_list(live) => None,
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

    /// A value owned as a whole: as it is live, or maybe completed to that.
    fn leaf(&mut self, applied: &'v Value, live: &Value, maybe: bool) -> Option<(bool, usize)> {
        if !same_value(applied, live) {
            if !maybe {
                return None;
            }
            self.completed.push(Completed { path: self.path.clone(), applied });
        }
        Some((true, 0))
    }

    /// Items must come in the live order, each once.
    fn list(
        &mut self,
        items: &'v [Value],
        live: &'v [Value],
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
            let mut key = String::with_capacity(32);
            write_item_key(&mut key, self.types, list, item)?;
            let below = fields.get(&key)?.as_object()?;
            let nodes = if matches!(list.relation, ListRelation::Map(_)) {
                self.path.push(Step::Item(key, at));
                let (_, nodes) = self.value(item, there, list.element, below)?;
                self.path.pop();
                nodes
            } else {
                0
            };
            if !is_node(below, true, nodes) {
                return None;
            }
        }
        Some((false, items.len()))
    }

    fn same_item(&self, one: &Value, other: &Value, list: &ListType) -> bool {
        let ListRelation::Map(keys) = &list.relation else { return same_value(one, other) };
        keys.iter().all(|name| match (one.get(name), other.get(name)) {
            (Some(one), Some(other)) => same_value(one, other),
            (None, None) => true,
            (Some(given), None) | (None, Some(given)) => {
                self.types.key_default(list, name).is_some_and(|default| same_value(default, given))
            }
        })
    }
}

/// Whether completing the one may have given the other: fields were added, nothing else.
fn is_within(applied: &Value, live: &Value) -> bool {
    match (applied, live) {
        (Value::Object(applied), Value::Object(live)) => {
            applied.iter().all(|(name, child)| live.get(name).is_some_and(|there| is_within(child, there)))
        }
        (Value::Array(applied), Value::Array(live)) => {
            applied.len() == live.len()
                && applied.iter().zip(live).all(|(applied, live)| is_within(applied, live))
        }
        (applied, live) => same_value(applied, live),
    }
}

/// Whether `FieldsV1` says of a node that it is a member and has so many nodes below, and nothing else.
fn is_node(fields: &Map<String, Value>, member: bool, nodes: usize) -> bool {
    let marked = fields.contains_key(".");
    fields.len() == nodes + usize::from(marked) && marked == (member && nodes > 0)
}
