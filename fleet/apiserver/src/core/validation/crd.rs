use crate::core::body::{at, text};
use crate::core::failure::{invalid, required};
use crate::core::names;
use crate::core::registry::custom;
use crate::core::table::JsonPath;
use mainstay_object::FieldError;
use serde_json::Value;

pub fn validate(object: &Value, live: Option<&Value>, errors: &mut Vec<FieldError>) {
    let (group, plural) = (text(object, "/spec/group"), text(object, "/spec/names/plural"));
    for (path, value) in [
        ("spec.group", group),
        ("spec.names.plural", plural),
        ("spec.names.kind", text(object, "/spec/names/kind")),
    ] {
        if value.is_empty() {
            errors.push(required(path, ""));
        }
    }
    let name = text(object, "/metadata/name");
    if !group.is_empty() && !plural.is_empty() && name != format!("{plural}.{group}") {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(invalid("metadata.name", name.into(), detail));
    }
    if !group.is_empty() && !group.contains('.') {
        errors.push(invalid("spec.group", group.into(), "should be a domain with at least one dot"));
    }
    if !plural.is_empty()
        && let Err(why) = names::label_1035(plural)
    {
        errors.extend(why.into_iter().map(|w| invalid("spec.names.plural", plural.into(), w)));
    }
    let scope = text(object, "/spec/scope");
    if !matches!(scope, "Namespaced" | "Cluster") {
        let mut error = invalid("spec.scope", scope.into(), "supported values: \"Cluster\", \"Namespaced\"");
        error.kind = mainstay_object::FieldErrorKind::NotSupported;
        errors.push(error);
    }
    protected(object, group, errors);
    versions(object, errors);
    match custom::resources(object) {
        Ok(versions) => {
            let wrong = versions.iter().flat_map(|version| &version.custom).flat_map(|c| &c.rule_errors);
            errors.extend(wrong.map(|error| {
                let path = format!("spec.validation.openAPIV3Schema.{}", error.path);
                FieldError { path, ..error.clone() }
            }));
        }
        Err(problems) => {
            errors.extend(problems.into_iter().map(|p| {
                required_or_invalid(format!("spec.validation.openAPIV3Schema.{}", p.path), &p.message)
            }))
        }
    }
    super::conversion::validate(object, live, errors);
    let stored = live.map(|l| crate::core::body::strings(at(l, "status.storedVersions"))).unwrap_or_default();
    for (i, version) in stored.iter().enumerate() {
        let declared = at(object, "spec.versions").and_then(Value::as_array).into_iter().flatten();
        if !declared.map(|v| text(v, "/name")).any(|n| n == version) {
            let detail = "must appear in spec.versions";
            errors.push(invalid(format!("status.storedVersions[{i}]"), (&**version).into(), detail));
        }
    }
}

fn required_or_invalid(path: String, message: &str) -> FieldError {
    match message.strip_prefix("Required value: ") {
        Some(detail) => required(path, detail),
        None => invalid(path, Value::Null, message),
    }
}

fn protected(object: &Value, group: &str, errors: &mut Vec<FieldError>) {
    let key = "api-approved.kubernetes.io";
    let reserved = group == "k8s.io"
        || group == "kubernetes.io"
        || group.ends_with(".k8s.io")
        || group.ends_with(".kubernetes.io");
    let approved = at(object, "metadata.annotations").and_then(|a| a.get(key)).is_some();
    if reserved && !approved {
        let detail = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111";
        errors.push(required("metadata.annotations[api-approved.kubernetes.io]", detail));
    }
}

fn versions(object: &Value, errors: &mut Vec<FieldError>) {
    let versions = at(object, "spec.versions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if versions.is_empty() {
        errors.push(required("spec.versions", "must have exactly one version marked as storage version"));
        return;
    }
    let storage = versions.iter().filter(|v| v.get("storage").and_then(Value::as_bool) == Some(true)).count();
    if storage != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(invalid("spec.versions", Value::Array(Vec::new()), detail));
    }
    for (i, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{i}]");
        if let Err(why) = names::label_1035(text(version, "/name")) {
            let name = Value::from(text(version, "/name"));
            errors.extend(why.into_iter().map(|w| invalid(format!("{path}.name"), name.clone(), w)));
        }
        if at(version, "schema.openAPIV3Schema").is_none_or(Value::is_null) {
            errors.push(required(format!("{path}.schema.openAPIV3Schema"), "schemas are required"));
        }
        let columns = version.get("additionalPrinterColumns").and_then(Value::as_array);
        for (j, column) in columns.into_iter().flatten().enumerate() {
            let json_path = text(column, "/jsonPath");
            if let Err(why) = JsonPath::parse(json_path) {
                let path = format!("{path}.additionalPrinterColumns[{j}].jsonPath");
                errors.push(invalid(path, json_path.into(), format!("is an invalid JSON path: {why}")));
            }
        }
    }
}
