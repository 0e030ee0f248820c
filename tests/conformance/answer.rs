use crate::case::{Check, Step};
use crate::pointer;
use crate::wire::Variables;
use regex::Regex;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// What a server said.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
    /// The body, where it is JSON; the frames of a watch as a list.
    pub value: Value,
}

/// Headers that are part of the API.
const COMPARED: [&str; 3] = ["content-type", "warning", "allow"];
/// Fields whose values are a server's own.
const OWN: [&str; 17] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "time",
    "lastTransitionTime",
    "lastUpdateTime",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "healthCheckNodePort",
    "continue",
    "token",
    "expirationTimestamp",
    "startTime",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
];

impl Answer {
    pub fn new(head: &http::response::Parts, body: &[u8]) -> Self {
        let headers = head.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let text = String::from_utf8_lossy(body).into_owned();
        let frames = || text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
        let is_frame = |v: &Value| v.get("type").is_some() && v.get("object").is_some();
        let value = serde_json::from_str(&text).ok().filter(|v| !is_frame(v));
        let value = value.or_else(|| frames().ok().filter(|f| !f.is_empty()).map(Value::Array));
        Self {
            status: head.status.as_u16(),
            headers: headers.collect(),
            value: value.unwrap_or(Value::Null),
            text,
        }
    }

    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| &**v)
    }

    /// What of it must be the same on every server.
    pub fn recorded(&self, step: &Step, saved: &Variables) -> String {
        let picks: Vec<&str> = step
            .checks
            .iter()
            .filter_map(|c| if let Check::Pick(p) = c { Some(&**p) } else { None })
            .collect();
        let mut value = self.value.clone();
        for check in &step.checks {
            if let Check::Mask(path) = check {
                pointer::mask(&mut value, path);
            }
        }
        let body = if !picks.is_empty() {
            let picked = picks.iter().filter(|p| **p != "none");
            picked
                .map(|p| format!("{p}: {:#}", own_away(json!(pointer::all(&value, p)), saved)))
                .collect::<Vec<_>>()
                .join("\n")
        } else if value.is_null() {
            text_away(&self.text, saved)
        } else {
            format!("{:#}", own_away(value, saved))
        };
        let mut out = format!("{}\n", self.status);
        for name in COMPARED {
            let mut values: Vec<&str> = self.header(name).collect();
            values.sort_unstable();
            for value in values {
                out.push_str(&format!("{name}: {}\n", text_away(value, saved)));
            }
        }
        out.push_str(&body);
        out
    }
}

/// Without what is a server's own.
fn own_away(value: Value, saved: &Variables) -> Value {
    match value {
        Value::Object(map) => {
            // The real server runs without the admission plugin that would give pods the default service account.
            let own = |key: &str, value: &Value| key.starts_with("serviceAccount") && value == "default";
            let fields = map.into_iter().filter(|(key, value)| !own(key, value)).map(|(key, value)| {
                let empty = value.is_null() || matches!(value.as_str(), Some("" | "0" | "None"));
                let value =
                    if OWN.contains(&&*key) && !empty && !value.is_object() && !is_list_of_objects(&value) {
                        Value::from(format!("<{key}>"))
                    } else {
                        own_away(value, saved)
                    };
                (text_away(&key, saved), in_order(&key, value))
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| own_away(item, saved)).collect(),
        Value::String(text) => text_away(&text, saved).into(),
        other => other,
    }
}

/// Owners are in the order of their times, causes of a conflict in that of a Go map: neither is the same twice.
fn in_order(key: &str, mut value: Value) -> Value {
    if let (Value::Array(items), "managedFields" | "causes") = (&mut value, key) {
        items.sort_by_key(Value::to_string);
    }
    value
}

fn is_list_of_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().any(Value::is_object))
}

fn text_away(text: &str, saved: &Variables) -> String {
    static PATTERNS: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        [
            ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
            (r"^\d+[smhd]$", "<age>"),
            (r"resource version: \d+(, current: \d+| \(\d+\))", "resource version: <rv>"),
        ]
        .map(|(pattern, shown)| (Regex::new(pattern).expect("a pattern"), shown))
    });
    let mut out = text.to_owned();
    for (name, value) in saved.0.iter().filter(|(name, value)| *name != "ns" && value.len() > 3) {
        out = out.replace(value.as_str(), &format!("<{name}>"));
    }
    for (pattern, shown) in &*PATTERNS {
        out = pattern.replace_all(&out, *shown).into_owned();
    }
    out
}
