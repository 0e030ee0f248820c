//! The CEL of native documents: a Module's `when`, over one cluster's name, labels and variables, true where the Module
//! belongs; and what checks and dependencies say, read here so that a mistake is found before it matters.

use crate::kinds::{Check, DependencyRef, ModuleSpec};
use crate::{Document, Place};
use mainstay_diagnostic::{Diagnostic, codes, dotted};
use mainstay_expr::{Budget, Environment, ExprError, Program, Type, Value, Variables};
use std::collections::BTreeMap;

pub(super) struct When<'a> {
    document: &'a Document<ModuleSpec>,
    program: Program,
}

/// `cluster` is known; what is not among its fields is a mistake that is found without evaluating.
fn environment() -> Environment {
    let fields = [
        ("name", Type::String),
        ("labels", Type::map(Type::String, Type::String)),
        ("variables", Type::open_object()),
    ];
    let fields = fields.map(|(name, of)| (name.to_owned(), of)).into();
    Environment { everything: true, ..Environment::new([("cluster", Type::object("cluster", fields))]) }
}

impl<'a> When<'a> {
    /// Nothing for a Module without `when`; every problem that needs no cluster.
    pub(super) fn read(document: &'a Document<ModuleSpec>, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let source = document.spec.when.as_ref()?;
        match Program::compile(source, &environment()) {
            Ok(program) if matches!(program.result(), Type::Bool | Type::Dyn) => {
                Some(Self { document, program })
            }
            Ok(program) => {
                let message = format!("spec.when: it is a {}, not true or false", program.result());
                problems.push(document.place.diagnostic(&codes::native::EXPRESSION, message, "/spec/when"));
                None
            }
            Err(wrong) => {
                problems.extend(
                    wrong.iter().map(|wrong| diagnostic(&document.place, "/spec/when", source, wrong)),
                );
                None
            }
        }
    }

    /// Whether the Module belongs to that cluster: the management cluster has neither name nor labels.
    pub(super) fn holds(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        variables: &mainstay_unit::Variables,
    ) -> Result<bool, Box<Diagnostic>> {
        let labels = labels.iter().map(|(key, value)| (key.as_str().into(), Value::string(value)));
        let values = variables.iter().map(|(name, v)| (name.into(), Value::from_json(&v.value)));
        let cluster = [
            ("name".into(), Value::string(name)),
            ("labels".into(), Value::map(labels.collect())),
            ("variables".into(), Value::map(values.collect())),
        ];
        let given = Variables::from([("cluster".to_owned(), Value::map(cluster.into()))]);
        match self.program.evaluate(&given, &mut Budget::default()) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => {
                let message = format!("spec.when: it is a {}, not true or false", other.type_name());
                Err(Box::new(self.document.place.diagnostic(
                    &codes::native::EXPRESSION,
                    message,
                    "/spec/when",
                )))
            }
            Err(wrong) => {
                let mut told = diagnostic(&self.document.place, "/spec/when", self.program.source(), &wrong);
                let of =
                    if name.is_empty() { "the management cluster".into() } else { format!("cluster {name}") };
                told.message = format!("{} (for {of})", told.message);
                Err(Box::new(told))
            }
        }
    }
}

/// Every problem of the expressions in health checks and dependencies: what they are evaluated with is known to the
/// engine that does it, so that here only `self` and `dep` are.
pub(super) fn expressions(
    place: &Place,
    checks: &[Check],
    depends_on: &[DependencyRef],
    problems: &mut Vec<Diagnostic>,
) {
    let over_object = Environment { open: true, everything: true, ..Environment::default() };
    for (at, check) in checks.iter().enumerate() {
        let fields =
            [("current", &check.current), ("failed", &check.failed), ("inProgress", &check.in_progress)];
        for (name, expression) in fields {
            let pointer = format!("/spec/healthChecks/{at}/{name}");
            condition(place, &pointer, expression.as_deref(), &over_object, problems);
        }
    }
    let units = [("self", Type::open_object()), ("dep", Type::open_object())];
    let over_units = Environment { everything: true, ..Environment::new(units) };
    for (at, dependency) in depends_on.iter().enumerate() {
        let pointer = format!("/spec/dependsOn/{at}/readyExpr");
        condition(place, &pointer, dependency.ready_expr.as_deref(), &over_units, problems);
    }
}

fn condition(
    place: &Place,
    pointer: &str,
    expression: Option<&str>,
    environment: &Environment,
    problems: &mut Vec<Diagnostic>,
) {
    let Some(source) = expression else { return };
    match Program::compile(source, environment) {
        Ok(program) if matches!(program.result(), Type::Bool | Type::Dyn) => {}
        Ok(program) => {
            let message = format!("{}: it is a {}, not true or false", dotted(pointer), program.result());
            problems.push(place.diagnostic(&codes::native::EXPRESSION, message, pointer));
        }
        Err(wrong) => problems.extend(wrong.iter().map(|wrong| diagnostic(place, pointer, source, wrong))),
    }
}

fn diagnostic(place: &Place, pointer: &str, source: &str, wrong: &ExprError) -> Diagnostic {
    let message = format!("{}: {}", dotted(pointer), wrong.message);
    let told = Diagnostic::new(&codes::native::EXPRESSION, message);
    let told = told.at(place.location_within(pointer, source, wrong.position)).with_snippet_of(&place.text);
    match wrong.message.strip_prefix("no such key: ") {
        Some(key) => told.hint(format!("guard it with has(…{key}), or read it with .?{key}.orValue(…)")),
        None => told,
    }
}
