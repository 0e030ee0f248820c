//! The formats: bytes to branches and back.

pub(crate) mod dotenv;
mod json;
mod yaml;

use crate::buffer::Plaintext;
use crate::format::Format;
use crate::tree::{Branch, Value, member};
use crate::{Limits, SopsError};

/// An encrypted document's branches, metadata included: one for each document of a YAML file.
pub(crate) fn load(bytes: &[u8], format: Format, limits: &Limits) -> Result<Vec<Branch>, SopsError> {
    match format {
        Format::Binary | Format::Json => Ok(vec![json::load(bytes, format, limits)?]),
        Format::Dotenv => Ok(vec![dotenv::load(bytes, limits)?]),
        Format::Yaml => yaml::load(bytes, limits),
        Format::Ini => Err(SopsError::Format(format)),
    }
}

pub(crate) fn emit(branches: &[Branch], format: Format) -> Result<Plaintext, SopsError> {
    let first = branches.first().map(Vec::as_slice).unwrap_or_default();
    match format {
        Format::Binary => match member(first, "data") {
            Some(Value::Text(text)) => Ok(text.clone()),
            Some(_) | None => Err(SopsError::Unwritable("data".to_owned(), format)),
        },
        Format::Dotenv => dotenv::emit(first),
        Format::Json => json::emit(first),
        Format::Yaml => Ok(yaml::emit(branches)),
        Format::Ini => Err(SopsError::Format(format)),
    }
}
