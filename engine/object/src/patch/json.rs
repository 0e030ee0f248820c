use super::node::Node;
use serde_json::{Map, Value};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonPatchError {
    /// It is no list of operations: 400.
    #[error("{0}")]
    Invalid(String),
    /// 413.
    #[error("The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {0}")]
    TooMany(usize),
    /// Copies would blow the object up: 413.
    #[error(
        "Unable to complete the copy, the accumulated size increase of copy is {0}, exceeding the limit {MOST_COPIED_BYTES}"
    )]
    CopiesTooMuch(usize),
    /// It does not fit the object, or a test failed: 422.
    #[error("{0}")]
    NotApplicable(String),
}

/// As an API server's.
pub(super) const MOST_OPERATIONS: usize = 10_000;
pub(super) const MOST_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// JSON patch, all or nothing. RFC 6902 as an API server reads it, which differs: a map's field may be replaced, copied
/// or tested though it is absent, and a negative index counts from the end.
pub fn json_patch(target: &Value, patch: &Value) -> Result<Value, JsonPatchError> {
    let invalid = |text: &str| JsonPatchError::Invalid(text.to_owned());
    let operations = patch.as_array().ok_or_else(|| invalid("a JSON patch is a list of operations"))?;
    if operations.len() > MOST_OPERATIONS {
        return Err(JsonPatchError::TooMany(operations.len()));
    }
    let operations: Option<Vec<&Map<String, Value>>> = operations.iter().map(Value::as_object).collect();
    let operations = operations.ok_or_else(|| invalid("an operation of a JSON patch is a mapping"))?;
    let mut patched = Node::of(target);
    let mut copied = 0;
    for operation in operations {
        run(&mut patched, operation, &mut copied)?;
    }
    Ok(patched.into_value())
}

fn run(target: &mut Node, operation: &Map<String, Value>, copied: &mut usize) -> Result<(), JsonPatchError> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let kind = text("op").unwrap_or("unknown");
    let refused = |why: &str, at: &str| {
        Err(JsonPatchError::NotApplicable(format!("{kind} operation does not apply: {why}: {at}")))
    };
    let Some(path) = text("path") else { return refused("there is no path", "") };
    let value = || operation.get("value").map_or(Node::Null, Node::given);
    let from = text("from");
    let done = match (kind, from) {
        ("add", _) => add(target, path, value()),
        ("remove", _) => remove(target, path),
        ("replace", _) => replace(target, path, value()),
        ("move", Some(from)) => match get(target, from) {
            Some(moved) => {
                let moved = moved.cloned().unwrap_or(Node::Null);
                remove(target, from).and_then(|()| add(target, path, moved))
            }
            None => None,
        },
        ("copy", Some(from)) => match get(target, from) {
            Some(there) => {
                let there = there.map_or(Node::Null, Node::copied);
                // Where nothing can be added nothing is copied.
                if !path.is_empty() && parent(target, path).is_some() {
                    *copied += there.clone().into_value().to_string().len();
                }
                if *copied > MOST_COPIED_BYTES {
                    return Err(JsonPatchError::CopiesTooMuch(*copied));
                }
                add(target, path, there)
            }
            None => None,
        },
        ("test", _) => {
            let holds = match get(target, path) {
                Some(there) => there.unwrap_or(&Node::Null).passes_for(&value()),
                None => return refused("doc is missing path", path),
            };
            if !holds {
                return Err(JsonPatchError::NotApplicable(format!(
                    "testing value {path} failed: test failed"
                )));
            }
            Some(())
        }
        ("move" | "copy", None) => return refused("there is no from", path),
        (other, _) => return Err(JsonPatchError::NotApplicable(format!("Unexpected kind: {other}"))),
    };
    match done {
        Some(()) => Ok(()),
        None => refused("doc is missing path", from.unwrap_or(path)),
    }
}

/// What the pointer leads to; the inner `None` is an absent field of a map that is there.
fn get<'v>(target: &'v mut Node, path: &str) -> Option<Option<&'v Node>> {
    if path.is_empty() {
        return Some(Some(target));
    }
    let (container, key) = parent(target, path)?;
    match container {
        Node::Map(map) => Some(map.get(&key)),
        Node::List(items) => {
            let at = index(&key, items.len())?;
            items.get(at).map(Some)
        }
        _ => None,
    }
}

fn add(target: &mut Node, path: &str, value: Node) -> Option<()> {
    match parent(target, path)? {
        (Node::Map(map), key) => drop(map.insert(key, value)),
        (Node::List(items), key) if key == "-" => items.push(value),
        (Node::List(items), key) => {
            let at = index(&key, items.len() + 1)?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Node, path: &str) -> Option<()> {
    match parent(target, path)? {
        (Node::Map(map), key) => map.remove(&key).map(drop),
        (Node::List(items), key) => {
            let at = index(&key, items.len())?;
            drop(items.remove(at));
            Some(())
        }
        _ => None,
    }
}

fn replace(target: &mut Node, path: &str, value: Node) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return target.is_container().then_some(());
    }
    match parent(target, path)? {
        (Node::Map(map), key) => drop(map.insert(key, value)),
        (Node::List(items), key) => {
            let at = index(&key, items.len())?;
            items[at] = value;
        }
        _ => return None,
    }
    Some(())
}

/// The container that holds the last step of a pointer, and that step.
fn parent<'v>(target: &'v mut Node, path: &str) -> Option<(&'v mut Node, String)> {
    let mut steps: Vec<String> =
        path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let last = steps.pop()?;
    let mut here = target;
    for step in steps {
        here = match here {
            Node::Map(map) => map.get_mut(&step)?,
            Node::List(items) => {
                let at = index(&step, items.len())?;
                items.get_mut(at)?
            }
            _ => return None,
        };
    }
    here.is_container().then_some((here, last))
}

/// An index below `length`; -1 is the last.
fn index(text: &str, length: usize) -> Option<usize> {
    let at: i64 = text.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let at = if at < 0 { at + length } else { at };
    (0..length).contains(&at).then(|| usize::try_from(at).ok()).flatten()
}
