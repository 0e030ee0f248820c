//! ConfigMaps, Secrets, Leases and Events.

use crate::core::body::{at, meta, text};
use crate::core::failure::{field_error, invalid, required};
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;

/// Bytes of all values together.
const LIMIT: usize = 1 << 20;
const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

pub fn config_map(object: &Value, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in object.get(field).and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            size += if field == "data" { text.len() } else { decoded_length(text) };
            config_key(field, key, errors);
            if field == "data" && object.get("binaryData").is_some_and(|b| b.get(key).is_some()) {
                let detail = "duplicate of key present in binaryData";
                errors.push(invalid(format!("data[{key}]"), key.as_str().into(), detail));
            }
        }
    }
    // The server names no field for it.
    too_long("[]", size, errors);
}

pub fn secret(object: &Value, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for (key, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
        size += decoded_length(value.as_str().unwrap_or_default());
        config_key("data", key, errors);
    }
    too_long("data", size, errors);
    let has = |key: &str| object.get("data").and_then(|d| d.get(key)).is_some();
    let (any, all): (&[&str], &[&str]) = match text(object, "/type") {
        "kubernetes.io/tls" => (&[], &["tls.crt", "tls.key"]),
        "kubernetes.io/basic-auth" => (&["username", "password"], &[]),
        "kubernetes.io/ssh-auth" => (&[], &["ssh-privatekey"]),
        "kubernetes.io/dockerconfigjson" => (&[], &[".dockerconfigjson"]),
        "kubernetes.io/dockercfg" => (&[], &[".dockercfg"]),
        _ => (&[], &[]),
    };
    let missing_any = if any.iter().any(|key| has(key)) { &[] } else { any };
    let missing = missing_any.iter().chain(all.iter().filter(|key| !has(key)));
    errors.extend(missing.map(|key| required(format!("data[{key}]"), "")));
    let account = "kubernetes.io/service-account.name";
    let named = at(object, "metadata.annotations").and_then(|a| a.get(account)).and_then(Value::as_str);
    if text(object, "/type") == "kubernetes.io/service-account-token" && named.is_none_or(str::is_empty) {
        errors.push(required(format!("metadata.annotations[{account}]"), ""));
    }
}

pub fn lease(object: &Value, errors: &mut Vec<FieldError>) {
    let number = |path: &str| at(object, path).and_then(Value::as_i64);
    if let Some(seconds) = number("spec.leaseDurationSeconds").filter(|n| *n <= 0) {
        errors.push(invalid("spec.leaseDurationSeconds", seconds.into(), "must be greater than 0"));
    }
    if let Some(count) = number("spec.leaseTransitions").filter(|n| *n < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(invalid("spec.leaseTransitions", count.into(), detail));
    }
}

pub fn event(object: &Value, errors: &mut Vec<FieldError>) {
    let about = text(object, "/involvedObject/namespace");
    let own = meta(object, "namespace");
    if own != about && !(about.is_empty() && own == "default") {
        let detail = "does not match event.namespace";
        errors.push(invalid("involvedObject.namespace", about.into(), detail));
    }
}

fn config_key(field: &str, key: &str, errors: &mut Vec<FieldError>) {
    let path = format!("{field}[{key}]");
    if key.len() > 253 {
        errors.push(invalid(path.clone(), key.into(), "must be no more than 253 bytes"));
    }
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let detail = match key {
        "." => "must not be '.'".to_owned(),
        ".." => "must not be '..'".to_owned(),
        key if key.starts_with("..") => "must not start with '..'".to_owned(),
        key if key.is_empty() || !key.chars().all(simple) => KEY.to_owned(),
        _ => return,
    };
    errors.push(invalid(path, key.into(), detail));
}

fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

fn too_long(path: &str, size: usize, errors: &mut Vec<FieldError>) {
    if size > LIMIT {
        let detail = format!("may not be more than {LIMIT} bytes");
        errors.push(field_error(FieldErrorKind::TooLong, path, None, detail));
    }
}
