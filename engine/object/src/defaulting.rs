use crate::schema::Shape;
use crate::{MAX_DEPTH, TypeId, Types};
use serde_json::{Map, Value};

/// Sets absent fields to the schema's defaults, all the way down. A null that is not nullable gives way to the default.
pub fn apply_defaults(value: &mut Value, types: &Types, id: TypeId) {
    fill(value, types, id, Wanted::All, 0);
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

/// Adds the structs that are never absent, as an API server's own kinds have them, and nothing else.
pub(crate) fn fill_structs(value: &mut Value, types: &Types, id: TypeId) {
    fill(value, types, id, Wanted::Structs, 0);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    Structs,
}

fn fill(value: &mut Value, types: &Types, id: TypeId, wanted: Wanted, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let nulls = |value: &Value, id: TypeId| value.is_null() && !types.get(id).nullable;
    match (&types.get(id).shape, value) {
        (Shape::Map(map), Value::Object(entries)) => {
            for (name, field) in &map.fields {
                let Some(default) = &field.default else { continue };
                let empty = default.as_object().is_some_and(Map::is_empty);
                let native = types.get(id).native;
                let structs = native && empty && matches!(types.get(field.ty).shape, Shape::Map(_));
                let unasked = match wanted {
                    Wanted::Structs => !structs,
                    // Its required fields would be missing, which the caller has to say of a struct that is absent.
                    Wanted::All => structs && requires(types, field.ty),
                };
                if unasked || (native && is_zero(default)) {
                    continue;
                }
                if entries.get(name).is_none_or(|there| nulls(there, field.ty)) {
                    entries.insert(name.clone(), default.clone());
                }
            }
            for (name, child) in entries.iter_mut() {
                let field = map.fields.get(name);
                let Some(ty) = field.map(|field| field.ty).or(map.element) else { continue };
                if field.is_none()
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

fn requires(types: &Types, id: TypeId) -> bool {
    matches!(&types.get(id).shape, Shape::Map(map) if !map.required.is_empty())
}

fn normalize_below(value: &mut Value, types: &Types, id: TypeId, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let ty = types.get(id);
    match (&ty.shape, value) {
        (Shape::Map(map), Value::Object(entries)) => {
            for (name, child) in entries.iter_mut() {
                if let Some(ty) = map.fields.get(name).map(|field| field.ty).or(map.element) {
                    normalize_below(child, types, ty, depth + 1);
                }
            }
            if ty.native {
                entries.retain(|name, child| match map.fields.get(name) {
                    Some(field) => keeps(child, &types.get(field.ty).shape, map.required.contains(name)),
                    None => true,
                });
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

/// Whether a field of a struct survives being decoded and encoded.
fn keeps(value: &Value, shape: &Shape, required: bool) -> bool {
    match (value, shape) {
        (Value::Null, Shape::Any) => true,
        (Value::Null, Shape::Scalar(_) | Shape::Map(_) | Shape::List(_)) => false,
        (Value::Array(items), Shape::List(_)) => required || !items.is_empty(),
        // Maps, not structs: whether a struct is there is information.
        (Value::Object(entries), Shape::Map(map)) => {
            required || !entries.is_empty() || !map.fields.is_empty() || map.element == Some(TypeId::ANY)
        }
        _ => true,
    }
}

/// Defaults of an API server's own kinds that only say what type a field has.
fn is_zero(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_f64() == Some(0.0),
        Value::String(it) => it.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
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
