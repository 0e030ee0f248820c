use crate::Place;
use crate::kinds::Values;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::Value;
use mainstay_unit::{Layer, Substitution, Variable, VariableType, Variables};

/// Names that every unit has: nobody else sets them.
pub(crate) const BUILT_IN: [&str; 2] = ["cluster_name", "tenant_name"];

/// Adds one layer's variables; what is wrong with them is told.
pub(crate) fn layer(
    variables: &mut Variables,
    values: &Values,
    layer: Layer,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) {
    for (name, value) in values {
        let pointer = format!("/spec/variables/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Some(why) = unusable(name, value) {
            problems.push(place.key_diagnostic(
                &codes::native::VALUE,
                format!("variable {name:?}: {why}"),
                &pointer,
            ));
            continue;
        }
        let variable = Variable { value: value.clone(), layer, location: place.location(&pointer) };
        if let Err(earlier) = variables.set(name, variable) {
            let types = [VariableType::of(&earlier.value), VariableType::of(value)];
            let [was, is] = types.map(|kind| kind.map(|kind| kind.to_string()).unwrap_or_default());
            let message = format!("variable {name} is a {is} here and a {was} at {}", earlier.location);
            problems.push(place.diagnostic(&codes::native::VARIABLE_TYPE, message, &pointer));
        }
    }
}

fn unusable(name: &str, value: &Value) -> Option<&'static str> {
    if BUILT_IN.contains(&name) {
        return Some("the name is built in");
    }
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Some("a name has letters, digits and underscores, and no digit first");
    }
    value.is_null().then_some("null is no value")
}

/// Every unit knows where it is and whose it is.
pub(crate) fn built_in(variables: &mut Variables, cluster: &str, tenant: &str, place: &Place) {
    let cluster = if cluster.is_empty() { "management" } else { cluster };
    for (name, value) in BUILT_IN.into_iter().zip([cluster, tenant]) {
        let variable =
            Variable { value: Value::from(value), layer: Layer::Module, location: place.location("") };
        // Nothing else has these names: nothing to conflict with.
        let _unset = variables.set(name, variable);
    }
}

/// Lists and objects are written as JSON, which is YAML.
pub(crate) fn substitution(variables: &Variables) -> Substitution {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    Substitution {
        inline: variables.iter().map(|(name, variable)| (name.to_owned(), text(&variable.value))).collect(),
        from: Vec::new(),
        strict: true,
        always: true,
    }
}
