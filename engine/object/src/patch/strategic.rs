use super::list::{self, without_directives, without_nulls};
use crate::merge::golang::{plain, type_name};
use crate::schema::{PatchRule, Shape};
use crate::{MAX_DEPTH, TypeId, Types};
use serde_json::{Map, Value};
use thiserror::Error;

/// Why a strategic merge patch does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct StrategicError {
    /// `spec.template.spec.containers`; empty for the object itself.
    pub path: String,
    /// In an API server's words.
    pub problem: String,
}

pub(super) const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// Strategic merge patch: JSON merge patch that merges lists by the keys that their types declare, with the directives
/// `$patch` (`replace`, `delete`), `$deleteFromPrimitiveList/<list>`, `$setElementOrder/<list>` and
/// `$retainKeys`. With [`TypeId::ANY`] lists are replaced. Nulls of the patch are not in the result.
pub fn strategic_merge(
    live: &Value,
    patch: &Value,
    types: &Types,
    id: TypeId,
) -> Result<Value, StrategicError> {
    let mut patcher = Patcher { types, path: Vec::new() };
    match (live, patch) {
        (Value::Object(live), Value::Object(patch)) => {
            let mut live = live.clone();
            patcher.map(&mut live, patch.clone(), id)?;
            Ok(Value::Object(live))
        }
        _ => Err(patcher.error("strategic merge patch format is not supported")),
    }
}

pub(super) struct Patcher<'a> {
    pub types: &'a Types,
    pub path: Vec<String>,
}

/// A field's type, or that of its items, and how patches treat it.
pub(super) struct Lookup {
    pub id: TypeId,
    pub rule: PatchRule,
}

impl Patcher<'_> {
    /// One map patched, in the steps of the server: what a directive says about the whole map, the keys that are kept,
    /// lists with an order, then field by field. The steps decide which error is told.
    pub(super) fn map(
        &mut self,
        live: &mut Map<String, Value>,
        mut patch: Map<String, Value>,
        id: TypeId,
    ) -> Result<(), StrategicError> {
        if self.path.len() > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH}")));
        }
        match patch.get(PATCH).map(|directive| (directive, directive.as_str())) {
            None => {}
            Some((_, Some("replace"))) => {
                patch.remove(PATCH);
                *live = patch;
                return Ok(());
            }
            Some((_, Some("delete"))) => {
                live.clear();
                return Ok(());
            }
            Some((other, _)) => return Err(self.unknown_directive(other, &patch)),
        }
        self.retain_keys(live, &mut patch)?;
        self.ordered_lists(live, &mut patch, id)?;
        for (key, change) in patch {
            match prefixed(&key, DELETE_FROM) {
                None => self.below(&key, |patcher| patcher.entry(live, &key, change, id, false))?,
                Some(Some(name)) => {
                    self.below(name, |patcher| patcher.entry(live, name, change, id, true))?
                }
                Some(None) => return Err(self.error("invalid patch format of primitive list")),
            }
        }
        Ok(())
    }

    /// `deletes` if the change lists what is to go.
    fn entry(
        &mut self,
        live: &mut Map<String, Value>,
        key: &str,
        change: Value,
        id: TypeId,
        deletes: bool,
    ) -> Result<(), StrategicError> {
        if change.is_null() {
            live.remove(key);
            return Ok(());
        }
        match (live.get_mut(key), change) {
            (Some(Value::Object(there)), Value::Object(change)) => {
                let lookup = self.lookup(id, key)?;
                if lookup.rule.replace {
                    *there = change;
                } else {
                    self.map(there, change, lookup.id)?;
                }
            }
            (Some(Value::Array(there)), Value::Array(change)) => {
                let lookup = self.lookup_list(id, key)?;
                if lookup.rule.merge || deletes {
                    let key = lookup.rule.merge_key.as_deref();
                    *there = list::merge(self, &mut there.clone(), change, lookup.id, key, deletes)?;
                } else {
                    *there = change;
                }
            }
            (_, change) if !deletes => match without_directives(without_nulls(change)) {
                Some(value) => drop(live.insert(key.to_owned(), value)),
                None => drop(live.remove(key)),
            },
            // Nothing is deleted from what is not there or is no list.
            (_, _) => {}
        }
        Ok(())
    }

    /// Lists for which the patch has an order: merged with what the patch has for them, and taken out of it.
    fn ordered_lists(
        &mut self,
        live: &mut Map<String, Value>,
        patch: &mut Map<String, Value>,
        id: TypeId,
    ) -> Result<(), StrategicError> {
        let directives: Vec<String> =
            patch.keys().filter(|key| prefixed(key, SET_ORDER).is_some()).cloned().collect();
        for directive in directives {
            let order = match patch.remove(&directive) {
                Some(Value::Array(order)) => order,
                Some(other) => return Err(self.not_a_list(&other)),
                None => continue,
            };
            let Some(Some(name)) = prefixed(&directive, SET_ORDER) else {
                return Err(self.error("invalid patch format of setElementOrder list"));
            };
            let there = self.list_at(live, name)?;
            let change = self.list_at(patch, name)?;
            let lookup = self.lookup_list(id, name)?;
            let key = lookup.rule.merge_key.as_deref();
            let sorted = self.below(name, |patcher| {
                list::check_order(patcher, change.as_deref().unwrap_or_default(), &order, key)?;
                list::in_order(patcher, there, change, &order, &lookup)
            })?;
            if let Some(sorted) = sorted {
                live.insert(name.to_owned(), Value::Array(sorted));
                patch.remove(name);
            }
        }
        Ok(())
    }

    fn list_at(&self, map: &Map<String, Value>, name: &str) -> Result<Option<Vec<Value>>, StrategicError> {
        match map.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items.clone())),
            Some(other) => Err(self.not_a_list(other)),
        }
    }

    /// `$retainKeys`: of a union only the named keys stay, and the patch may set no other.
    fn retain_keys(
        &self,
        live: &mut Map<String, Value>,
        patch: &mut Map<String, Value>,
    ) -> Result<(), StrategicError> {
        let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
        let Value::Array(keys) = keys else {
            return Err(self.error("invalid patch format of retainKeys"));
        };
        let retained = |name: &String| keys.iter().any(|key| key.as_str() == Some(name));
        let stray = patch.iter().any(|(name, value)| {
            !value.is_null()
                && prefixed(name, DELETE_FROM).is_none()
                && prefixed(name, SET_ORDER).is_none()
                && !retained(name)
        });
        if stray {
            return Err(self.error("invalid patch format of retainKeys"));
        }
        live.retain(|name, _| retained(name));
        Ok(())
    }

    /// The type of a map's field.
    fn lookup(&self, id: TypeId, name: &str) -> Result<Lookup, StrategicError> {
        let none = Lookup { id: TypeId::ANY, rule: PatchRule::default() };
        match &self.types.get(id).shape {
            Shape::Map(map) => match map.fields.get(name) {
                Some(field) => Ok(Lookup { id: field.ty, rule: field.patch.clone() }),
                None if map.fields.is_empty() && map.element.is_some() => {
                    Err(self.error("merging an object in json but data type is not struct, instead is: map"))
                }
                None if self.types.get(id).preserve_unknown || map.lenient => Ok(none),
                None => {
                    let name = format!("{name:?}");
                    let holder = self.types.name(id).unwrap_or_default();
                    let holder = holder.rsplit('.').next().unwrap_or_default();
                    Err(self.error(format!(
                        "unable to find api field in struct {holder} for the json field {name}"
                    )))
                }
            },
            Shape::Any | Shape::Scalar(_) | Shape::List(_) => Ok(none),
        }
    }

    /// The type of the items of a map's field, which is a list.
    fn lookup_list(&self, id: TypeId, name: &str) -> Result<Lookup, StrategicError> {
        let lookup = self.lookup(id, name)?;
        Ok(Lookup { id: self.types.element(lookup.id).unwrap_or(TypeId::ANY), rule: lookup.rule })
    }

    pub(super) fn below<T>(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.to_owned());
        let result = walk(self);
        self.path.pop();
        result
    }

    pub(super) fn unknown_directive(&self, directive: &Value, map: &Map<String, Value>) -> StrategicError {
        let (directive, map) = (plain(directive), plain(&Value::Object(map.clone())));
        self.error(format!("unknown patch type: {directive} in map: {map}"))
    }

    fn not_a_list(&self, other: &Value) -> StrategicError {
        let got = match other {
            // As Go prints a type that is none.
            Value::Null => "%!s(<nil>)",
            other => type_name(other),
        };
        self.error(format!("expected a []interface {{}}, but received a {got}"))
    }

    pub(super) fn error(&self, problem: impl Into<String>) -> StrategicError {
        StrategicError { path: self.path.join("."), problem: problem.into() }
    }
}

/// The field that a directive such as `$setElementOrder/ports` is about: `Some(None)` if it does not say.
fn prefixed<'k>(key: &'k str, directive: &str) -> Option<Option<&'k str>> {
    key.strip_prefix(directive).map(|rest| rest.strip_prefix('/'))
}
