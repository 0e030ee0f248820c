//! What users say in CEL of health and readiness. An expression that comes to no answer never means healthy or ready.

use crate::state::UnitState;
use mainstay_expr::{Budget, Environment, Program, Type, Value as Cel, Variables};
use mainstay_object::Value;
use mainstay_unit::{Health, HealthCheck};
use serde_json::json;

/// Health of an object by a check's expressions, in the order of Flux's RFC 9: what its controller has not seen yet is
/// in progress; then `inProgress`, `failed`, `current`. `fallback` is what the kind's own rule says: it decides only
/// where no expression says what healthy is.
pub(crate) fn health(check: &HealthCheck, object: &Value, fallback: &Health) -> Health {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    if let (Some(observed), Some(generation)) =
        (number("/status/observedGeneration"), number("/metadata/generation"))
        && observed != generation
    {
        return Health::progressing(format!("generation {observed} of {generation} has been observed"));
    }
    // What is to go is not what others may build on, whatever an expression says of its status.
    let is_deleted = object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null());
    let fields = object.as_object().into_iter().flatten();
    let variables: Variables = fields.map(|(name, value)| (name.clone(), Cel::from_json(value))).collect();
    let environment = Environment { open: true, everything: true, ..Environment::default() };
    for (name, expression) in
        [("inProgress", &check.in_progress), ("failed", &check.failed), ("current", &check.current)]
    {
        let Some(expression) = expression else { continue };
        match (holds(expression, &environment, &variables), name) {
            (Err(why), _) => return Health::unknown(format!("the check `{name}` has no answer: {why}")),
            (Ok(false), _) => {}
            (Ok(true), "inProgress") => return Health::progressing("its check `inProgress` is true"),
            (Ok(true), "failed") => return Health::degraded("its check `failed` is true"),
            (Ok(true), _) if is_deleted => return Health::progressing("is being deleted"),
            (Ok(true), _) => return Health::healthy("its check `current` is true"),
        }
    }
    match &check.current {
        Some(_) => Health::progressing("its check `current` is not true yet"),
        None => fallback.clone(),
    }
}

/// Whether a dependency is ready for a dependent: true, or why not.
pub(crate) fn is_ready(
    expression: &str,
    dependent: &UnitState,
    dependency: &UnitState,
) -> Result<(), String> {
    let environment = Environment {
        everything: true,
        ..Environment::new([("self", Type::open_object()), ("dep", Type::open_object())])
    };
    let variables = Variables::from([
        ("self".to_owned(), Cel::from_json(&shown(dependent))),
        ("dep".to_owned(), Cel::from_json(&shown(dependency))),
    ]);
    match holds(expression, &environment, &variables) {
        Ok(true) => Ok(()),
        Ok(false) => Err("its readyExpr is not true yet".to_owned()),
        Err(why) => Err(format!("its readyExpr has no answer: {why}")),
    }
}

/// A unit as expressions see it: its name, its conditions, and whether what is wanted of it is what was applied.
fn shown(state: &UnitState) -> Value {
    let record = &state.record;
    let wanted = state.desired.as_ref().map(|wanted| wanted.revision.as_str()).unwrap_or_default();
    json!({
        "apiVersion": "mainstay.dev/v1alpha1",
        "kind": "Unit",
        "metadata": {
            "name": record.id.name,
            "namespace": record.id.tenant,
            // One step ahead of what was observed while something is still to be applied.
            "generation": 1,
        },
        "status": {
            "observedGeneration": i64::from(state.is_applied()),
            "conditions": record.conditions,
            "phase": record.phase,
            "health": record.health,
            "revision": record.revision,
            "lastAppliedRevision": record.revision,
            "lastAttemptedRevision": wanted,
        },
    })
}

fn holds(expression: &str, environment: &Environment, variables: &Variables) -> Result<bool, String> {
    let program = Program::compile(expression, environment)
        .map_err(|wrong| wrong.first().map(ToString::to_string).unwrap_or_default())?;
    match program.evaluate(variables, &mut Budget::default()) {
        Ok(Cel::Bool(holds)) => Ok(holds),
        Ok(other) => Err(format!("it is a {}, not true or false", other.type_name())),
        Err(wrong) => Err(wrong.message),
    }
}
