use super::list::{Directives, merge_list, without_directives};
use crate::merge::golang::plain;
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
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const SET_ORDER: &str = "$setElementOrder/";

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
            Ok(Value::Object(patcher.map(live.clone(), patch, id)?))
        }
        _ => Err(patcher.error("strategic merge patch format is not supported")),
    }
}

pub(super) struct Patcher<'a> {
    pub types: &'a Types,
    pub path: Vec<String>,
}

/// A field's type and how patches treat it.
struct Lookup {
    id: TypeId,
    rule: PatchRule,
}

impl Patcher<'_> {
    /// One map patched.
    pub(super) fn map(
        &mut self,
        mut live: Map<String, Value>,
        patch: &Map<String, Value>,
        id: TypeId,
    ) -> Result<Map<String, Value>, StrategicError> {
        if self.path.len() > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH}")));
        }
        match patch.get(PATCH).map(|directive| (directive, directive.as_str())) {
            None => {}
            Some((_, Some("replace"))) => {
                let mut replacement = patch.clone();
                replacement.remove(PATCH);
                return Ok(replacement);
            }
            Some((_, Some("delete"))) => return Ok(Map::new()),
            Some((other, _)) => return Err(self.unknown_directive(other, patch)),
        }
        self.retain_keys(&mut live, patch)?;
        for (key, change) in patch {
            if let Some(name) = key.strip_prefix(DELETE_FROM) {
                let gone = self.list_of(change, "invalid patch format of primitive list")?;
                if let Some(Value::Array(items)) = live.get_mut(name) {
                    if items.iter().any(Value::is_object) && self.lookup(id, name).rule.merge_key.is_none() {
                        return Err(self.error("cannot merge lists without merge key for struct"));
                    }
                    items.retain(|item| !gone.contains(item));
                }
            } else if let Some(name) = key.strip_prefix(SET_ORDER)
                && [live.get(name), patch.get(name)].contains(&Some(&Value::Null))
            {
                return Err(self.error("expected a []interface {}, but received a %!s(<nil>)"));
            } else if let Some(name) = key.strip_prefix(SET_ORDER)
                && (live.contains_key(name) || patch.contains_key(name))
                && [live.get(name), patch.get(name)]
                    .into_iter()
                    .flatten()
                    .all(|list| list.as_array().is_some_and(Vec::is_empty))
            {
                return Err(self.error("no elements in any of the given slices"));
            } else if !key.starts_with('$') {
                self.below(key, |patcher| {
                    let lookup = patcher.lookup(id, key);
                    patcher.entry(&mut live, key, change, &lookup, patch)
                })?;
            } else if let Some(name) = key.strip_prefix(SET_ORDER)
                && !patch.contains_key(name)
                && let Some(Value::Array(items)) = live.get(name).cloned()
            {
                // An order for a list that is not changed.
                let order = self.list_of(change, "invalid patch format of setElementOrder list")?;
                let lookup = self.lookup(id, name);
                let directives = Directives { order: Some(order), key: lookup.rule.merge_key.as_deref() };
                let sorted =
                    self.below(name, |patcher| merge_list(patcher, items, &[], lookup.id, &directives))?;
                live.insert(name.to_owned(), Value::Array(sorted));
            }
        }
        Ok(live)
    }

    fn entry(
        &mut self,
        live: &mut Map<String, Value>,
        key: &str,
        change: &Value,
        lookup: &Lookup,
        patch: &Map<String, Value>,
    ) -> Result<(), StrategicError> {
        let replaced = match (live.remove(key), change) {
            (_, Value::Null) => None,
            (Some(Value::Object(there)), Value::Object(change)) if !lookup.rule.replace => {
                Some(Value::Object(self.map(there, change, lookup.id)?))
            }
            // Replaced by what was sent, as it is.
            (Some(Value::Object(_)), Value::Object(_)) => Some(change.clone()),
            (Some(Value::Array(there)), Value::Array(change)) if !lookup.rule.merge => {
                if patch.contains_key(&format!("{SET_ORDER}{key}"))
                    && let Some(Value::Object(map)) = there.iter().chain(change).find(|item| item.is_object())
                {
                    let map = plain(&Value::Object(map.clone()));
                    return Err(self.error(format!("map: {map} does not contain declared merge key: ")));
                }
                Some(Value::Array(change.clone()))
            }
            (Some(Value::Array(there)), Value::Array(change)) if lookup.rule.merge => {
                let order = match patch.get(&format!("{SET_ORDER}{key}")) {
                    Some(order) => Some(self.list_of(order, "invalid patch format of setElementOrder list")?),
                    None => None,
                };
                let directives = Directives { order, key: lookup.rule.merge_key.as_deref() };
                let element = self.types.element(lookup.id).unwrap_or(TypeId::ANY);
                Some(Value::Array(merge_list(self, there, change, element, &directives)?))
            }
            (_, change) => without_directives(change),
        };
        if let Some(value) = replaced {
            live.insert(key.to_owned(), value);
        }
        Ok(())
    }

    /// `$retainKeys`: of a union only the named keys stay, and the patch may set no other.
    fn retain_keys(
        &self,
        live: &mut Map<String, Value>,
        patch: &Map<String, Value>,
    ) -> Result<(), StrategicError> {
        let Some(keys) = patch.get(RETAIN_KEYS) else { return Ok(()) };
        let keys = self.list_of(keys, "invalid patch format of retainKeys")?;
        let retained = |name: &String| keys.iter().any(|key| key.as_str() == Some(name));
        let stray = patch.iter().any(|(name, value)| {
            !value.is_null()
                && name != RETAIN_KEYS
                && !name.starts_with(DELETE_FROM)
                && !name.starts_with(SET_ORDER)
                && !retained(name)
        });
        if stray {
            return Err(self.error("invalid patch format of retainKeys"));
        }
        live.retain(|name, _| retained(name));
        Ok(())
    }

    fn lookup(&self, id: TypeId, name: &str) -> Lookup {
        match &self.types.get(id).shape {
            Shape::Map(map) => match map.fields.get(name) {
                Some(field) => Lookup { id: field.ty, rule: field.patch.clone() },
                None => Lookup { id: map.type_of(name), rule: PatchRule::default() },
            },
            Shape::Any | Shape::Scalar(_) | Shape::List(_) => {
                Lookup { id: TypeId::ANY, rule: PatchRule::default() }
            }
        }
    }

    fn list_of<'v>(&self, value: &'v Value, problem: &str) -> Result<&'v [Value], StrategicError> {
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.error(problem))
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

    pub(super) fn error(&self, problem: impl Into<String>) -> StrategicError {
        StrategicError { path: self.path.join("."), problem: problem.into() }
    }
}
