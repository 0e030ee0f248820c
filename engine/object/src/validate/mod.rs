//! Whether a value fulfils its schema, in an API server's words. CEL rules are not evaluated here: the types carry
//! them ([`crate::schema::Rule`]), and a caller that has an evaluator walks the same types.

mod constraint;
mod correlate;
mod embedded;
mod format;
mod lists;
#[cfg(test)]
mod tests;

use crate::schema::{ListType, MapType, Scalar, Shape};
use crate::{FieldError, FieldErrorKind, MAX_DEPTH, TypeId, Types, fieldset::Pairs};
use serde_json::{Map, Value};

/// Checks types, required fields, enumerations, ranges, lengths, patterns, formats and the uniqueness of sets' and
/// keyed lists' entries. Unknown fields are `unknown_fields`' concern.
pub fn validate(value: &Value, types: &Types, id: TypeId) -> Vec<FieldError> {
    let mut validator = Validator { types, path: String::new(), errors: Vec::new() };
    validator.value(value, id, 0);
    validator.errors.extend(embedded::validate(value, types, id));
    validator.errors.extend(lists::validate(value, types, id));
    validator.errors
}

/// As `validate`, for a value that takes the place of another: what did not change is not complained of. Changed are
/// fields of maps and items of keyed lists on their own, items of other lists with their list.
pub fn validate_update(value: &Value, old: &Value, types: &Types, id: TypeId) -> Vec<FieldError> {
    let mut validator = Validator { types, path: String::new(), errors: Vec::new() };
    validator.correlated(value, Some(old), id, 0);
    validator.errors.extend(embedded::validate(value, types, id));
    validator.complain_of_lists(value, old, id);
    validator.errors
}

/// As `validate_update` for a write to the status alone: messages tell places below the status.
pub fn validate_status(value: &Value, old: &Value, types: &Types, id: TypeId) -> Vec<FieldError> {
    let mut validator = Validator { types, path: String::new(), errors: Vec::new() };
    // A null where nothing was is no change.
    let status = value.get("status").filter(|status| !status.is_null() || old.get("status").is_some());
    if let (Some(status), Some(id)) = (status, types.child(id, "status")) {
        validator.correlated(status, old.get("status"), id, 1);
    }
    for error in &mut validator.errors {
        let below = if error.path.is_empty() { "" } else { "." };
        error.path = format!("status{below}{}", error.path);
    }
    validator.complain_of_lists(value, old, id);
    validator.errors
}

struct Validator<'a> {
    types: &'a Types,
    path: String,
    errors: Vec<FieldError>,
}

impl Validator<'_> {
    /// Lists that hold an item twice are complained of unless some did before.
    fn complain_of_lists(&mut self, value: &Value, old: &Value, id: TypeId) {
        let found = lists::validate(value, self.types, id);
        if !found.is_empty() && lists::validate(old, self.types, id).is_empty() {
            self.errors.extend(found);
        }
    }

    fn value(&mut self, value: &Value, id: TypeId, depth: usize) {
        self.correlated(value, None, id, depth);
    }

    fn correlated(&mut self, value: &Value, old: Option<&Value>, id: TypeId, depth: usize) {
        if old.is_some_and(|old| correlate::is_unchanged(old, value, self.types, id, depth)) {
            return;
        }
        if depth > MAX_DEPTH {
            self.push(FieldErrorKind::Invalid, None, format!("nested deeper than {MAX_DEPTH}"));
            return;
        }
        let types = self.types;
        let ty = types.get(id);
        if value.is_null() && (ty.nullable || id == TypeId::ANY) {
            // No enumeration has a null, allowed or not.
            if let Some(constraint) = &ty.constraint {
                self.enumeration(value, constraint);
            }
            return;
        }
        match (&ty.shape, value) {
            (Shape::Any, _) => {}
            (Shape::Map(map), Value::Object(entries)) => {
                self.map(entries, old.and_then(Value::as_object), map, depth);
            }
            (Shape::List(list), Value::Array(items)) => {
                self.list(items, old.and_then(Value::as_array), list, depth);
            }
            (Shape::Scalar(scalar), _) if accepts(*scalar, value) => {}
            (shape, _) => {
                let format = ty.constraint.as_ref().and_then(|constraint| constraint.format.as_deref());
                match (format, value) {
                    // What has no format of its own is told by none, rather than by its type.
                    (Some(format), Value::Bool(_) | Value::Object(_)) => self.wrong_type(format, ""),
                    (Some(format), Value::Number(number)) => {
                        self.wrong_type(format, if is_integer(number) { "int64" } else { "float64" });
                    }
                    (_, _) => self.wrong_type(wanted(shape), json_type(value)),
                }
                if *shape == Shape::Scalar(Scalar::Integer) && value.is_number() {
                    let format =
                        format.map_or("(default format)".to_owned(), |name| format!("with format {name}"));
                    let detail = format!("Checked value must be of type integer {format} in {}", self.path);
                    let (kind, value) = (FieldErrorKind::Invalid, Some(Value::from("")));
                    self.errors.push(FieldError { kind, path: String::new(), value, detail });
                }
                if let Some(constraint) = &ty.constraint {
                    self.enumeration(value, constraint);
                }
                return;
            }
        }
        if let Some(constraint) = &ty.constraint {
            self.constraint(value, constraint, depth);
        }
    }

    fn map(
        &mut self,
        entries: &Map<String, Value>,
        old: Option<&Map<String, Value>>,
        map: &MapType,
        depth: usize,
    ) {
        for (name, child) in entries {
            if let Some(id) = map.fields.get(name).map(|field| field.ty).or(map.element) {
                let old = old.and_then(|old| old.get(name));
                self.below_field(name, |validator| validator.correlated(child, old, id, depth + 1));
            }
        }
        for name in &map.required {
            if !entries.contains_key(name) {
                self.below_field(name, |validator| validator.push(FieldErrorKind::Required, None, ""));
            }
        }
    }

    fn list(&mut self, items: &[Value], old: Option<&Vec<Value>>, list: &ListType, depth: usize) {
        let pairs = Pairs::new(self.types, list, old);
        for (index, item) in items.iter().enumerate() {
            // To tell that an item was there before takes all of its keys.
            let old = pairs.old(item).filter(|_| correlate::has_keys(item, &list.relation));
            self.below_item(index, |validator| validator.correlated(item, old, list.element, depth + 1));
        }
    }

    fn wrong_type(&mut self, wanted: &str, is: &str) {
        self.push(
            FieldErrorKind::TypeInvalid,
            Some(is.into()),
            format!("{} in body must be of type {wanted}: {is:?}", self.path),
        );
    }

    fn below_field<T>(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = walk(self);
        self.path.truncate(length);
        result
    }

    fn below_item<T>(&mut self, index: usize, walk: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(&format!("[{index}]"));
        let result = walk(self);
        self.path.truncate(length);
        result
    }

    fn push(&mut self, kind: FieldErrorKind, value: Option<Value>, detail: impl Into<String>) {
        self.errors.push(FieldError { kind, path: self.path.clone(), value, detail: detail.into() });
    }
}

fn accepts(scalar: Scalar, value: &Value) -> bool {
    match (scalar, value) {
        (Scalar::String, Value::String(_)) | (Scalar::Boolean, Value::Bool(_)) => true,
        (Scalar::Number, Value::Number(_)) => true,
        (Scalar::Integer, Value::Number(number)) => is_integer(number),
        (Scalar::IntOrString, Value::Number(number)) => is_integer(number),
        (Scalar::IntOrString | Scalar::Quantity, Value::String(_)) | (Scalar::Quantity, Value::Number(_)) => {
            true
        }
        _ => false,
    }
}

fn is_integer(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "any",
        Shape::Map(_) => "object",
        Shape::List(_) => "array",
        Shape::Scalar(Scalar::String) => "string",
        Shape::Scalar(Scalar::Integer) => "integer",
        Shape::Scalar(Scalar::Number) => "number",
        Shape::Scalar(Scalar::Boolean) => "boolean",
        Shape::Scalar(Scalar::IntOrString) => "integer,string",
        Shape::Scalar(Scalar::Quantity) => "string,number",
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_integer(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
