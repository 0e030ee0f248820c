//! Go's reflect.DeepEqual.
use super::{MOST_DEPTH, Object, Value};

pub(crate) fn deep_equal(a: &Value, b: &Value) -> bool {
    equal(a, b, 0)
}

fn equal(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > MOST_DEPTH {
        return false;
    }
    match (a, b) {
        (Value::None | Value::Nil, Value::None | Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) => a == b,
        (Value::Uint8(a), Value::Uint8(b)) => a == b,
        (Value::Uint64(a), Value::Uint64(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a), Value::Text(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            let (left, right) = (a.items(), b.items());
            a.ty == b.ty
                && a.nil == b.nil
                && left.len() == right.len()
                && left.iter().zip(right).all(|(a, b)| equal(a, b, depth + 1))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.ty != b.ty || a.nil != b.nil || a.len() != b.len() {
                return false;
            }
            if a.is_same(b) {
                return true;
            }
            let (left, right) = (a.entries(), b.entries());
            left.iter().zip(right.iter()).all(|((k, a), (l, b))| k == l && equal(a, b, depth + 1))
        }
        (Value::Object(Object::Struct(a)), Value::Object(Object::Struct(b))) => {
            let pairs = a.fields.iter().zip(&b.fields);
            a.ty == b.ty && pairs.into_iter().all(|(a, b)| equal(a.value(), b.value(), depth + 1))
        }
        (Value::Object(Object::Files(a)), Value::Object(Object::Files(b))) => a.0 == b.0,
        (Value::Object(Object::Version(a)), Value::Object(Object::Version(b))) => a == b,
        (Value::Object(Object::Time(a)), Value::Object(Object::Time(b))) => a == b,
        _ => false,
    }
}
