//! Objects that a render produced and that still hold what SOPS encrypted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};
use zeroize::Zeroize;

use crate::decrypt::{Integrity, decrypt, open};
use crate::format::Format;
use crate::metadata::Metadata;
use crate::stanza::KeySource;
use crate::tree::{Branch, Budget, Entry, Item, Value};
use crate::{Limits, SopsError};

/// Decrypts an object after a build, as kustomize-controller does; `None` if nothing in it is encrypted.
///
/// An object with a `sops` block loses the block. The MAC is not checked: a build adds labels and sorts members, so
/// that it can't hold; each encrypted value is still bound to its path and to the data key. Of a Secret without such a
/// block each entry of `data` that holds an encrypted file is decrypted, and written in the format that its name says.
///
/// One difference: a rule that depends on comments is an error. Flux takes every comment for absent, and so applies
/// ciphertext.
pub fn decrypt_object(
    object: &Json,
    keys: &dyn KeySource,
    limits: &Limits,
) -> Result<Option<Json>, SopsError> {
    if has_block(object) {
        let mut branch = branch_of(object, &mut Budget::new(limits))?;
        let metadata = Metadata::extract(std::slice::from_mut(&mut branch), limits)?;
        if metadata.rule.needs_comments() {
            return Err(SopsError::RuleNeedsComments);
        }
        open(std::slice::from_mut(&mut branch), &metadata, keys, Integrity::Values, limits)?;
        return members(branch, "").map(Some);
    }
    let mut decrypted = None;
    for (name, from, bytes) in encrypted_entries(object) {
        let to = Format::of_path(name);
        let plain = decrypt(&bytes, from, to, keys, Integrity::Values, limits)?;
        let object = decrypted.get_or_insert_with(|| object.clone());
        object["data"][name] = Json::String(STANDARD.encode(&*plain));
    }
    Ok(decrypted)
}

/// Whether [`decrypt_object`] would need keys.
pub fn is_encrypted(object: &Json) -> bool {
    has_block(object) || encrypted_entries(object).next().is_some()
}

/// Overwrites the text in an object that is no longer needed.
pub fn wipe(object: &mut Json) {
    match object {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => text.zeroize(),
        Json::Array(items) => items.iter_mut().for_each(wipe),
        Json::Object(members) => members.values_mut().for_each(wipe),
    }
}

fn has_block(object: &Json) -> bool {
    let mac = &object["sops"]["mac"];
    match mac {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => true,
    }
}

fn encrypted_entries(object: &Json) -> impl Iterator<Item = (&str, Format, Vec<u8>)> {
    let secret = object["kind"] == "Secret";
    let data = object["data"].as_object().filter(|_| secret);
    data.into_iter().flatten().filter_map(|(name, value)| {
        // What is not base64 is the API server's to refuse.
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some((name.as_str(), Format::detect(&bytes)?, bytes))
    })
}

fn branch_of(object: &Json, budget: &mut Budget) -> Result<Branch, SopsError> {
    let Json::Object(members) = object else { return Err(SopsError::NotEncrypted) };
    let member = |(key, value): (&String, &Json)| Ok(Entry::Member(key.clone(), value_of(value, budget)?));
    members.iter().map(member).collect()
}

fn value_of(json: &Json, budget: &mut Budget) -> Result<Value, SopsError> {
    budget.node()?;
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(n) => Value::Int(n),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Array(items) => {
            budget.enter()?;
            let item = |item| Ok(Item::Value(value_of(item, budget)?));
            let list = items.iter().map(item).collect::<Result<_, SopsError>>()?;
            budget.leave();
            Value::List(list)
        }
        Json::Object(_) => {
            budget.enter()?;
            let branch = branch_of(json, budget)?;
            budget.leave();
            Value::Map(branch)
        }
    })
}

fn members(branch: Branch, path: &str) -> Result<Json, SopsError> {
    let mut found = Map::new();
    for entry in branch {
        if let Entry::Member(key, value) = entry {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            found.insert(key, json_of(value, &path)?);
        }
    }
    Ok(Json::Object(found))
}

fn json_of(value: Value, path: &str) -> Result<Json, SopsError> {
    let unwritable = || SopsError::Unwritable(path.to_owned(), Format::Json);
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Int(n) => Json::from(n),
        // JSON as Go writes it has no `1.0`.
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Json::from(f as i64),
        Value::Float(f) => Json::Number(Number::from_f64(f).ok_or_else(unwritable)?),
        Value::Time(time) => Json::String(time),
        Value::Text(text) => Json::String(text.text().ok_or_else(unwritable)?.to_owned()),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(&*bytes)),
        Value::List(items) => {
            let values = items.into_iter().filter_map(|item| match item {
                Item::Comment(_) => None,
                Item::Value(value) => Some(json_of(value, path)),
            });
            Json::Array(values.collect::<Result<_, _>>()?)
        }
        Value::Map(branch) => members(branch, path)?,
    })
}
