use super::quantity;
use super::walk::{Walks, Way, is_zero};
use mainstay_object::schema::{ListRelation, MapType, Scalar, Shape};
use mainstay_object::{MAX_DEPTH, TypeId, Types};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Drops what a client wrote and the server's structs can't tell from nothing: before defaults, which fill it.
pub fn drop_zeros(here: &mut Value, types: &Types, id: TypeId) {
    if let Some(walks) = Walks::of(types) {
        Walker { types, walks }.drop_zeros(here, id, 0);
    }
}

/// Where maps and lists are there and empty. Go tells these from absent ones, though the next read does not.
pub fn note_empty(here: &Value, types: &Types, id: TypeId, at: &mut String, into: &mut BTreeSet<String>) {
    let length = at.len();
    match (&types.get(id).shape, here) {
        (Shape::Map(map), Value::Object(entries)) => {
            if map.fields.is_empty() && entries.is_empty() {
                into.insert(at.clone());
            }
            for (name, child) in entries.iter().filter(|(_, child)| child.is_object() || child.is_array()) {
                let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) else { continue };
                at.push('/');
                at.push_str(name);
                note_empty(child, types, ty, at, into);
                at.truncate(length);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            if items.is_empty() {
                into.insert(at.clone());
            }
            for (index, item) in items.iter().enumerate() {
                if write!(at, "/{index}").is_err() {
                    unreachable!("a string takes all that is written");
                }
                note_empty(item, types, list.element, at, into);
                at.truncate(length);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

/// Puts back empty maps and lists in items of lists that are owned as a whole: those are compared as Go compares structs,
/// in which something empty is not nothing.
pub fn put_back(object: &mut Value, types: &Types, id: TypeId, empty: &BTreeSet<String>) {
    for pointer in empty {
        let (mut here, mut id, mut whole) = (&mut *object, id, false);
        let mut steps = pointer.split('/').skip(1).peekable();
        while let Some(step) = steps.next() {
            let last = steps.peek().is_none();
            (here, id) = match (&types.get(id).shape, here) {
                (Shape::Map(map), Value::Object(entries)) => {
                    let Some(ty) = map.fields.get(step).map(|field| field.ty).or(map.element) else { break };
                    if last && whole {
                        let list = matches!(types.get(ty).shape, Shape::List(_));
                        let nothing = if list { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
                        entries.entry(step).or_insert(nothing);
                    }
                    let Some(child) = entries.get_mut(step) else { break };
                    (child, ty)
                }
                (Shape::List(list), Value::Array(items)) => {
                    whole |= list.relation == ListRelation::Atomic;
                    let Some(item) = step.parse().ok().and_then(|index: usize| items.get_mut(index)) else {
                        break;
                    };
                    (item, list.element)
                }
                (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => break,
            };
        }
    }
}

/// Brings an object into the form in which its structs are written. Settling twice is settling once.
pub fn settle(object: &mut Value, types: &Types, id: TypeId) {
    mainstay_object::normalize(object, types, id);
    if let Some(walks) = Walks::of(types) {
        Walker { types, walks }.value(object, id, true, 0);
    }
}

/// As `settle`, but lists that a client wrote are still lists.
pub fn complete(object: &mut Value, types: &Types, id: TypeId) {
    let Some(walks) = Walks::of(types) else { return mainstay_object::normalize(object, types, id) };
    let walker = Walker { types, walks };
    let mut empty = Vec::new();
    walker.written_empty(object, id, &mut Vec::new(), &mut empty);
    mainstay_object::normalize(object, types, id);
    walker.value(object, id, false, 0);
    for pointer in empty {
        if let Some(here) = object.pointer_mut(&pointer) {
            *here = Value::Array(Vec::new());
        }
    }
}

/// Goes where there is something to do, and nowhere else.
#[derive(Clone, Copy)]
struct Walker<'a> {
    types: &'a Types,
    walks: &'a Walks,
}

enum Step<'v> {
    Field(&'v str),
    Item(usize),
}

impl Walker<'_> {
    fn drop_zeros(self, here: &mut Value, id: TypeId, depth: usize) {
        let walk = self.walks.get(id);
        if depth > MAX_DEPTH || !walk.has_values {
            return;
        }
        match (&self.types.get(id).shape, here) {
            (Shape::Map(map), Value::Object(entries)) => {
                let drops = |name: &str, value: &Value| is_zero(value) && walk.values.contains(name);
                if entries.iter().any(|(name, value)| drops(name, value)) {
                    entries.retain(|name, value| !drops(name, value));
                }
                below(entries, map, &walk.to_values, |child, ty| self.drop_zeros(child, ty, depth + 1));
            }
            (Shape::List(list), Value::Array(items)) => {
                items.iter_mut().for_each(|item| self.drop_zeros(item, list.element, depth + 1));
            }
            (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
        }
    }

    /// Where a client wrote an empty list that is null once it is stored: pointers.
    fn written_empty<'v>(self, here: &'v Value, id: TypeId, at: &mut Vec<Step<'v>>, into: &mut Vec<String>) {
        let walk = self.walks.get(id);
        if at.len() > MAX_DEPTH || !walk.has_nulls {
            return;
        }
        match (&self.types.get(id).shape, here) {
            (Shape::Map(map), Value::Object(entries)) => {
                let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
                for name in walk.nulls.iter().filter(|name| entries.get(**name).is_some_and(is_empty)) {
                    at.push(Step::Field(name));
                    into.push(pointer(at));
                    at.pop();
                }
                for (name, child) in entries {
                    if let Some(ty) = walk.to_nulls.of(name, map) {
                        at.push(Step::Field(name));
                        self.written_empty(child, ty, at, into);
                        at.pop();
                    }
                }
            }
            (Shape::List(list), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    at.push(Step::Item(index));
                    self.written_empty(item, list.element, at, into);
                    at.pop();
                }
            }
            (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
        }
    }

    /// Fills structs, and writes quantities in their one way.
    fn value(self, here: &mut Value, id: TypeId, stored: bool, depth: usize) {
        let walk = self.walks.get(id);
        if depth > MAX_DEPTH || !walk.completes {
            return;
        }
        match (&self.types.get(id).shape, here) {
            (Shape::Map(map), Value::Object(entries)) => {
                for filled in &walk.filled {
                    let there = entries.get(filled.name);
                    let empty =
                        stored && filled.list && there.and_then(Value::as_array).is_some_and(Vec::is_empty);
                    if empty || there.is_none_or(Value::is_null) {
                        entries.insert(filled.name.to_owned(), filled.value.clone());
                    }
                }
                if let Some(zero) = walk.zero {
                    entries.values_mut().filter(|it| it.is_null()).for_each(|it| *it = zero.into());
                }
                below(entries, map, &walk.to_completed, |child, ty| self.value(child, ty, stored, depth + 1));
            }
            (Shape::List(list), Value::Array(items)) => {
                items.iter_mut().for_each(|item| self.value(item, list.element, stored, depth + 1));
            }
            (Shape::Scalar(Scalar::Quantity), here) => {
                let text = match &*here {
                    Value::String(text) => quantity::canonical(text.trim()),
                    Value::Number(number) => quantity::canonical(&number.to_string()),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
                };
                if let Some(text) = text {
                    *here = text.into();
                }
            }
            (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
        }
    }
}

fn below(
    entries: &mut Map<String, Value>,
    map: &MapType,
    way: &Way,
    mut walk: impl FnMut(&mut Value, TypeId),
) {
    if way.leads_somewhere() {
        for (name, child) in entries.iter_mut() {
            if let Some(ty) = way.of(name, map) {
                walk(child, ty);
            }
        }
    }
}

fn pointer(steps: &[Step<'_>]) -> String {
    let mut out = String::new();
    for step in steps {
        out.push('/');
        match step {
            Step::Field(name) => out.push_str(&name.replace('~', "~0").replace('/', "~1")),
            Step::Item(index) => out.push_str(&index.to_string()),
        }
    }
    out
}
