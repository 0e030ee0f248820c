//! Bodies into values: size and depth limited, duplicate fields noted.

use crate::core::failure::Failure;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::fmt;

/// The largest body that the server reads.
pub const BODY_LIMIT: usize = 3 << 20;

#[derive(Debug)]
pub struct Decoded {
    pub value: Value,
    /// `metadata.labels.app`: fields that were written twice; the last one counts.
    pub duplicates: Vec<String>,
}

/// Reads one JSON document. Nesting is limited by the JSON reader (128 levels).
pub fn json(body: &[u8]) -> Result<Decoded, String> {
    let mut duplicates = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Node { place: Place::Root, duplicates: &mut duplicates }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|e| e.to_string())?;
    Ok(Decoded { value, duplicates })
}

/// The body of a write: JSON, or YAML if the content type says so.
pub fn body(bytes: &[u8], content_type: Option<&str>) -> Result<Decoded, Failure> {
    if bytes.len() > BODY_LIMIT {
        return Err(Failure::too_large(BODY_LIMIT));
    }
    match media(content_type) {
        "" | "application/json" => json(bytes).map_err(|why| {
            Failure::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
        }),
        "application/yaml" | "application/apply-patch+yaml" => yaml(bytes),
        _ => Err(Failure::unsupported_media_type(&crate::core::negotiate::OFFERED)),
    }
}

/// One document. It is read as JSON first: that is what many clients send under YAML's name.
pub fn yaml(bytes: &[u8]) -> Result<Decoded, Failure> {
    if let Ok(decoded) = json(bytes) {
        return Ok(decoded);
    }
    let loaded = mainstay_yaml::load("body", bytes, &mainstay_yaml::Limits::default());
    let mut documents = loaded.documents.into_iter();
    match (documents.next(), loaded.complete) {
        (Some(document), true) => Ok(Decoded { value: document.root.into_json(), duplicates: Vec::new() }),
        (None, true) => Err(Failure::bad_request("error decoding YAML: there is no document")),
        (_, false) => {
            let why = loaded.diagnostics.iter().next().map(|d| d.message.clone()).unwrap_or_default();
            Err(Failure::bad_request(format!("error decoding YAML: {why}")))
        }
    }
}

pub fn media(content_type: Option<&str>) -> &str {
    content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

struct Node<'a> {
    place: Place<'a>,
    duplicates: &'a mut Vec<String>,
}

/// Where a value is, made into text only for those who ask.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(place, name) => write!(f, "{place}.{name}"),
            Self::Item(place, index) => write!(f, "{place}[{index}]"),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        // A whole number is one, however it was written.
        let whole = v.fract() == 0.0 && v.abs() < 1e15 && !(v == 0.0 && v.is_sign_negative());
        Ok(if whole { Value::from(v as i64) } else { Number::from_f64(v).map_or(Value::Null, Value::Number) })
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let place = Place::Item(&self.place, items.len());
            match seq.next_element_seed(Node { place, duplicates: self.duplicates })? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let place = Place::Field(&self.place, &key);
            let value = map.next_value_seed(Node { place, duplicates: self.duplicates })?;
            match fields.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(mut entry) => {
                    self.duplicates.push(Place::Field(&self.place, entry.key()).to_string());
                    entry.insert(value);
                }
            }
        }
        Ok(Value::Object(fields))
    }
}
