//! `x-kubernetes-validations`: the CEL rules of a custom resource's schema, read once and held against its objects, in an
//! API server's words.
//!
//! `self` is the value at the rule's place, typed by its schema; `oldSelf` what was there before, where the two can be
//! told to be the same thing.

mod compile;
mod convert;
mod names;
#[cfg(test)]
mod tests;

use crate::schema::{ListType, MapType, Rule, Scalar, Shape};
use crate::{FieldError, FieldErrorKind, MAX_DEPTH, TypeId, Types, fieldset::Pairs, same_value};
use mainstay_expr::{Budget, ErrorKind, ExprError, Program, Value as Cel, Variables};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Every rule of one root, by the type that carries it.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    by_type: BTreeMap<TypeId, Vec<Compiled>>,
}

#[derive(Debug, Clone)]
struct Compiled {
    rule: Rule,
    program: Program,
    message: Option<Program>,
    /// A transition rule: without an old value there is nothing to say.
    uses_old: bool,
    /// Below the value, in front of which a dot stands: where the error is shown.
    field: String,
}

/// Once the budget is used up, or a message cannot be made, nothing further is evaluated.
struct Stop;

impl Rules {
    pub fn is_empty(&self) -> bool {
        self.by_type.is_empty()
    }

    /// What the rules say of an object that takes the place of `old`, or of none. What did not change is not complained
    /// of anew, but by rules that compare with the old.
    pub fn validate(
        &self,
        value: &Value,
        old: Option<&Value>,
        types: &Types,
        root: TypeId,
    ) -> Vec<FieldError> {
        if self.is_empty() {
            return Vec::new();
        }
        let budget = Budget::new(Budget::PER_OBJECT);
        let mut walk = Walk { rules: self, types, budget, path: String::new(), root, errors: Vec::new() };
        // Stopping early has left its error behind.
        let _stopped = walk.value(value, old, root, false, 0);
        walk.errors
    }
}

struct Walk<'a> {
    rules: &'a Rules,
    types: &'a Types,
    budget: Budget,
    path: String,
    root: TypeId,
    errors: Vec<FieldError>,
}

impl Walk<'_> {
    /// `kept` says that the nearest value above that has an old one is as it was.
    fn value(
        &mut self,
        value: &Value,
        old: Option<&Value>,
        id: TypeId,
        kept: bool,
        depth: usize,
    ) -> Result<(), Stop> {
        if value.is_null() || depth > MAX_DEPTH {
            return Ok(());
        }
        let kept = old.map_or(kept, |old| same_value(old, value));
        let rules = self.rules;
        if let Some(compiled) = rules.by_type.get(&id) {
            self.expressions(compiled, value, old.filter(|old| !old.is_null()), id, kept)?;
        }
        match (&self.types.get(id).shape, value) {
            (Shape::Map(map), Value::Object(entries)) => {
                let old = old.and_then(Value::as_object).filter(|_| !map.atomic);
                self.map(entries, old, map, kept, depth)
            }
            (Shape::List(list), Value::Array(items)) => {
                self.list(items, old.and_then(Value::as_array), list, kept, depth)
            }
            _ => Ok(()),
        }
    }

    fn map(
        &mut self,
        entries: &Map<String, Value>,
        old: Option<&Map<String, Value>>,
        map: &MapType,
        kept: bool,
        depth: usize,
    ) -> Result<(), Stop> {
        for (name, child) in entries {
            let (id, step) = match (map.fields.get(name), map.element) {
                (Some(field), _) if self.path.is_empty() => (field.ty, name.clone()),
                (Some(field), _) => (field.ty, format!(".{name}")),
                (None, Some(id)) => (id, format!("[{name}]")),
                (None, None) => continue,
            };
            let old = old.and_then(|old| old.get(name));
            self.below(&step, |walk| walk.value(child, old, id, kept, depth + 1))?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        items: &[Value],
        old: Option<&Vec<Value>>,
        list: &ListType,
        kept: bool,
        depth: usize,
    ) -> Result<(), Stop> {
        let pairs = Pairs::new(self.types, list, old);
        for (index, item) in items.iter().enumerate() {
            let old = pairs.old(item);
            self.below(&format!("[{index}]"), |walk| walk.value(item, old, list.element, kept, depth + 1))?;
        }
        Ok(())
    }

    fn below(&mut self, step: &str, work: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        let length = self.path.len();
        self.path.push_str(step);
        let out = work(self);
        self.path.truncate(length);
        out
    }

    fn expressions(
        &mut self,
        compiled: &[Compiled],
        value: &Value,
        old: Option<&Value>,
        id: TypeId,
        kept: bool,
    ) -> Result<(), Stop> {
        let is_root = id == self.root;
        let convert = |value: &Value| convert::value(value, self.types, id, is_root);
        let own = match convert(value) {
            Ok(own) => own,
            Err(why) => {
                self.push(FieldErrorKind::Invalid, "", Some(self.type_name(id)), why);
                return Ok(());
            }
        };
        let mut variables = Variables::from([("self".to_owned(), own)]);
        // An old value that its schema no longer fits is none that a rule could speak of.
        let before = old.and_then(|old| convert(old).ok());
        for compiled in compiled {
            if compiled.uses_old && before.is_none() && !compiled.rule.optional_old_self {
                continue;
            }
            let old_self = match (&before, compiled.rule.optional_old_self) {
                (Some(before), true) => Some(Cel::some(before.clone())),
                (None, true) => Some(Cel::Optional(None)),
                (Some(before), false) => Some(before.clone()),
                (None, false) => None,
            };
            match old_self {
                Some(old_self) => drop(variables.insert("oldSelf".to_owned(), old_self)),
                None => drop(variables.remove("oldSelf")),
            }
            self.rule(compiled, &variables, value, id, kept)?;
        }
        Ok(())
    }

    fn rule(
        &mut self,
        compiled: &Compiled,
        variables: &Variables,
        value: &Value,
        id: TypeId,
        kept: bool,
    ) -> Result<(), Stop> {
        let rule = &compiled.rule;
        let shown = shown(rule);
        match self.evaluate(&compiled.program, variables) {
            Ok(Cel::Bool(true)) => Ok(()),
            Ok(Cel::Bool(false)) => {
                let detail = self.message(compiled, variables)?;
                if kept && !compiled.uses_old {
                    return Ok(());
                }
                // Of what holds more than itself only the place is told.
                let whole = matches!(self.types.get(id).shape, Shape::Map(_) | Shape::List(_));
                let value = (!whole).then(|| value.clone());
                match rule.reason.as_str() {
                    "FieldValueForbidden" => {
                        self.push(FieldErrorKind::Forbidden, &compiled.field, None, detail)
                    }
                    "FieldValueRequired" => {
                        self.push(FieldErrorKind::Required, &compiled.field, None, detail)
                    }
                    "FieldValueDuplicate" => {
                        self.push(FieldErrorKind::Duplicate, &compiled.field, value, String::new());
                    }
                    _ => self.push(FieldErrorKind::Invalid, &compiled.field, value, detail),
                }
                Ok(())
            }
            Ok(_) => {
                let detail = format!("cel expression must evaluate to a bool evaluating rule: {shown}");
                self.push(FieldErrorKind::Invalid, "", Some(self.type_name(id)), detail);
                Ok(())
            }
            Err(wrong) if wrong.kind == ErrorKind::Budget => {
                let detail = if self.budget.left == 0 {
                    "validation failed due to running out of cost budget, no further validation rules will be run".into()
                } else {
                    let why = &wrong.message;
                    format!(
                        "'{why}': no further validation rules will be run due to call cost exceeds limit for rule: {shown}"
                    )
                };
                self.push(FieldErrorKind::Invalid, "", Some(self.type_name(id)), detail);
                Err(Stop)
            }
            Err(wrong) => {
                let detail = if wrong.message.starts_with("no such overload") {
                    let did =
                        "call arguments did not match a supported operator, function or macro signature";
                    format!("'{}': {did} for rule: {shown}", wrong.message)
                } else {
                    format!("{} evaluating rule: {shown}", wrong.message)
                };
                self.push(FieldErrorKind::Invalid, "", Some(self.type_name(id)), detail);
                Ok(())
            }
        }
    }

    /// Within what one expression may cost and what is left for the object.
    fn evaluate(&mut self, program: &Program, variables: &Variables) -> Result<Cel, ExprError> {
        let given = self.budget.left.min(Budget::PER_EXPRESSION);
        let mut budget = Budget::new(given);
        let out = program.evaluate(variables, &mut budget);
        self.budget.left -= given - budget.left;
        out
    }

    /// A message that cannot be made falls back to what is written, unless making it used up the budget.
    fn message(&mut self, compiled: &Compiled, variables: &Variables) -> Result<String, Stop> {
        const LONGEST: usize = 5 * 1024;
        if let Some(program) = &compiled.message {
            match self.evaluate(program, variables) {
                Ok(Cel::String(text)) => {
                    let text = text.trim();
                    if !text.is_empty() && text.len() <= LONGEST && !text.contains(['\n', '\r']) {
                        return Ok(text.to_owned());
                    }
                }
                Ok(_) => {}
                Err(wrong) if wrong.kind == ErrorKind::Budget => {
                    let detail = if self.budget.left == 0 {
                        "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run".into()
                    } else {
                        let source = &compiled.rule.message_expression;
                        format!(
                            "no further validation rules will be run due to call cost exceeds limit for messageExpression: {source:?}"
                        )
                    };
                    self.push(FieldErrorKind::Invalid, &compiled.field, None, detail);
                    return Err(Stop);
                }
                Err(_) => {}
            }
        }
        let rule = &compiled.rule;
        Ok(if rule.message.is_empty() {
            format!("failed rule: {}", shown(rule))
        } else {
            rule.message.trim().into()
        })
    }

    fn type_name(&self, id: TypeId) -> Value {
        Value::from(match &self.types.get(id).shape {
            Shape::Any | Shape::Scalar(Scalar::IntOrString) => "",
            Shape::Map(_) => "object",
            Shape::List(_) => "array",
            Shape::Scalar(Scalar::String | Scalar::Quantity) => "string",
            Shape::Scalar(Scalar::Integer) => "integer",
            Shape::Scalar(Scalar::Number) => "number",
            Shape::Scalar(Scalar::Boolean) => "boolean",
        })
    }

    fn push(&mut self, kind: FieldErrorKind, field: &str, value: Option<Value>, detail: String) {
        let mut path = format!("{}{field}", self.path);
        if self.path.is_empty() {
            path = field.strip_prefix('.').unwrap_or(field).to_owned();
        }
        self.errors.push(FieldError { kind, path, value, detail });
    }
}

/// A rule in messages: what its author says, or else itself.
fn shown(rule: &Rule) -> &str {
    if rule.message.is_empty() { rule.rule.trim() } else { rule.message.trim() }
}

/// What a schema's errors say of rules that were not looked at for their sake.
pub fn not_checked() -> FieldError {
    let detail = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    FieldError {
        kind: FieldErrorKind::Invalid,
        path: String::new(),
        value: Some(Value::Null),
        detail: detail.into(),
    }
}

/// Whether an error leaves rules without what they speak of.
pub fn blocks_rules(error: &FieldError) -> bool {
    match error.kind {
        FieldErrorKind::NotSupported
        | FieldErrorKind::Required
        | FieldErrorKind::TooLong
        | FieldErrorKind::TooMany
        | FieldErrorKind::NotFound
        | FieldErrorKind::TypeInvalid => true,
        FieldErrorKind::Duplicate | FieldErrorKind::Invalid | FieldErrorKind::Forbidden => false,
    }
}
