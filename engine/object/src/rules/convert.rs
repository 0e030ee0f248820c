//! Values as their schema types them.

use super::names::escape;
use crate::schema::{ListRelation, MapType, Scalar, Shape};
use crate::{TypeId, Types};
use mainstay_expr::{Duration, Key, List, Merge, Timestamp, Type, Value as Cel};
use serde_json::Value;
use std::sync::Arc;

/// The type of what stands at a type of the schema; nothing where the schema does not say enough.
pub(super) fn declared(types: &Types, id: TypeId, root: bool, name: &str) -> Option<Type> {
    let ty = types.get(id);
    Some(match &ty.shape {
        Shape::Any => return None,
        Shape::Scalar(Scalar::IntOrString) => Type::Dyn,
        Shape::Scalar(Scalar::Boolean) => Type::Bool,
        Shape::Scalar(Scalar::Integer) => Type::Int,
        Shape::Scalar(Scalar::Number) => Type::Double,
        Shape::Scalar(Scalar::String | Scalar::Quantity) => match format(types, id) {
            "byte" => Type::Bytes,
            "duration" => Type::Duration,
            "date" | "date-time" => Type::Timestamp,
            _ => Type::String,
        },
        Shape::List(list) => {
            let embedded = types.get(list.element).embedded_resource;
            Type::list(declared(types, list.element, embedded, &format!("{name}.@items"))?)
        }
        Shape::Map(map) => match element(map) {
            Some(element) => {
                let embedded = types.get(element).embedded_resource;
                Type::map(Type::String, declared(types, element, embedded, &format!("{name}.@values"))?)
            }
            None => {
                let fields = fields(types, id, map, root).filter_map(|(field, of)| {
                    let below = format!("{name}.{field}");
                    let of = match of {
                        FieldOf::Type(of) => declared(types, of, types.get(of).embedded_resource, &below)?,
                        FieldOf::Text => Type::String,
                        FieldOf::Metadata => {
                            let names = ["name", "generateName"].map(|name| (name.to_owned(), Type::String));
                            Type::object(below, names.into())
                        }
                    };
                    Some((escape(field)?, of))
                });
                Type::object(name, fields.collect())
            }
        },
    })
}

enum FieldOf {
    Type(TypeId),
    Text,
    Metadata,
}

/// Of an object of its own apiVersion, kind and the name in its metadata are always there, and no more of these.
fn fields<'a>(
    types: &'a Types,
    id: TypeId,
    map: &'a MapType,
    root: bool,
) -> impl Iterator<Item = (&'a str, FieldOf)> {
    let whole = root || types.get(id).embedded_resource;
    let own = map.fields.iter().filter(move |(name, _)| !(whole && is_identity(name)));
    let own = own.map(|(name, field)| (name.as_str(), FieldOf::Type(field.ty)));
    let identity = [("apiVersion", FieldOf::Text), ("kind", FieldOf::Text), ("metadata", FieldOf::Metadata)];
    own.chain(identity.into_iter().filter(move |_| whole))
}

fn is_identity(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}

/// What the entries of a map without declared fields are.
fn element(map: &MapType) -> Option<TypeId> {
    map.element.filter(|element| *element != TypeId::ANY)
}

fn format(types: &Types, id: TypeId) -> &str {
    types.get(id).constraint.as_ref().and_then(|constraint| constraint.format.as_deref()).unwrap_or_default()
}

/// The value, or what keeps it from being one of its type.
pub(super) fn value(value: &Value, types: &Types, id: TypeId, root: bool) -> Result<Cel, String> {
    if value.is_null() {
        return Ok(Cel::Null);
    }
    Ok(match (&types.get(id).shape, value) {
        (Shape::Scalar(Scalar::Number), Value::Number(number)) => {
            number.as_f64().map_or_else(|| Cel::from_json(value), Cel::Double)
        }
        (Shape::Scalar(Scalar::String), Value::String(text)) => match format(types, id) {
            "byte" => match decoded(text) {
                Some(octets) => Cel::bytes(&octets),
                None => return Err(format!("Invalid byte formatted string {text}")),
            },
            "duration" => match Duration::parse(text) {
                Some(duration) => Cel::Duration(duration),
                None => return Err(format!("Invalid duration {text}")),
            },
            "date" => match Timestamp::parse(&format!("{text}T00:00:00Z")) {
                Some(time) => Cel::Timestamp(time),
                None => return Err(format!("Invalid date formatted string {text}")),
            },
            "date-time" => match Timestamp::parse(text) {
                Some(time) => Cel::Timestamp(time),
                None => return Err(format!("Invalid date-time formatted string {text}")),
            },
            _ => Cel::string(text),
        },
        (Shape::List(list), Value::Array(items)) => {
            let merge = match &list.relation {
                ListRelation::Atomic => Merge::Atomic,
                ListRelation::Set => Merge::Set,
                // Entries hold their fields by the names that expressions use.
                ListRelation::Map(keys) => Merge::ByKeys(keys.iter().filter_map(|key| escape(key)).collect()),
            };
            let items = items.iter().map(|item| self::value(item, types, list.element, false));
            Cel::List(Arc::new(List { items: items.collect::<Result<_, _>>()?, merge }))
        }
        (Shape::Map(map), Value::Object(entries)) => match element(map) {
            Some(element) => {
                let entries = entries.iter();
                let entries = entries
                    .map(|(key, v)| Ok((Key::from(key.as_str()), self::value(v, types, element, false)?)));
                Cel::map(entries.collect::<Result<_, String>>()?)
            }
            None => {
                let mut out = std::collections::BTreeMap::new();
                for (name, of) in fields(types, id, map, root) {
                    let (Some(escaped), Some(found)) = (escape(name), entries.get(name)) else { continue };
                    let found = match of {
                        FieldOf::Type(of) => self::value(found, types, of, false)?,
                        FieldOf::Text => Cel::from_json(found),
                        FieldOf::Metadata => named(found),
                    };
                    out.insert(Key::from(escaped.as_str()), found);
                }
                Cel::map(out)
            }
        },
        (Shape::Any | Shape::Scalar(_) | Shape::List(_) | Shape::Map(_), value) => Cel::from_json(value),
    })
}

fn named(metadata: &Value) -> Cel {
    let found = ["name", "generateName"].into_iter();
    let found = found.filter_map(|name| Some((Key::from(name), Cel::from_json(metadata.get(name)?))));
    Cel::map(found.collect())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
