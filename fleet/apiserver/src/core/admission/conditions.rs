//! `matchConditions`: CEL over the request.

use mainstay_expr::{Budget, Environment, Program, Type, Value, Variables};
use serde_json::Value as Json;

/// Do all conditions hold for an AdmissionRequest? One that is false decides, whatever the others come to.
pub(super) fn hold(conditions: &[(String, String)], request: &Json) -> Result<bool, String> {
    let environment =
        Environment::new([("object", Type::Dyn), ("oldObject", Type::Dyn), ("request", Type::Dyn)]);
    let part = |name: &str| Value::from_json(request.get(name).unwrap_or(&Json::Null));
    let variables: Variables = [
        ("object".to_owned(), part("object")),
        ("oldObject".to_owned(), part("oldObject")),
        ("request".to_owned(), Value::from_json(request)),
    ]
    .into();
    let mut budget = Budget::default();
    let mut failed = Vec::new();
    for (name, expression) in conditions {
        let found = Program::compile(expression, &environment)
            .map_err(|errors| errors.into_iter().map(|e| e.to_string()).collect::<Vec<_>>().join(", "))
            .and_then(|program| program.evaluate(&variables, &mut budget).map_err(|e| e.to_string()));
        match found {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => return Ok(false),
            Ok(_) => failed.push(format!("match condition \"{name}\" is not a boolean")),
            Err(why) => failed.push(format!("match condition \"{name}\" failed: {why}")),
        }
    }
    if failed.is_empty() { Ok(true) } else { Err(failed.join(", ")) }
}
