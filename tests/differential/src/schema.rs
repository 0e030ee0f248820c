//! Random custom resources: structural schemas of every kind that merging tells apart.

use crate::dice::Dice;
use crate::value;
use serde_json::{Map, Value, json};

pub const GROUP: &str = "fuzz.example.com";

/// A custom resource definition with one or two versions.
pub fn definition(dice: &mut Dice, number: usize) -> Value {
    let schema = root(dice);
    let mut versions = vec![version("v1", true, &schema)];
    if dice.percent(50) {
        let other = if dice.percent(50) { schema.clone() } else { sibling(dice, &schema) };
        versions.push(version("v2", false, &other));
    }
    if dice.percent(60) {
        for version in &mut versions {
            version["subresources"] = json!({"status": {}});
        }
    }
    let (plural, kind) = (format!("things{number}"), format!("Thing{number}"));
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {
            "group": GROUP, "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List")},
            "versions": versions,
        },
    })
}

fn version(name: &str, storage: bool, schema: &Value) -> Value {
    json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema": schema}})
}

fn root(dice: &mut Dice) -> Value {
    let mut properties = Map::new();
    properties.insert("spec".into(), fields(dice, 0, 6));
    properties.insert("status".into(), fields(dice, 1, 3));
    if dice.percent(30) {
        properties.insert("extra".into(), node(dice, 1));
    }
    json!({"type": "object", "properties": properties})
}

/// Another version: some fields of the specification are other, more or fewer.
fn sibling(dice: &mut Dice, schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(properties) = schema.pointer_mut("/properties/spec/properties").and_then(Value::as_object_mut)
    else {
        return schema;
    };
    for name in properties.keys().cloned().collect::<Vec<_>>() {
        match dice.below(8) {
            0 => drop(properties.remove(&name)),
            1 => {
                let other = node(dice, 1);
                properties.insert(name, other);
            }
            _ => {}
        }
    }
    let more = node(dice, 1);
    properties.insert("zeta".into(), more);
    // What was demanded may be gone.
    schema["properties"]["spec"].as_object_mut().map(|spec| spec.remove("required"));
    schema["properties"]["spec"].as_object_mut().map(|spec| spec.remove("default"));
    schema
}

const NAMES: [&str; 8] = ["alpha", "beta", "gamma", "delta", "eps", "eta", "iota", "kappa"];

fn fields(dice: &mut Dice, depth: usize, most: usize) -> Value {
    let count = 1 + dice.below(most);
    let mut properties = Map::new();
    for _ in 0..count {
        let name = *dice.one(&NAMES);
        let field = node(dice, depth + 1);
        properties.insert(name.to_owned(), field);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if dice.percent(10) {
        let name = dice.one(&NAMES);
        if schema["properties"].get(*name).is_some() {
            schema["required"] = json!([name]);
        }
    }
    if depth > 0 {
        if dice.percent(15) {
            schema["x-kubernetes-map-type"] = json!("atomic");
        } else if dice.percent(5) {
            schema["x-kubernetes-map-type"] = json!("granular");
        }
        if dice.percent(5) {
            schema["x-kubernetes-preserve-unknown-fields"] = json!(true);
        }
    }
    schema
}

fn node(dice: &mut Dice, depth: usize) -> Value {
    let deep = depth < 4;
    let mut schema = match dice.below(if deep { 20 } else { 7 }) {
        0 | 1 => text(dice),
        2 => number(dice, "integer"),
        3 => number(dice, "number"),
        4 => json!({"type": "boolean"}),
        5 => json!({"x-kubernetes-int-or-string": true}),
        6 => json!({"x-kubernetes-preserve-unknown-fields": true}),
        7 => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        8 | 9 => fields(dice, depth, 4),
        10 | 11 => map(dice, depth),
        12 | 13 => json!({"type": "array", "items": node(dice, depth + 1)}),
        14 | 15 => set(dice),
        16 => embedded(dice, depth),
        _ => keyed(dice, depth),
    };
    if schema.get("x-kubernetes-embedded-resource").is_some() {
        return schema;
    }
    if dice.percent(12) {
        schema["nullable"] = json!(true);
    }
    if dice.percent(15) {
        let default = value::valid(dice, &schema);
        if !default.is_null() {
            schema["default"] = default;
        }
    }
    schema
}

fn text(dice: &mut Dice) -> Value {
    match dice.below(10) {
        0 => json!({"type": "string", "enum": ["a", "b"]}),
        1 => json!({"type": "string", "maxLength": 3}),
        2 => json!({"type": "string", "minLength": 1}),
        _ => json!({"type": "string"}),
    }
}

fn number(dice: &mut Dice, kind: &str) -> Value {
    match dice.below(6) {
        0 => json!({"type": kind, "minimum": 0, "maximum": 2}),
        1 if kind == "integer" => json!({"type": kind, "format": "int32"}),
        _ => json!({"type": kind}),
    }
}

fn map(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": node(dice, depth + 1)});
    if dice.percent(20) {
        schema["x-kubernetes-map-type"] = json!("atomic");
    }
    if dice.percent(5) {
        schema["maxProperties"] = json!(2);
    }
    schema
}

fn set(dice: &mut Dice) -> Value {
    let mut items = json!({"type": *dice.one(&["string", "string", "integer", "number", "boolean"])});
    if dice.percent(10) {
        items = json!({"x-kubernetes-int-or-string": true});
    }
    let mut schema = json!({"type": "array", "x-kubernetes-list-type": "set", "items": items});
    if dice.percent(5) {
        schema["maxItems"] = json!(2);
    }
    schema
}

fn embedded(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = json!({
        "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
    });
    if dice.percent(50) {
        schema.as_object_mut().map(|schema| schema.remove("x-kubernetes-preserve-unknown-fields"));
        schema["properties"] = json!({"spec": fields(dice, depth + 1, 2)});
    }
    schema
}

/// A list of maps; of its one or two keys each is required or has a default.
fn keyed(dice: &mut Dice, depth: usize) -> Value {
    let mut items = fields(dice, depth + 1, 3);
    if let Some(items) = items.as_object_mut() {
        items.remove("x-kubernetes-map-type");
        items.remove("required");
    }
    let mut keys = vec!["name"];
    items["properties"]["name"] = json!({"type": "string"});
    let mut required = vec!["name"];
    if dice.percent(35) {
        keys.push("port");
        items["properties"]["port"] = json!({"type": "integer"});
        if dice.percent(50) {
            items["properties"]["port"]["default"] = json!(1);
        } else {
            required.push("port");
        }
    }
    // An item that leaves out all of its keys is lost by the server's own merge: one key is always there.
    items["required"] = json!(required);
    json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, "items": items})
}
