use super::golang;
use crate::fieldset::item_element;
use crate::schema::{ListRelation, ListType, MapType, Scalar, Shape};
use crate::{PathElement, TypeId, Types};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether the value can be merged as that type: every field declared, every value of its kind, every list item told
/// apart. Messages as an API server words them, each with its path. This is not validation: see [`crate::validate`].
pub(super) fn check(value: &Value, types: &Types, id: TypeId, duplicates: Duplicates) -> Vec<String> {
    let mut checker = Checker { types, duplicates, path: Vec::new(), errors: Vec::new() };
    checker.check(value, id);
    checker.errors
}

/// Whether one key may occur twice in a list. Objects written long ago may hold such lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    Allowed,
    Refused,
}

/// The errors in one message.
pub(super) fn text(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    }
}

struct Checker<'a> {
    types: &'a Types,
    duplicates: Duplicates,
    path: Vec<Step<'a>>,
    errors: Vec<String>,
}

/// A step of the path, made into text when there is an error.
enum Step<'a> {
    Field(&'a str),
    Item(PathElement),
    /// An item whose name nobody may ask for.
    Listed(&'a Value, &'a ListType, usize),
}

impl<'a> Checker<'a> {
    fn check(&mut self, value: &'a Value, id: TypeId) {
        let types = self.types;
        match (&types.get(id).shape, value) {
            (Shape::Any, _) | (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_), Value::Null) => {}
            // A custom resource's int-or-string may hold anything as far as merging goes.
            (Shape::Scalar(Scalar::IntOrString), _) if !types.get(id).native => {}
            (Shape::Scalar(scalar), value) => self.scalar(*scalar, value),
            (Shape::List(list), Value::Array(items)) => self.list(items, list),
            (Shape::List(_), other) => {
                self.error(format!("expected list, got &{{{}}}", golang::plain(other)))
            }
            (Shape::Map(map), Value::Object(entries)) => {
                // The first field that nothing declares ends the walk.
                entries.iter().all(|(name, child)| self.entry(name, child, map));
            }
            (Shape::Map(_), other) => self.error(format!("expected map, got &{{{}}}", golang::plain(other))),
        }
    }

    fn scalar(&mut self, scalar: Scalar, value: &Value) {
        let error = match (scalar, value) {
            (Scalar::String, Value::String(_))
            | (Scalar::Integer | Scalar::Number, Value::Number(_))
            | (Scalar::Boolean, Value::Bool(_))
            | (
                Scalar::IntOrString | Scalar::Quantity,
                Value::Bool(_) | Value::Number(_) | Value::String(_),
            ) => return,
            (Scalar::String, other) => {
                format!("expected string, got &value.valueUnstructured{{Value:{}}}", golang::syntax(other))
            }
            (Scalar::Integer | Scalar::Number, other) => {
                format!("expected numeric (int or float), got {}", golang::type_name(other))
            }
            (Scalar::Boolean, other) => format!("expected boolean, got &{{{}}}", golang::plain(other)),
            (Scalar::IntOrString | Scalar::Quantity, other) => {
                format!("expected any scalar, got &{{{}}}", golang::plain(other))
            }
        };
        self.error(error);
    }

    /// False for a field that nothing declares.
    fn entry(&mut self, name: &'a str, child: &'a Value, map: &MapType) -> bool {
        let field = map.fields.get(name).map(|field| field.ty).or(map.element);
        let id = field.or(map.lenient.then_some(TypeId::ANY));
        self.below(Step::Field(name), |checker| match id {
            Some(id) => checker.check(child, id),
            None => checker.error("field not declared in schema"),
        });
        id.is_some()
    }

    fn list(&mut self, items: &'a [Value], list: &'a ListType) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let nameless = list.relation == ListRelation::Atomic || self.duplicates == Duplicates::Allowed;
            if nameless && is_told_apart(item, &list.relation) {
                self.below(Step::Listed(item, list, index), |checker| checker.check(item, list.element));
                continue;
            }
            let element = if list.relation == ListRelation::Atomic {
                PathElement::Index(index)
            } else {
                match item_element(self.types, list, item) {
                    Ok(element) => element,
                    Err(problem) => {
                        self.error(format!("element {index}: {problem}"));
                        return;
                    }
                }
            };
            if self.duplicates == Duplicates::Refused && seen.contains(&element) {
                self.error(format!("duplicate entries for key {element}"));
            }
            if list.relation != ListRelation::Atomic {
                seen.insert(element.clone());
            }
            self.below(Step::Item(element), |checker| checker.check(item, list.element));
        }
    }

    fn below(&mut self, step: Step<'a>, walk: impl FnOnce(&mut Self)) {
        self.path.push(step);
        walk(self);
        self.path.pop();
    }

    fn error(&mut self, problem: impl AsRef<str>) {
        let problem = problem.as_ref();
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Item(element) => text.push_str(&element.to_string()),
                Step::Listed(item, list, index) => {
                    let element = item_element(self.types, list, item);
                    text.push_str(&element.unwrap_or(PathElement::Index(*index)).to_string());
                }
            }
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(problem);
        self.errors.push(text);
    }
}

/// Whether an item surely has a name in its list.
fn is_told_apart(item: &Value, relation: &ListRelation) -> bool {
    match relation {
        ListRelation::Atomic => true,
        ListRelation::Set => item.is_string() || item.is_number() || item.is_boolean(),
        ListRelation::Map(keys) => keys.iter().any(|key| item.get(key).is_some()),
    }
}
