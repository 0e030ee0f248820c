//! Dictionaries. `set` and `unset` change them in place.
use super::Type::{Any, Map, Text};
use super::{Function, args, pure, variadic};
use crate::value::{self, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("dict", &[Any], dict),
    pure("get", &[Map, Text], |args| {
        Ok(args::map(args, 0).get(args::bytes(args, 1)).unwrap_or_else(|| Value::text("")))
    }),
    pure("set", &[Map, Text, Any], |args| {
        let map = args::map(args, 0);
        if map.nil {
            return Err("assignment to entry in nil map".into());
        }
        map.insert(args::bytes(args, 1).into(), args[2].clone());
        Ok(plain(map))
    }),
    pure("unset", &[Map, Text], |args| {
        let map = args::map(args, 0);
        map.remove(args::bytes(args, 1));
        Ok(plain(map))
    }),
    pure("hasKey", &[Map, Text], |args| {
        Ok(Value::Bool(args::map(args, 0).entries().contains_key(args::bytes(args, 1))))
    }),
    variadic("pluck", &[Text, Map], |args| {
        let maps = (1..args.len()).map(|at| args::map(args, at));
        Ok(Value::list(maps.filter_map(|map| map.get(args::bytes(args, 0))).collect()))
    }),
    // Go's order is random; here it is the keys'.
    variadic("keys", &[Map], |args| {
        let maps = (0..args.len()).map(|at| args::map(args, at));
        Ok(Value::texts(maps.flat_map(|map| map.entries().keys().cloned().collect::<Vec<_>>())))
    }),
    pure("values", &[Map], |args| Ok(Value::list(args::map(args, 0).entries().values().cloned().collect()))),
    variadic("pick", &[Map, Text], |args| {
        let map = args::map(args, 0);
        let wanted = (1..args.len()).map(|at| args::bytes(args, at));
        Ok(Value::map(wanted.filter_map(|key| Some((key.into(), map.get(key)?)))))
    }),
    variadic("omit", &[Map, Text], |args| {
        let map = args::map(args, 0);
        let omitted = |key: &[u8]| (1..args.len()).any(|at| args::bytes(args, at) == key);
        Ok(Value::map(map.snapshot().into_iter().filter(|(key, _)| !omitted(key.as_bytes()))))
    }),
    variadic("dig", &[Any], dig),
    pure("deepCopy", &[Any], deep_copy),
    pure("mustDeepCopy", &[Any], deep_copy),
];

/// A result whose static type is `map[string]interface {}`.
fn plain(map: value::Map) -> Value {
    Value::Map(map.typed(value::MapType::Any))
}

fn dict(args: &[Value]) -> Result<Value, String> {
    let mut entries = Vec::with_capacity(args.len() / 2);
    for pair in args.chunks(2) {
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::text(""));
        entries.push((args::string(&pair[0])?, value));
    }
    Ok(Value::map(entries))
}

fn dig(args: &[Value]) -> Result<Value, String> {
    let [keys @ .., default, start] = args else { return Err("dig needs at least three arguments".into()) };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut at = start.clone();
    for key in keys {
        let map = match &at {
            Value::Map(map) if map.ty == value::MapType::Any => map.clone(),
            _ => {
                let found = if at.is_nil() { "nil" } else { at.type_name() };
                return Err(format!(
                    "interface conversion: interface {{}} is {found}, not map[string]interface {{}}"
                ));
            }
        };
        let Value::Text(key) = key else {
            let found = if key.is_nil() { "nil" } else { key.type_name() };
            return Err(format!("interface conversion: interface {{}} is {found}, not string"));
        };
        match map.get(key.as_bytes()) {
            Some(found) => at = found,
            None => return Ok(default.clone().stored()),
        }
    }
    Ok(at)
}

fn deep_copy(args: &[Value]) -> Result<Value, String> {
    if args[0].is_nil() {
        return Err("reflect: call of reflect.Value.Type on zero Value".into());
    }
    copy(&args[0])
}

/// A copy that shares no dictionary with the original.
pub(crate) fn copy(value: &Value) -> Result<Value, String> {
    copy_at(value, 0)
}

fn copy_at(original: &Value, depth: usize) -> Result<Value, String> {
    if depth > value::MOST_DEPTH {
        return Err(format!("a value is nested more than {} deep", value::MOST_DEPTH));
    }
    Ok(match original {
        Value::Map(map) if !map.nil => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map.snapshot() {
                entries.push((key, copy_at(&value, depth + 1)?));
            }
            Value::Map(value::Map::new(map.ty, entries))
        }
        Value::List(list) if !list.nil => {
            let items: Result<_, String> = list.items().iter().map(|item| copy_at(item, depth + 1)).collect();
            Value::List(value::List::new(list.ty, items?))
        }
        other => other.clone().stored(),
    })
}
