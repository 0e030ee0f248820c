//! Two answers without what may differ: identifiers, times, and what a server chooses for itself.

use crate::chosen::Chosen;
use crate::servers::Answer;
use serde_json::{Map, Value, json};

/// The answer as it is compared. `live` is the server's object before the request.
pub fn masked(answer: &Answer, live: Option<&Value>, chosen: &Chosen) -> Value {
    let mut body = answer.body.clone();
    chosen.hide(&mut body);
    let is_status = body["kind"] == "Status";
    if is_status {
        status(&mut body, live);
    } else if body.is_object() {
        let version = |of: &Value| of.pointer("/metadata/resourceVersion").cloned();
        let changed = live.is_none_or(|live| version(live) != version(&body));
        object(&mut body);
        body["changed"] = json!(changed);
    }
    // Unknown fields come in the order of the document, which is that of a struct where a patch has copied from one.
    let mut warnings = answer.warnings.clone();
    warnings.sort_unstable();
    json!({"status": answer.status, "warnings": warnings, "body": body})
}

fn status(body: &mut Value, live: Option<&Value>) {
    let Some(map) = body.as_object_mut() else { return };
    let map_is_invalid = map.get("reason") == Some(&json!("Invalid"));
    if let Some(details) = map.get_mut("details").and_then(Value::as_object_mut) {
        details.remove("uid");
        // The server tells of several managers' conflicts, and of several fields of a map, in the order of a hash map.
        if let Some(causes) = details.get_mut("causes").and_then(Value::as_array_mut)
            && causes.len() > 1
        {
            causes.sort_by(mainstay_object::compare_values);
            if let Some(message) = map.get_mut("message").filter(|_| map_is_invalid)
                && let Some((before, _)) = message.as_str().unwrap_or_default().split_once(" is invalid: [")
            {
                *message = json!(before);
            }
        }
    }
    // How Go draws the difference of two structs, and in which order it writes the fields of a document.
    if let Some(causes) = map.get_mut("details").and_then(|details| details.get_mut("causes")) {
        for cause in causes.as_array_mut().into_iter().flatten() {
            plain_message(&mut cause["message"]);
        }
    }
    if let Some(message) = map.get_mut("message") {
        plain_message(message);
    }
    // Which of several undeclared fields of a map it names, and what it looks at before, is chance too.
    if let Some(message) = map.get_mut("message")
        && let Some(text) = message.as_str().filter(|text| text.contains(UNDECLARED))
    {
        let marks = ["): ", " object: ", " version: ", " at version "];
        let before = marks.iter().find_map(|mark| text.find(mark)).map(|end| &text[..end]);
        *message = json!(before.unwrap_or(UNDECLARED));
    }
    // As is the order of fields of a map where a key had to be.
    if let Some(message) = map.get_mut("message")
        && let Some((before, _)) = message.as_str().unwrap_or_default().split_once("): ")
        && message.as_str().unwrap_or_default().contains("got &value.valueUnstructured{Value:")
    {
        *message = json!(before);
    }
    // So is the order of several errors.
    if let Some(message) = map.get_mut("message")
        && let Some((before, lines)) = message.as_str().unwrap_or_default().split_once("errors:\n")
    {
        let mut lines: Vec<&str> = lines.lines().collect();
        lines.sort_unstable();
        *message = json!(format!("{before}errors: {}", lines.join(" ")));
    }
    let mut text = without_versions(&without_times(&body.to_string()));
    let uid = live.and_then(|live| live["metadata"]["uid"].as_str()).filter(|uid| !uid.is_empty());
    if let Some(uid) = uid {
        text = text.replace(uid, "UID");
    }
    if let Ok(masked) = serde_json::from_str(&text) {
        *body = masked;
    }
}

/// A message without the drawing of a difference, and with quoted documents in one order of fields.
fn plain_message(message: &mut Value) {
    let Some(text) = message.as_str() else { return };
    let mut text = text.to_owned();
    for mark in DRAWN {
        if let Some(at) = text.find(mark) {
            text.truncate(at + mark.len());
        }
    }
    if text.starts_with("duplicate nodePort") {
        text.retain(|letter| !letter.is_ascii_digit());
    }
    if let Some((before, problems)) = text.split_once("strict decoding error: ") {
        let mut problems: Vec<&str> = problems.split(", ").collect();
        problems.sort_unstable();
        text = format!("{before}strict decoding error: {}", problems.join(", "));
    }
    if text.contains("got map[string]interface {}") {
        text = without_order_of_keys(&text);
    }
    // A strategic patch is shown as the merge has left it, which depends on the order of a hash map.
    if let Some(at) = text.find("Invalid value: \"map[")
        && let Some(end) = text.rfind("\": ")
    {
        text.replace_range(at..end, "Invalid value: \"a patch");
    }
    let mark = "Invalid value: \"{";
    if let Some(at) = text.find(mark).map(|at| at + mark.len() - 2) {
        let mut quoted = serde_json::Deserializer::from_str(&text[at..]).into_iter::<String>();
        if let Some(Ok(document)) = quoted.next()
            && let Ok(mut document) = serde_json::from_str::<Value>(&document)
        {
            if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("managedFields");
            }
            if document["kind"] == "Service" {
                service(&mut document);
                hide_ports(&mut document);
            }
            let end = at + quoted.byte_offset();
            text = format!("{}{document}{}", &text[..at], &text[end..]);
        }
    }
    *message = json!(text);
}

/// A key of a list that is a map itself is written as its fields one after the other, in the order of a hash map:
/// `[port=b=1c=2]` or `[port=c=2b=1]`.
fn without_order_of_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (inner, after) = after.split_once(']').unwrap_or((after, ""));
        let mut letters: Vec<char> = inner.chars().collect();
        if inner.split(',').any(|key| key.matches('=').count() > 1) {
            letters.sort_unstable();
        }
        out.push_str(before);
        out.push('[');
        out.extend(letters);
        out.push(']');
        rest = after;
    }
    out + rest
}

const UNDECLARED: &str = "field not declared in schema";

/// A drawn difference follows.
const DRAWN: [&str; 2] = ["(allow it to be set to 1 if it was previously negative)", "for bound claims"];

/// Without the numbers behind `resourceVersion`, however deep they are quoted.
fn without_versions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split("resourceVersion").enumerate() {
        if index == 0 {
            out.push_str(part);
            continue;
        }
        out.push_str("resourceVersion");
        let quotes = part.find(|c: char| !matches!(c, '"' | '\\' | ':')).unwrap_or(part.len());
        out.push_str(&part[..quotes]);
        out.push_str(part[quotes..].trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

/// Times to the second, wherever they stand.
fn without_times(text: &str) -> String {
    let form = "0000-00-00T00:00:00Z".as_bytes();
    let is_time = |at: usize| {
        text.as_bytes().get(at..at + form.len()).is_some_and(|here| {
            let fits = |(byte, wanted): (&u8, &u8)| {
                if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted }
            };
            here.iter().zip(form).all(fits)
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut skip = 0;
    for (at, letter) in text.char_indices() {
        if at < skip {
            continue;
        }
        if letter.is_ascii_digit() && is_time(at) {
            out.push_str("TIME");
            skip = at + form.len();
        } else {
            out.push(letter);
        }
    }
    out
}

fn object(body: &mut Value) {
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"] {
            if let Some(value) = metadata.get_mut(field) {
                *value = json!("present");
            }
        }
        if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                let timed = entry.remove("time").is_some();
                entry.insert("timed".into(), json!(timed));
            }
            // Ordered by time, which is not compared.
            entries.sort_by(mainstay_object::compare_values);
        }
    }
    if body["kind"] == "Service" {
        service(body);
    }
}

/// Addresses and ports are the server's choice.
fn service(body: &mut Value) {
    let Some(spec) = body.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for field in ["clusterIP", "clusterIPs", "healthCheckNodePort"] {
        if let Some(value) = spec.get_mut(field)
            && *value != "None"
        {
            *value = json!("chosen");
        }
    }
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(number) = port.get_mut("nodePort") {
            *number = json!("chosen");
        }
    }
}

/// A patch may have put a port anywhere.
fn hide_ports(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide_ports),
        Value::Object(map) => {
            for (name, child) in map.iter_mut() {
                if name == "nodePort" {
                    *child = json!("chosen");
                }
                hide_ports(child);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The first difference of two values: where, and what is there.
pub fn difference(real: &Value, ours: &Value) -> Option<(String, Value, Value)> {
    fn walk(real: &Value, ours: &Value, at: &str) -> Option<(String, Value, Value)> {
        if real == ours {
            return None;
        }
        match (real, ours) {
            (Value::Object(real), Value::Object(ours)) => {
                let names = real.keys().chain(ours.keys().filter(|name| !real.contains_key(*name)));
                let null = Value::Null;
                let mut names: Vec<&String> = names.collect();
                // Objects before the record of their owners.
                names.sort_by_key(|name| *name == "managedFields" || *name == "metadata");
                names.into_iter().find_map(|name| {
                    let sides = (real.get(name), ours.get(name));
                    if sides.0.is_some() != sides.1.is_some() {
                        let absent = json!("<absent>");
                        let shown = |side: Option<&Value>| side.cloned().unwrap_or_else(|| absent.clone());
                        return Some((format!("{at}.{name}"), shown(sides.0), shown(sides.1)));
                    }
                    walk(sides.0.unwrap_or(&null), sides.1.unwrap_or(&null), &format!("{at}.{name}"))
                })
            }
            (Value::Array(reals), Value::Array(ourss)) if reals.len() == ourss.len() => {
                let pairs = reals.iter().zip(ourss).enumerate();
                pairs
                    .into_iter()
                    .find_map(|(index, (real, ours))| walk(real, ours, &format!("{at}[{index}]")))
            }
            _ => Some((at.to_owned(), real.clone(), ours.clone())),
        }
    }
    walk(real, ours, "")
}

/// What a client keeps of an answer: the object, if it is one that was stored.
pub fn kept(answer: &Answer) -> Option<Map<String, Value>> {
    (answer.status < 300 && answer.body["kind"] != "Status")
        .then(|| answer.body.as_object().cloned())
        .flatten()
}
