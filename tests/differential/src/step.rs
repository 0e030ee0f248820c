//! One request of a sequence, as a value: it can be sent to either server, printed and made smaller.

use crate::dice::Dice;
use crate::subject::Subject;
use crate::value;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub what: What,
    pub manager: String,
    /// Which version of the kind, of those that there are.
    pub version: usize,
    pub status: bool,
    pub dry_run: bool,
    pub validation: &'static str,
    pub body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Create,
    Apply {
        force: bool,
    },
    /// PUT of the body, with the live object's resourceVersion where the flag is set.
    Put {
        current: bool,
    },
    /// PUT of the live object, changed by the body as a merge patch.
    Edit,
    Merge,
    Json,
    Strategic,
    Delete,
}

/// What is sent.
#[derive(Debug)]
pub struct Wire {
    pub method: &'static str,
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

const MANAGERS: [&str; 3] = ["ma", "mb", "mc"];
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The next step of a sequence; `live` is the object as it is now.
pub fn next(dice: &mut Dice, subjects: &[Subject], live: Option<&Value>, wild: usize, name: &str) -> Step {
    let version = dice.below(subjects.len());
    let subject = &subjects[version];
    let status = live.is_some() && subject.has_status && dice.percent(20);
    let what = match (live, dice.below(100)) {
        (None, 0..35) if !status => What::Create,
        (None, _) => What::Apply { force: dice.percent(30) },
        (Some(_), 0..45) => What::Apply { force: dice.percent(45) },
        (Some(_), 45..56) => What::Put { current: dice.percent(80) },
        (Some(_), 56..68) => What::Edit,
        (Some(_), 68..82) => What::Merge,
        (Some(_), 82..90) => What::Json,
        (Some(_), 90..98) if !subject.is_custom() => What::Strategic,
        (Some(_), 90..98) => What::Merge,
        (Some(_), _) => What::Delete,
    };
    let body = match what {
        What::Create | What::Apply { .. } | What::Put { .. } => {
            whole(dice, subject, status, what, wild, name)
        }
        What::Edit | What::Merge => part(dice, subject, status, wild),
        What::Strategic => {
            let mut patch = part(dice, subject, status, wild);
            direct(dice, &mut patch, 0);
            patch
        }
        What::Json => operations(dice, live.unwrap_or(&Value::Null), status),
        What::Delete => Value::Null,
    };
    let manager = match dice.below(30) {
        0 => "kubectl".to_owned(),
        1 => format!("m{}", dice.below(20)),
        _ => (*dice.one(&MANAGERS)).to_owned(),
    };
    let validation = match dice.below(10) {
        0 => "Strict",
        1 => "Warn",
        _ => "Ignore",
    };
    let dry_run = dice.percent(5);
    Step { what, manager, version, status, dry_run, validation, body }
}

fn whole(dice: &mut Dice, subject: &Subject, status: bool, what: What, wild: usize, name: &str) -> Value {
    let mut body = if status { subject.status(dice, wild) } else { subject.body(dice, wild) };
    let mut metadata = json!({"name": name});
    for field in ["labels", "annotations"] {
        if dice.percent(25) {
            metadata[field] = labels(dice);
        }
    }
    if dice.percent(4) {
        metadata["annotations"] = json!({LAST_APPLIED: last_applied(dice, subject)});
    }
    if dice.percent(5) {
        metadata["finalizers"] =
            dice.one(&[json!(["example.com/a"]), json!(["example.com/b", "example.com/a"])]).clone();
    }
    if matches!(what, What::Put { .. }) && dice.percent(5) {
        metadata["managedFields"] = dice.one(&[json!([]), json!([{}]), json!(null)]).clone();
    }
    body.insert("apiVersion".into(), json!(subject.api_version));
    body.insert("kind".into(), json!(subject.kind));
    body.insert("metadata".into(), metadata);
    if dice.percent(10) && !status {
        body.extend(subject.status(dice, wild));
    }
    Value::Object(body)
}

fn labels(dice: &mut Dice) -> Value {
    // Empty maps in metadata are stored when they are applied, and gone when the object is written next.
    let mut names = dice.some(&["a", "b", "c"]);
    if names.is_empty() {
        names.push("a");
    }
    names
        .into_iter()
        .map(|name| (name.to_owned(), json!(*dice.one(&["x", "y"]))))
        .collect::<Map<_, _>>()
        .into()
}

fn last_applied(dice: &mut Dice, subject: &Subject) -> String {
    let mut body = subject.body(dice, 0);
    body.insert("apiVersion".into(), json!(subject.api_version));
    body.insert("kind".into(), json!(subject.kind));
    Value::Object(body).to_string()
}

/// A merge patch: parts of an object, some fields of it null.
fn part(dice: &mut Dice, subject: &Subject, status: bool, wild: usize) -> Value {
    let mut body = Value::Object(if status { subject.status(dice, wild) } else { subject.body(dice, wild) });
    thin(dice, &mut body, 0);
    if dice.percent(30) {
        body["metadata"] = json!({"labels": labels(dice)});
        if dice.percent(20) {
            body["metadata"]["labels"]["a"] = Value::Null;
        }
        if dice.percent(10) {
            body["metadata"]["annotations"] = json!({LAST_APPLIED: last_applied(dice, subject)});
        }
    }
    body
}

fn thin(dice: &mut Dice, value: &mut Value, depth: usize) {
    let Some(map) = value.as_object_mut() else { return };
    for name in map.keys().cloned().collect::<Vec<_>>() {
        if depth > 0 && dice.percent(30) {
            map.remove(&name);
        } else if depth > 0 && dice.percent(10) {
            map.insert(name, Value::Null);
        } else if let Some(child) = map.get_mut(&name) {
            thin(dice, child, depth + 1);
        }
    }
}

/// Strategic directives here and there.
fn direct(dice: &mut Dice, value: &mut Value, depth: usize) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(items) => {
            items.iter_mut().for_each(|item| direct(dice, item, depth + 1));
            if items.first().is_some_and(Value::is_object) {
                match dice.below(16) {
                    0 => items.push(json!({"$patch": "replace"})),
                    1 | 2 => {
                        let at = dice.below(items.len());
                        items[at]["$patch"] = json!("delete");
                    }
                    3 => {
                        let at = dice.below(items.len());
                        items[at]["$patch"] = json!("merge");
                    }
                    _ => {}
                }
            }
        }
        Value::Object(map) => {
            for name in map.keys().cloned().collect::<Vec<_>>() {
                if let Some(child) = map.get_mut(&name) {
                    direct(dice, child, depth + 1);
                }
                let Some(Value::Array(items)) = map.get(&name) else { continue };
                if dice.percent(15) {
                    let key = ["name", "ip", "containerPort", "port", "mountPath", "type"];
                    let key = key.into_iter().find(|key| items.iter().any(|item| item.get(key).is_some()));
                    let order: Value = items
                        .iter()
                        .filter(|item| item.get("$patch").is_none())
                        .map(|item| match key {
                            Some(key) => json!({key: item.get(key)}),
                            None => item.clone(),
                        })
                        .collect();
                    map.insert(format!("$setElementOrder/{name}"), order);
                } else if dice.percent(8) && items.iter().all(Value::is_string) {
                    let gone = Value::Array(items.clone());
                    map.insert(format!("$deleteFromPrimitiveList/{name}"), gone);
                    map.remove(&name);
                }
            }
            if depth > 0 && dice.percent(3) {
                map.insert("$patch".into(), json!(*dice.one(&["replace", "delete", "merge", "bogus"])));
            } else if depth > 0 && dice.percent(3) {
                let keys: Vec<String> = map.keys().filter(|name| !name.starts_with('$')).cloned().collect();
                map.insert("$retainKeys".into(), json!(keys));
            }
        }
    }
}

/// A JSON patch: at places that there are, and sometimes at others.
fn operations(dice: &mut Dice, live: &Value, status: bool) -> Value {
    let mut places = Vec::new();
    for part in if status { &["status"][..] } else { &["spec", "data", "rules"][..] } {
        let at = format!("/{part}");
        if let Some(value) = live.pointer(&at) {
            pointers(value, &at, &mut places);
        }
    }
    if places.is_empty() {
        places.push(if status { "/status".to_owned() } else { "/spec".to_owned() });
    }
    let count = 1 + dice.below(2);
    let operation = |dice: &mut Dice| {
        let path = dice.one(&places).clone();
        let from = dice.one(&places).clone();
        let there = live.pointer(&path).cloned().unwrap_or_default();
        let value = match &there {
            Value::String(_) => json!(*dice.one(&["a", "b", "1", "2"])),
            Value::Number(_) => json!(dice.below(3)),
            Value::Bool(was) => json!(!was),
            Value::Null | Value::Array(_) | Value::Object(_) => value::anything(dice, 1),
        };
        match dice.below(10) {
            0..3 => json!({"op": "replace", "path": path, "value": value}),
            3..6 => json!({"op": "remove", "path": path}),
            6 => json!({"op": "add", "path": path, "value": value}),
            7 => json!({"op": "test", "path": path, "value": if dice.percent(70) { there } else { value }}),
            8 => json!({"op": "copy", "from": from, "path": path}),
            _ => json!({"op": "remove", "path": format!("{path}/none")}),
        }
    };
    (0..count).map(|_| operation(dice)).collect()
}

fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), into));
        }
        Value::Object(map) => {
            for (name, child) in map {
                pointers(child, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), into);
            }
        }
    }
}

impl Step {
    /// The request to a server whose object is `live`.
    pub fn wire(&self, subjects: &[Subject], name: &str, live: Option<&Value>) -> Wire {
        let subject = &subjects[self.version];
        let object = format!("{}/{name}{}", subject.path, if self.status { "/status" } else { "" });
        let mut query =
            vec![("fieldManager", self.manager.clone()), ("fieldValidation", self.validation.to_owned())];
        if self.dry_run {
            query.push(("dryRun", "All".to_owned()));
        }
        let mut body = self.body.clone();
        let (method, path, content_type) = match self.what {
            What::Create => ("POST", subject.path.clone(), "application/json"),
            What::Apply { force } => {
                if force {
                    query.push(("force", "true".to_owned()));
                }
                ("PATCH", object, "application/apply-patch+yaml")
            }
            What::Put { current } => {
                let version = live.and_then(|live| live.pointer("/metadata/resourceVersion"));
                if let (true, Some(version), Some(metadata)) =
                    (current, version, body.get_mut("metadata").and_then(Value::as_object_mut))
                {
                    metadata.insert("resourceVersion".into(), version.clone());
                }
                ("PUT", object, "application/json")
            }
            What::Edit => {
                let mut edited = live.cloned().unwrap_or_default();
                edited["apiVersion"] = json!(subject.api_version);
                mainstay_object::patch::merge_patch(&mut edited, &self.body);
                body = edited;
                ("PUT", object, "application/json")
            }
            What::Merge => ("PATCH", object, "application/merge-patch+json"),
            What::Json => ("PATCH", object, "application/json-patch+json"),
            What::Strategic => ("PATCH", object, "application/strategic-merge-patch+json"),
            What::Delete => {
                query.retain(|(name, _)| *name == "dryRun");
                ("DELETE", format!("{}/{name}", subject.path), "application/json")
            }
        };
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Wire { method, path, query, content_type, body }
    }
}

/// One line: what a person would type.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = format!("{:?}", self.what).to_lowercase();
        write!(f, "{what} by {} in version {}", self.manager, self.version + 1)?;
        if self.status {
            f.write_str(" status")?;
        }
        if self.dry_run {
            f.write_str(" dry-run")?;
        }
        write!(f, " {}: {}", self.validation, self.body)
    }
}
