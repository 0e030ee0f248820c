//! A ValidatingAdmissionPolicy's expressions: compiled once, then held against requests.
//!
//! Which requests a policy is asked about, and what its bindings make of the answer, is not known here.

mod compile;
#[cfg(test)]
mod tests;

use mainstay_expr::{Budget, ErrorKind, ExprError, Key, Program, Value as Cel, Variables};
use serde_json::Value;
use std::collections::BTreeMap;

/// The expressions of a policy's `spec`.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    conditions: Vec<(String, Program)>,
    /// In order: one may speak of those before it.
    variables: Vec<(String, Program)>,
    validations: Vec<Validation>,
}

#[derive(Debug, Clone)]
struct Validation {
    program: Program,
    message: String,
    message_expression: Option<Program>,
    reason: String,
}

/// What a policy sees of a request; null where there is none.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub object: &'a Value,
    pub old_object: &'a Value,
    /// An AdmissionRequest, without the objects.
    pub request: &'a Value,
    pub params: &'a Value,
    pub namespace: &'a Value,
}

/// A validation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub message: String,
    /// `Invalid` where the policy names none.
    pub reason: String,
    /// It came to no answer: the policy's `failurePolicy` decides.
    pub failed: bool,
}

impl Policy {
    /// Whether all `matchConditions` hold. One that is false decides, whatever the others come to.
    pub fn matches(&self, given: &Given<'_>) -> Result<bool, String> {
        let variables = given.variables();
        let mut budget = Budget::new(Budget::PER_OBJECT);
        let mut failed = Vec::new();
        for (name, program) in &self.conditions {
            match within(program, &variables, &mut budget) {
                Ok(Cel::Bool(true)) => {}
                Ok(Cel::Bool(false)) => return Ok(false),
                Ok(_) => failed.push(format!("match condition '{name}' is not a boolean")),
                Err(wrong) => failed.push(format!("match condition '{name}' failed: {wrong}")),
            }
        }
        if failed.is_empty() { Ok(true) } else { Err(failed.join(", ")) }
    }

    /// Every validation that does not hold.
    pub fn denials(&self, given: &Given<'_>) -> Vec<Denial> {
        let mut variables = given.variables();
        let mut budget = Budget::new(Budget::PER_OBJECT);
        let mut composed = BTreeMap::new();
        let mut failed = BTreeMap::new();
        for (name, program) in &self.variables {
            variables.insert("variables".to_owned(), Cel::map(composed.clone()));
            // One that nobody speaks of in the end fails for nobody.
            match within(program, &variables, &mut budget) {
                Ok(value) => drop(composed.insert(Key::from(name.as_str()), value)),
                Err(wrong) => {
                    let why = blamed(&wrong, program, &failed);
                    failed.insert(
                        name.clone(),
                        format!("composited variable \"{name}\" fails to evaluate: {why}"),
                    );
                }
            }
        }
        variables.insert("variables".to_owned(), Cel::map(composed));
        let mut out = Vec::new();
        for validation in &self.validations {
            let source = validation.program.source();
            let reason =
                || if validation.reason.is_empty() { "Invalid" } else { &validation.reason }.to_owned();
            match within(&validation.program, &variables, &mut budget) {
                Ok(Cel::Bool(true)) => {}
                Ok(_) => {
                    let message = validation.message(&variables, &mut budget);
                    out.push(Denial { message, reason: reason(), failed: false });
                }
                Err(wrong) => {
                    let why = blamed(&wrong, &validation.program, &failed);
                    let message = format!("expression '{source}' resulted in error: {why}");
                    out.push(Denial { message, reason: reason(), failed: true });
                    if budget.left == 0 {
                        break;
                    }
                }
            }
        }
        out
    }
}

impl Validation {
    fn message(&self, variables: &Variables, budget: &mut Budget) -> String {
        const LONGEST: usize = 5 * 1024;
        if let Some(program) = &self.message_expression
            && let Ok(Cel::String(text)) = within(program, variables, budget)
        {
            let text = text.trim();
            if !text.is_empty() && text.len() <= LONGEST && !text.contains('\n') {
                return text.to_owned();
            }
        }
        match self.message.trim() {
            "" => format!("failed expression: {}", self.program.source().trim()),
            message => message.to_owned(),
        }
    }
}

impl Given<'_> {
    fn variables(&self) -> Variables {
        let named = [
            ("object", self.object),
            ("oldObject", self.old_object),
            ("request", self.request),
            ("params", self.params),
            ("namespaceObject", self.namespace),
        ];
        named.map(|(name, value)| (name.to_owned(), Cel::from_json(value))).into()
    }
}

/// Within what one expression may cost and what is left for the policy.
fn within(program: &Program, variables: &Variables, budget: &mut Budget) -> Result<Cel, ExprError> {
    let given = budget.left.min(Budget::PER_EXPRESSION);
    let mut own = Budget::new(given);
    let out = program.evaluate(variables, &mut own);
    budget.left -= given - own.left;
    out
}

/// The reason behind an error: a variable that failed is absent, which is only how it shows.
fn blamed(wrong: &ExprError, program: &Program, failed: &BTreeMap<String, String>) -> String {
    let missing = wrong.message.strip_prefix("no such key: ").filter(|_| wrong.kind == ErrorKind::Evaluation);
    match missing.and_then(|name| failed.get(name)) {
        Some(why) if program.uses("variables") => why.clone(),
        _ => wrong.message.clone(),
    }
}
