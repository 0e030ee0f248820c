//! Mapping keys: JSON knows strings only.
use crate::number::{Number, format_float32};
use crate::resolve::Scalar;

/// The string that Kubernetes makes of a scalar key; `None` where it refuses the key.
pub(crate) fn key_text(scalar: Scalar, text: &str) -> Option<String> {
    match scalar {
        Scalar::Null => None,
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Number(Number::Int(value)) => Some(value.to_string()),
        Scalar::Number(Number::Uint(_)) => None,
        Scalar::Number(Number::Float(value)) => Some(format_float32(value)),
        Scalar::NotFinite(name) => Some(name.to_owned()),
        Scalar::Timestamp | Scalar::Merge | Scalar::Text => Some(text.to_owned()),
    }
}
