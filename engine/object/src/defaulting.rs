use crate::schema::{Field, Shape};
use crate::{MAX_DEPTH, TypeId, Types};
use serde_json::Value;

/// Sets absent fields to the schema's defaults, all the way down. A null that is not nullable gives way to the default.
/// What an API server's own structs hold without being asked is `complete`'s concern.
pub fn apply_defaults(value: &mut Value, types: &Types, id: TypeId) {
    fill(value, types, id, Wanted::Defaults, 0);
}

/// Adds what is never absent in an API server's own structs, structs and zero values, as it is there once an object was
/// decoded and encoded. Nothing else: what it validates is the object without them.
pub fn complete(value: &mut Value, types: &Types, id: TypeId) {
    fill(value, types, id, Wanted::Zeros, 0);
}

/// Removes null fields that are declared and not nullable, except those that have a default: what an API server does
/// with a request's custom resource before it sets defaults.
pub fn drop_nulls(value: &mut Value, types: &Types, id: TypeId) {
    drop_nulls_below(value, types, id, 0);
}

/// Removes what does not survive in an API server's own structs, `metadata` of every object included: null fields, and
/// empty maps and lists that are not required.
pub fn normalize(value: &mut Value, types: &Types, id: TypeId) {
    normalize_below(value, types, id, 0);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Defaults,
    Zeros,
}

fn fill(value: &mut Value, types: &Types, id: TypeId, wanted: Wanted, depth: usize) {
    if depth > MAX_DEPTH || (wanted == Wanted::Defaults && !types.has_defaults(id)) {
        return;
    }
    let nulls = |value: &Value, id: TypeId| value.is_null() && !types.get(id).nullable;
    match (&types.get(id).shape, value) {
        (Shape::Map(map), Value::Object(entries)) => {
            for (name, field) in &map.fields {
                let Some(default) = &field.default else { continue };
                if (wanted == Wanted::Zeros) != (types.get(id).native && is_zero(default)) {
                    continue;
                }
                // A time is a struct to the server, and left out when it is zero.
                if wanted == Wanted::Zeros
                    && default.is_object()
                    && !matches!(types.get(field.ty).shape, Shape::Map(_))
                {
                    continue;
                }
                if entries.get(name).is_none_or(|there| nulls(there, field.ty)) {
                    entries.insert(name.clone(), default.clone());
                }
            }
            if wanted == Wanted::Zeros && types.get(id).native {
                // A list that can't be left out is null in an empty struct: it is there, and holds nothing.
                let lists = map.required.iter().filter(|name| {
                    map.fields.get(*name).is_some_and(|f| matches!(types.get(f.ty).shape, Shape::List(_)))
                });
                for name in lists {
                    entries.entry(name.clone()).or_insert(Value::Null);
                }
            }
            for (name, child) in entries.iter_mut() {
                if is_plain(child) {
                    continue;
                }
                let field = map.fields.get(name);
                let Some(ty) = field.map(|field| field.ty).or(map.element) else { continue };
                if field.is_none()
                    && wanted == Wanted::Defaults
                    && let Some(default) = &map.element_default
                    && nulls(child, ty)
                {
                    *child = default.clone();
                }
                fill(child, types, ty, wanted, depth + 1);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for item in items {
                if let Some(default) = &list.element_default
                    && wanted == Wanted::Defaults
                    && nulls(item, list.element)
                {
                    *item = default.clone();
                }
                fill(item, types, list.element, wanted, depth + 1);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

fn normalize_below(value: &mut Value, types: &Types, id: TypeId, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let ty = types.get(id);
    match (&ty.shape, value) {
        (Shape::Map(map), Value::Object(entries)) => {
            let loses = |name: &String, child: &Value, field: Option<&Field>| {
                let required = || map.required.contains(name);
                ty.native && field.is_some_and(|field| !keeps(child, &types.get(field.ty).shape, required))
            };
            let mut some = false;
            for (name, child) in entries.iter_mut() {
                if is_plain(child) {
                    continue;
                }
                let field = map.fields.get(name);
                if let Some(ty) = field.map(|field| field.ty).or(map.element) {
                    normalize_below(child, types, ty, depth + 1);
                }
                some |= loses(name, child, field);
            }
            // Metadata of an object in another goes through its struct, and an empty struct comes of a null.
            if ty.embedded_resource
                && let Some(metadata) = entries.get_mut("metadata").filter(|metadata| metadata.is_null())
            {
                *metadata = Value::Object(serde_json::Map::new());
            }
            if some {
                entries.retain(|name, child| is_plain(child) || !loses(name, child, map.fields.get(name)));
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for item in items {
                normalize_below(item, types, list.element, depth + 1);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}

/// Has nothing in it, and is something.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Whether a field of a struct survives being decoded and encoded.
fn keeps(value: &Value, shape: &Shape, required: impl Fn() -> bool) -> bool {
    match (value, shape) {
        (Value::Null, Shape::Any) => true,
        (Value::Null, Shape::Scalar(_) | Shape::Map(_) | Shape::List(_)) => false,
        (Value::Array(items), Shape::List(_)) => !items.is_empty() || required(),
        // Maps, not structs: whether a struct is there is information.
        (Value::Object(entries), Shape::Map(map)) => {
            !entries.is_empty() || !map.fields.is_empty() || map.element == Some(TypeId::ANY) || required()
        }
        _ => true,
    }
}

/// Defaults of an API server's own kinds that only say what type a field has, and that it is never left out.
pub(crate) fn is_zero(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_f64() == Some(0.0),
        Value::String(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
        Value::Array(_) => false,
    }
}

fn drop_nulls_below(value: &mut Value, types: &Types, id: TypeId, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match (&types.get(id).shape, value) {
        (Shape::Map(map), Value::Object(entries)) => {
            entries.retain(|name, child| {
                let (ty, default) = match map.fields.get(name) {
                    Some(field) => (Some(field.ty), &field.default),
                    None => (map.element, &map.element_default),
                };
                let Some(ty) = ty else { return true };
                !child.is_null() || default.is_some() || types.get(ty).nullable || ty == TypeId::ANY
            });
            for (name, child) in entries.iter_mut() {
                if let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) {
                    drop_nulls_below(child, types, ty, depth + 1);
                }
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for item in items {
                drop_nulls_below(item, types, list.element, depth + 1);
            }
        }
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => {}
    }
}
