//! From an object and its kind's rule to a verdict. Total: no object panics it, none costs more than its size times the
//! rules, and its expressions stop within one budget.

use super::{KindRule, Pattern, Rule, Test};
use crate::fields::Fields;
use mainstay_expr::{Budget, Key, Value as Cel, Variables};
use mainstay_object::Value;
use mainstay_unit::{Health, HealthStatus};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Judged {
    pub health: Health,
    /// Whether a rule file said so.
    pub by_rule: bool,
}

impl Judged {
    pub fn plain(health: Health) -> Self {
        Self { health, by_rule: false }
    }
}

impl KindRule {
    pub fn judge(&self, object: &Value) -> Judged {
        let mut run = Run {
            generation: Fields(object).number("/metadata/generation"),
            budget: Budget::default(),
            doubt: None,
            stale: None,
        };
        let scope = Scope { node: object, conditions: &self.conditions };
        let variables = self.computes.then(|| variables(object));
        let said = run.rules(&self.rules, scope, variables.as_ref());
        let health = said.unwrap_or_else(|| self.unanswered(object));
        // What an expression that failed would have said is not known.
        let health = match (run.stale, run.doubt) {
            (Some(stale), _) if health.status.is_healthy() => Health::progressing(stale),
            (None, Some(doubt)) if health.status.is_healthy() => Health::unknown(doubt),
            (Some(_) | None, _) => health,
        };
        Judged { health, by_rule: true }
    }

    fn unanswered(&self, object: &Value) -> Health {
        if self.passive {
            return Health::healthy("passive, accepted");
        }
        let empty =
            object.get("status").is_none_or(|s| s.is_null() || s.as_object().is_some_and(|m| m.is_empty()));
        let message = if empty {
            "its status is empty: nobody has looked at it yet"
        } else {
            "its status says neither that it is ready nor that it is not"
        };
        // A file can't say Healthy here; an object that nothing speaks for never is.
        match self.otherwise {
            HealthStatus::Healthy => Health::unknown(message),
            status => Health::new(status, message),
        }
    }
}

/// What the rules are read against: the object, or an element of one of its lists.
#[derive(Clone, Copy)]
struct Scope<'a> {
    node: &'a Value,
    conditions: &'a str,
}

struct Run {
    generation: Option<i64>,
    budget: Budget,
    /// Why an expression came to no value.
    doubt: Option<String>,
    /// A condition that was asked for and speaks of an older generation.
    stale: Option<String>,
}

impl Run {
    fn rules(&mut self, rules: &[Rule], scope: Scope<'_>, variables: Option<&Variables>) -> Option<Health> {
        rules.iter().find_map(|rule| self.rule(rule, scope, variables))
    }

    fn rule(&mut self, rule: &Rule, scope: Scope<'_>, variables: Option<&Variables>) -> Option<Health> {
        match &rule.test {
            Test::Condition(kind) => self.condition(rule, kind, scope),
            Test::Field(pointer) => {
                let value = scope.node.pointer(pointer).filter(|v| !v.is_null());
                let status = matching(&rule.outcomes, value)?;
                Some(Health::new(
                    status,
                    rule.message(scope).unwrap_or_else(|| field_message(pointer, value)),
                ))
            }
            Test::Each(pointer, rules) => self.each(rule, pointer, rules, scope, variables),
            Test::When(program) => {
                let (_, status) = rule.outcomes.first()?;
                match program.evaluate(variables?, &mut self.budget) {
                    Ok(Cel::Bool(true)) => Some(Health::new(
                        *status,
                        rule.message(scope).unwrap_or_else(|| program.source().to_owned()),
                    )),
                    Ok(Cel::Bool(false)) => None,
                    Ok(other) => {
                        self.doubt =
                            Some(format!("`{}` is {}, not a bool", program.source(), other.type_name()));
                        None
                    }
                    Err(error) => {
                        self.doubt = Some(format!("`{}` can't be evaluated: {error}", program.source()));
                        None
                    }
                }
            }
        }
    }

    fn condition(&mut self, rule: &Rule, kind: &str, scope: Scope<'_>) -> Option<Health> {
        let found = Fields(scope.node).condition_in(scope.conditions, kind);
        let (reason, severity) = found.map(|c| (c.reason, c.severity)).unwrap_or_default();
        for (wanted, given) in [(&rule.reasons, reason), (&rule.severities, severity)] {
            if !wanted.is_empty() && !wanted.iter().any(|w| w == given) {
                return None;
            }
        }
        let stale = match (self.generation, found.and_then(|c| c.observed)) {
            (Some(generation), Some(observed)) if observed < generation => {
                Some(format!("{kind} speaks of generation {observed} of {generation}"))
            }
            (Some(_) | None, _) => None,
        };
        self.stale = self.stale.take().or_else(|| stale.clone());
        let status = outcome(&rule.outcomes, found.map(|c| c.status))?;
        if let Some(stale) = stale
            && status != HealthStatus::Suspended
        {
            return Some(Health::progressing(stale));
        }
        let message = rule.message(scope).unwrap_or_else(|| match found {
            Some(condition) => condition.describe(kind),
            None => format!("the condition {kind} is missing"),
        });
        Some(Health::new(status, message))
    }

    /// Healthy only where every element is; an element that speaks of an older generation counts only where all do.
    fn each(
        &mut self,
        rule: &Rule,
        pointer: &str,
        rules: &[Rule],
        scope: Scope<'_>,
        variables: Option<&Variables>,
    ) -> Option<Health> {
        let elements: Vec<(String, &Value)> = match scope.node.pointer(pointer) {
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(i, item)| (name_of(item).unwrap_or_else(|| i.to_string()), item))
                .collect(),
            Some(Value::Object(members)) => members.iter().map(|(key, item)| (key.clone(), item)).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => Vec::new(),
        };
        let fresh = elements.iter().any(|(_, element)| !self.is_stale(element));
        let mut worst: Option<Health> = None;
        let mut silent = false;
        for (name, element) in &elements {
            if fresh && self.is_stale(element) {
                continue;
            }
            let within = Scope { node: element, conditions: "/conditions" };
            let variables = variables.map(|outer| element_variables(outer, element));
            match self.rules(rules, within, variables.as_ref()) {
                Some(found) if worst.as_ref().is_none_or(|w| found.status > w.status) => {
                    let message = rule.message(scope).unwrap_or_else(|| format!("{name}: {}", found.message));
                    worst = Some(Health::new(found.status, message));
                }
                Some(_) => {}
                None => silent = true,
            }
        }
        worst.filter(|health| !(silent && health.status.is_healthy()))
    }

    fn is_stale(&self, element: &Value) -> bool {
        let Some(generation) = self.generation else { return false };
        let observed = |c: &Value| c.get("observedGeneration").and_then(Value::as_i64);
        let mut seen = Fields(element).list("/conditions").iter().filter_map(observed).peekable();
        seen.peek().is_some() && seen.all(|observed| observed < generation)
    }
}

impl Rule {
    fn message(&self, scope: Scope<'_>) -> Option<String> {
        let message = self.message.as_deref()?;
        if !message.starts_with('/') {
            return Some(message.to_owned());
        }
        let found = scope.node.pointer(message).and_then(plain)?;
        (!found.is_empty()).then_some(found)
    }
}

fn matching(outcomes: &[(Pattern, HealthStatus)], value: Option<&Value>) -> Option<HealthStatus> {
    match value {
        None => outcome(outcomes, None),
        Some(value) => match plain(value) {
            Some(text) => outcome(outcomes, Some(&text)),
            // A list or a map is there, and equal to nothing that a rule can name.
            None => outcomes.iter().find(|(p, _)| *p == Pattern::Other).map(|(_, status)| *status),
        },
    }
}

fn outcome(outcomes: &[(Pattern, HealthStatus)], text: Option<&str>) -> Option<HealthStatus> {
    let named = |pattern: &Pattern| match (pattern, text) {
        (Pattern::Text(wanted), Some(text)) => wanted == text,
        (Pattern::Absent, None) => true,
        (Pattern::Text(_) | Pattern::Other, None) | (Pattern::Absent | Pattern::Other, Some(_)) => false,
    };
    let found = outcomes.iter().find(|(pattern, _)| named(pattern));
    let other = || outcomes.iter().find(|(pattern, _)| *pattern == Pattern::Other && text.is_some());
    found.or_else(other).map(|(_, status)| *status)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn field_message(pointer: &str, value: Option<&Value>) -> String {
    let field = mainstay_diagnostic::dotted(pointer);
    match value {
        None => format!("{field} is not set"),
        Some(value) => match plain(value) {
            Some(text) => format!("{field} is {text}"),
            None => format!("{field} is set"),
        },
    }
}

/// What people call an element of a list.
fn name_of(item: &Value) -> Option<String> {
    let names = [
        "/name",
        "/parentRef/name",
        "/ancestorRef/name",
        "/clusterName",
        "/clustername",
        "/branch",
        "/domain",
        "/host",
    ];
    names.into_iter().map(|pointer| Fields(item).text(pointer)).find(|n| !n.is_empty()).map(str::to_owned)
}

/// `metadata`, `spec` and `status` are always there, so that `has(status.x)` can be asked. Who wrote which field says
/// nothing of health, and is often the larger half of an object.
fn variables(object: &Value) -> Variables {
    let mut whole: BTreeMap<Key, Cel> = BTreeMap::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        let value = match value.as_object() {
            Some(members) if name == "metadata" => {
                let kept = members.iter().filter(|(key, _)| *key != "managedFields");
                Cel::map(kept.map(|(key, value)| (Key::from(key.as_str()), Cel::from_json(value))).collect())
            }
            Some(_) | None => Cel::from_json(value),
        };
        whole.insert(Key::from(name.as_str()), value);
    }
    let part = |name: &str| match whole.get(&Key::from(name)) {
        Some(Cel::Map(map)) => Cel::Map(map.clone()),
        Some(_) | None => Cel::map(BTreeMap::new()),
    };
    let mut variables: Variables =
        ["metadata", "spec", "status"].into_iter().map(|name| (name.to_owned(), part(name))).collect();
    variables.insert("self".to_owned(), Cel::map(whole));
    variables
}

/// `self` is the element, the rest is the object's.
fn element_variables(outer: &Variables, element: &Value) -> Variables {
    let mut variables = outer.clone();
    variables.insert("self".to_owned(), Cel::from_json(element));
    variables
}
