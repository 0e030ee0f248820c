//! Random values of a schema, from a domain so small that writers meet.

use crate::dice::Dice;
use serde_json::{Map, Value, json};

const TEXTS: [&str; 4] = ["a", "b", "c", "d"];

/// A value that the schema accepts.
pub fn valid(dice: &mut Dice, schema: &Value) -> Value {
    of(dice, schema, 0)
}

/// A value of the schema; `wild` percent of its nodes are something else.
pub fn of(dice: &mut Dice, schema: &Value, wild: usize) -> Value {
    if wild > 0 && dice.percent(wild) {
        return anything(dice, 0);
    }
    if wild > 0 && flag(schema, "nullable") && dice.percent(15) {
        return Value::Null;
    }
    if flag(schema, "x-kubernetes-int-or-string") {
        return if dice.percent(50) { json!(dice.below(3)) } else { text(dice) };
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return dice.one(choices).clone();
    }
    match schema.get("type").and_then(Value::as_str).unwrap_or_default() {
        "string" => text(dice),
        "integer" => json!(dice.below(3)),
        "number" if dice.percent(40) => dice.one(&[json!(0.5), json!(1.5)]).clone(),
        "number" => json!(dice.below(3)),
        "boolean" => json!(dice.percent(50)),
        "array" => array(dice, schema, wild),
        "object" => object(dice, schema, wild),
        _ => anything(dice, 0),
    }
}

fn text(dice: &mut Dice) -> Value {
    json!(*dice.one(&TEXTS))
}

fn object(dice: &mut Dice, schema: &Value, wild: usize) -> Value {
    let mut map = Map::new();
    if flag(schema, "x-kubernetes-embedded-resource") {
        map.insert("apiVersion".into(), json!("v1"));
        map.insert("kind".into(), json!("Part"));
        if dice.percent(50) {
            map.insert("metadata".into(), json!({"name": *dice.one(&TEXTS)}));
        }
    }
    let required = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|all| all.iter().any(|one| one == name))
    };
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if dice.percent(if required(name) { 100 - wild } else { 45 }) {
            let value = of(dice, field, wild);
            map.insert(name.clone(), value);
        }
    }
    let most = schema.get("maxProperties").and_then(Value::as_u64).unwrap_or(u64::MAX) as usize;
    if let Some(element) = schema.get("additionalProperties") {
        for name in dice.some(&TEXTS).into_iter().take(if wild > 0 { usize::MAX } else { most }) {
            let value = of(dice, element, wild);
            map.insert(name.to_owned(), value);
        }
    }
    let open = flag(schema, "x-kubernetes-preserve-unknown-fields");
    if (open && dice.percent(60)) || (wild > 0 && dice.percent(wild)) {
        let value = anything(dice, 1);
        map.insert((*dice.one(&["xeno", "xylo"])).to_owned(), value);
    }
    Value::Object(map)
}

fn array(dice: &mut Dice, schema: &Value, wild: usize) -> Value {
    let items = schema.get("items").unwrap_or(&Value::Null);
    let list = schema.get("x-kubernetes-list-type").and_then(Value::as_str).unwrap_or_default();
    let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(4) as usize;
    let count = dice.below(if wild > 0 { 4 } else { most.min(4) });
    let mut out: Vec<Value> = Vec::new();
    for _ in 0..count {
        let item = of(dice, items, wild);
        let again = match list {
            "set" => {
                out.contains(&item)
                    || out.iter().any(|other| other.as_f64().is_some() && other.as_f64() == item.as_f64())
            }
            "map" => out.iter().any(|other| keys(schema, items, other) == keys(schema, items, &item)),
            _ => false,
        };
        if !again || (wild > 0 && dice.percent(wild * 2)) {
            out.push(item);
        }
    }
    Value::Array(out)
}

fn keys(schema: &Value, items: &Value, item: &Value) -> Vec<Value> {
    let names = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array).into_iter().flatten();
    let default =
        |name: &str| items.pointer(&format!("/properties/{name}/default")).cloned().unwrap_or_default();
    names
        .filter_map(Value::as_str)
        .map(|name| item.get(name).cloned().unwrap_or_else(|| default(name)))
        .collect()
}

/// Any JSON.
pub fn anything(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth < 2 { 9 } else { 6 }) {
        0 => Value::Null,
        1 => json!(dice.percent(50)),
        2 => json!(dice.below(3)),
        3 => json!(1.5),
        4 | 5 => text(dice),
        6 => (0..dice.below(3)).map(|_| anything(dice, depth + 1)).collect(),
        _ => {
            let mut map = Map::new();
            for name in dice.some(&TEXTS[..3]) {
                let value = anything(dice, depth + 1);
                map.insert(name.to_owned(), value);
            }
            Value::Object(map)
        }
    }
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// A template of a built-in kind: `{"$one": [...]}` is one of these, `{"$some": [...]}` a list of some, and a field whose
/// name ends in `?` may be missing.
pub fn filled(dice: &mut Dice, template: &Value) -> Value {
    match template {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => template.clone(),
        Value::Array(items) => items.iter().map(|item| filled(dice, item)).collect(),
        Value::Object(map) => {
            if let Some(Value::Array(choices)) = map.get("$one") {
                let choice = dice.one(choices);
                return filled(dice, choice);
            }
            if let Some(Value::Array(items)) = map.get("$some") {
                return dice.some(items).iter().map(|item| filled(dice, item)).collect();
            }
            let mut out = Map::new();
            for (name, value) in map {
                let (name, optional) = match name.strip_suffix('?') {
                    Some(name) => (name, true),
                    None => (name.as_str(), false),
                };
                if !optional || dice.percent(45) {
                    out.insert(name.to_owned(), filled(dice, value));
                }
            }
            Value::Object(out)
        }
    }
}
