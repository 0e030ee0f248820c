//! A Module's `when`: CEL over one cluster's name, labels and variables, true where the Module belongs.

use crate::Document;
use crate::kinds::ModuleSpec;
use mainstay_diagnostic::{Diagnostic, codes};
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
                problems.extend(wrong.iter().map(|wrong| diagnostic(document, source, wrong)));
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
                let mut told = diagnostic(self.document, self.program.source(), &wrong);
                let of =
                    if name.is_empty() { "the management cluster".into() } else { format!("cluster {name}") };
                told.message = format!("{} (for {of})", told.message);
                Err(Box::new(told))
            }
        }
    }
}

fn diagnostic(document: &Document<ModuleSpec>, source: &str, wrong: &ExprError) -> Diagnostic {
    let mut told =
        document.place.diagnostic(&codes::native::EXPRESSION, format!("spec.when: {}", wrong.message), "");
    told.location = Some(document.place.location_within("/spec/when", source, wrong.position));
    let mut told = told.with_snippet_of(&document.place.text);
    if let Some(key) = wrong.message.strip_prefix("no such key: ") {
        told = told.hint(format!("guard it with has(…{key}), or read it with .?{key}.orValue(…)"));
    }
    told
}
