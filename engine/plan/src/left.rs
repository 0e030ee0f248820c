//! Fields of an object that are left to others once it exists: an autoscaler's replicas, an injected certificate.
//!
//! The object is created whole. Then the ownership of these fields is handed to a manager of another name that never
//! writes again, and from then on they are not sent: whoever changes them meets no conflict, and it is no drift.

use mainstay_object::{Object, Value};
use mainstay_unit::FieldIgnore;
use serde_json::{Map, json};

/// Annotations by which a controller is asked to write the CA bundles of an object (cert-manager's CA injector).
const INJECTED: [&str; 3] = [
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
];
/// What an object is known by can't be left to anybody.
const IDENTITY: [&str; 6] =
    ["", "/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace"];

/// JSON pointers (RFC 6901) into an object as it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left(Vec<String>);

impl Left {
    pub fn of(rules: &[FieldIgnore], object: &Object) -> Self {
        let matching = rules.iter().filter(|rule| rule.matches(object));
        let paths = matching.flat_map(|rule| &rule.paths);
        let mut pointers: Vec<String> = paths.flat_map(|path| entries_of(object.value(), path)).collect();
        pointers.extend(injected(object.value()));
        pointers.retain(|p| !IDENTITY.contains(&p.as_str()) && object.value().pointer(p).is_some());
        // Of two items of a list the later one first, so that the other one stays where it is.
        pointers.sort_by_cached_key(|p| std::cmp::Reverse(order(p)));
        pointers.dedup();
        Self(pointers)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it was not there yet.
    pub fn add(&mut self, pointer: &str) -> bool {
        let new = !self.0.iter().any(|p| p == pointer);
        if new {
            self.0.push(pointer.to_owned());
            self.0.sort_by_cached_key(|p| std::cmp::Reverse(order(p)));
        }
        new
    }

    /// The object as it is sent where it exists already.
    pub fn without(&self, wanted: &Object, live: &Value) -> Value {
        let mut out = wanted.value().clone();
        for pointer in self.0.iter().filter(|p| is_separate(wanted.value(), live, p)) {
            remove(&mut out, &segments(pointer));
        }
        out
    }

    /// The object with these fields as they are.
    pub fn adopted(&self, wanted: &Object, live: &Value) -> Value {
        let mut out = wanted.value().clone();
        for pointer in self.0.iter().filter(|p| is_separate(wanted.value(), live, p)) {
            match find(wanted.value(), live, pointer).cloned() {
                Some(value) => {
                    if let Some(place) = out.pointer_mut(pointer) {
                        *place = value;
                    }
                }
                None => remove(&mut out, &segments(pointer)),
            }
        }
        out
    }

    /// The live object's managed fields with those of these fields that `from` applied under the name of `to`. `None`:
    /// there are none.
    pub fn handed_over(&self, wanted: &Object, live: &Value, from: &str, to: &str) -> Option<Value> {
        let mut entries = live.pointer("/metadata/managedFields")?.as_array()?.clone();
        let at = entries.iter().position(|e| is_applied_by(e, from))?;
        let mut moved = json!({});
        for pointer in &self.0 {
            let Some(path) = owned_path(&entries[at]["fieldsV1"], wanted.value(), pointer) else { continue };
            if let Some(below) = detach(&mut entries[at]["fieldsV1"], &path) {
                attach(&mut moved, &path, below);
            }
        }
        if moved.as_object().is_none_or(Map::is_empty) {
            return None;
        }
        let version = entries[at].get("apiVersion").cloned().unwrap_or_default();
        let is_theirs = |e: &Value| {
            e["manager"] == to
                && e["operation"] == "Update"
                && e["apiVersion"] == version
                && e.get("subresource").is_none()
        };
        match entries.iter().position(is_theirs) {
            Some(theirs) => merge(&mut entries[theirs]["fieldsV1"], moved),
            None => {
                let mut entry = entries[at].clone();
                entry["manager"] = json!(to);
                entry["operation"] = json!("Update");
                entry["fieldsV1"] = moved;
                entries.push(entry);
            }
        }
        Some(Value::Array(entries))
    }
}

/// Labels and annotations are left one by one: among them are ours, by which an object is known as ours.
fn entries_of(object: &Value, path: &str) -> Vec<String> {
    if !["/metadata/labels", "/metadata/annotations"].contains(&path) {
        return vec![path.to_owned()];
    }
    let keys = object.pointer(path).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    keys.map(|key| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

fn is_applied_by(entry: &Value, manager: &str) -> bool {
    entry["manager"] == manager && entry["operation"] == "Apply" && entry.get("subresource").is_none()
}

/// CA bundles that somebody else is asked to fill in.
fn injected(object: &Value) -> Vec<String> {
    let annotations = object.pointer("/metadata/annotations");
    if !INJECTED.iter().any(|key| annotations.and_then(|a| a.get(key)).is_some()) {
        return Vec::new();
    }
    let webhooks = object.pointer("/webhooks").and_then(Value::as_array).map_or(0, Vec::len);
    let hooks = (0..webhooks).map(|i| format!("/webhooks/{i}/clientConfig/caBundle"));
    let others = ["/spec/caBundle", "/spec/conversion/webhook/clientConfig/caBundle"];
    others.into_iter().map(str::to_owned).chain(hooks).collect()
}

fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|s| s.replace("~1", "/").replace("~0", "~")).collect()
}

/// Numbers in the order of numbers.
fn order(pointer: &str) -> Vec<(usize, String)> {
    segments(pointer).into_iter().map(|s| (s.parse().unwrap_or_default(), s)).collect()
}

/// Whether a field is owned by itself. One inside of an atomic list or map belongs to who owns the whole, and goes with it.
fn is_separate(wanted: &Value, live: &Value, pointer: &str) -> bool {
    entries(live).any(|fields| owned_path(fields, wanted, pointer).is_some())
        || find(wanted, live, pointer).is_none()
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|e| e.get("fieldsV1"))
}

/// A pointer in the words of FieldsV1, if something at it or below is in `fields`. Items of lists are the ones that they
/// are in the object as it is wanted.
fn owned_path(fields: &Value, wanted: &Value, pointer: &str) -> Option<Vec<String>> {
    let (mut fields, mut wanted) = (fields, wanted);
    let mut path = Vec::new();
    for segment in segments(pointer) {
        let step = match wanted {
            Value::Array(items) => {
                let item = items.get(segment.parse::<usize>().ok()?)?;
                wanted = item;
                fields.as_object()?.keys().find(|step| is_item(step, item))?.clone()
            }
            _ => {
                wanted = wanted.get(&segment)?;
                format!("f:{segment}")
            }
        };
        fields = fields.get(&step)?;
        path.push(step);
    }
    Some(path)
}

/// Whether a step of FieldsV1 means this item. A key that the item leaves out has its default.
fn is_item(step: &str, item: &Value) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    match step.split_once(':') {
        Some(("k", keys)) => parsed(keys).is_some_and(|keys| {
            let keys = keys.as_object().into_iter().flatten();
            item.is_object() && keys.into_iter().all(|(k, v)| item.get(k).is_none_or(|have| have == v))
        }),
        Some(("v", value)) => parsed(value).as_ref() == Some(item),
        _ => false,
    }
}

/// The live value that a pointer into the wanted object means.
fn find<'a>(wanted: &Value, live: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut paths = entries(live).filter_map(|fields| owned_path(fields, wanted, pointer));
    let Some(path) = paths.next() else { return live.pointer(pointer) };
    path.iter().try_fold(live, |at, step| match step.split_once(':')? {
        ("f", name) => at.get(name),
        _ => at.as_array()?.iter().find(|item| is_item(step, item)),
    })
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((last, before)) = path.split_last() else { return };
    let mut at = Some(&mut *value);
    for step in before {
        at = at.and_then(|v| match v {
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            other => other.get_mut(step),
        });
    }
    let emptied = match at {
        Some(Value::Array(items)) => {
            if let Some(i) = last.parse().ok().filter(|i| *i < items.len()) {
                items.remove(i);
            }
            false
        }
        Some(Value::Object(map)) => {
            map.remove(last);
            map.is_empty()
        }
        Some(_) | None => false,
    };
    // A map that held nothing else would be applied as an empty one, and owned.
    let in_list = before.last().is_some_and(|step| step.parse::<usize>().is_ok());
    if emptied && !in_list {
        remove(value, before);
    }
}

fn detach(fields: &mut Value, path: &[String]) -> Option<Value> {
    let (first, rest) = path.split_first()?;
    let map = fields.as_object_mut()?;
    if rest.is_empty() {
        return map.remove(first);
    }
    let below = map.get_mut(first)?;
    let out = detach(below, rest);
    // An empty node would mean the whole field.
    if below.as_object().is_some_and(Map::is_empty) {
        map.remove(first);
    }
    out
}

fn attach(fields: &mut Value, path: &[String], below: Value) {
    match path.split_first() {
        None => merge(fields, below),
        Some((first, rest)) => {
            if let Some(map) = fields.as_object_mut() {
                attach(map.entry(first.clone()).or_insert_with(|| json!({})), rest, below);
            }
        }
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (step, below) in from {
            merge(into.entry(step).or_insert_with(|| json!({})), below);
        }
    }
}

#[cfg(test)]
mod tests;
