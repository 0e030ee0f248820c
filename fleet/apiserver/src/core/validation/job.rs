//! The selector of a job, which is made from its UID unless it asks for another.

use super::common::{given, of_struct, shown_selector};
use crate::core::body::text;
use crate::core::failure::{field_error, invalid, required};
use crate::core::selector::Labels;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::{Value, json};

type Errors<'a> = &'a mut Vec<FieldError>;

pub fn selector(object: &Value, new: bool, errors: Errors<'_>) {
    let none = Value::Null;
    let spec = object.get("spec").unwrap_or(&none);
    let wanted = given(spec, "selector");
    let labels = spec.pointer("/template/metadata/labels");
    let manual = spec.get("manualSelector").and_then(Value::as_bool) == Some(true);
    if let Some(wanted) = wanted.filter(|_| new && !manual) {
        generated(object, wanted, labels, errors);
    }
    let Some(wanted) = wanted else {
        errors.push(required("spec.selector", ""));
        errors.push(mismatch(labels));
        return;
    };
    let before = errors.len();
    super::common::selector(Some(wanted), "spec.selector", errors);
    let read = Labels::from_selector(wanted).filter(|_| errors.len() == before);
    if read.is_some_and(|selector| !selector.matches(labels)) {
        errors.push(mismatch(labels));
    }
}

fn mismatch(labels: Option<&Value>) -> FieldError {
    let detail = "`selector` does not match template `labels`";
    invalid("spec.template.metadata.labels", labels.cloned().unwrap_or_default(), detail)
}

/// What the server has made is there, and nobody has put something else in its place.
fn generated(object: &Value, wanted: &Value, labels: Option<&Value>, errors: Errors<'_>) {
    let (uid, name) = (text(object, "/metadata/uid"), text(object, "/metadata/name"));
    let expected = [
        ("controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
    ];
    for (label, value) in expected {
        let path = format!("spec.template.metadata.labels[{label}]");
        let detail = format!("must be '{value}'");
        match labels.and_then(|labels| labels.get(label)).and_then(Value::as_str) {
            None => errors.push(required(path, detail)),
            Some(given) if given != value => {
                let kind = FieldErrorKind::Invalid;
                errors.push(field_error(kind, path, labels.cloned(), detail));
            }
            Some(_) => {}
        }
    }
    let expected: Value =
        expected.into_iter().map(|(label, value)| (label.to_owned(), json!(value))).collect();
    if Labels::from_selector(wanted).is_some_and(|selector| !selector.matches(Some(&expected))) {
        let detail = "`selector` not auto-generated";
        errors.push(of_struct(FieldErrorKind::Invalid, "spec.selector", &shown_selector(wanted), detail));
    }
}
