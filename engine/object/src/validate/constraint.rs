use super::{Validator, format};
use crate::schema::Constraint;
use crate::{FieldError, FieldErrorKind, MAX_DEPTH, same_value};
use serde_json::{Map, Value};

impl Validator<'_> {
    pub(super) fn constraint(&mut self, value: &Value, constraint: &Constraint, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        self.enumeration(value, constraint);
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.number(value, number.as_f64().unwrap_or(0.0), constraint),
            Value::String(text) => self.text(value, text, constraint),
            Value::Array(items) => self.items(value, items, constraint, depth),
            Value::Object(entries) => self.entries(value, entries, constraint, depth),
        }
        self.junctors(value, constraint, depth);
    }

    /// One of those listed, whatever its type is.
    pub(super) fn enumeration(&mut self, value: &Value, constraint: &Constraint) {
        if !constraint.enumeration.is_empty()
            && !constraint.enumeration.iter().any(|one| same_value(one, value))
        {
            let shown = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            let supported: Vec<String> =
                constraint.enumeration.iter().map(|one| format!("{:?}", shown(one))).collect();
            let detail = format!("supported values: {}", supported.join(", "));
            self.push(FieldErrorKind::NotSupported, Some(value.clone()), detail);
        }
    }

    fn number(&mut self, value: &Value, number: f64, constraint: &Constraint) {
        if let Some(most) = constraint.maximum {
            if constraint.exclusive_maximum && number >= most {
                self.should(value, format!("be less than {most}"));
            } else if !constraint.exclusive_maximum && number > most {
                self.should(value, format!("be less than or equal to {most}"));
            }
        }
        if let Some(least) = constraint.minimum {
            if constraint.exclusive_minimum && number <= least {
                self.should(value, format!("be greater than {least}"));
            } else if !constraint.exclusive_minimum && number < least {
                self.should(value, format!("be greater than or equal to {least}"));
            }
        }
        if let Some(factor) = constraint.multiple_of
            && factor != 0.0
            && (number / factor).fract() != 0.0
        {
            self.should(value, format!("be a multiple of {factor}"));
        }
    }

    fn text(&mut self, value: &Value, text: &str, constraint: &Constraint) {
        let length = text.chars().count() as u64;
        if let Some(most) = constraint.max_length.filter(|most| length > *most) {
            let bytes = if most == 1 { "byte" } else { "bytes" };
            self.push(FieldErrorKind::TooLong, None, format!("may not be more than {most} {bytes}"));
        }
        if let Some(least) = constraint.min_length.filter(|least| length < *least) {
            self.should(value, format!("be at least {least} chars long"));
        }
        if let Some(pattern) = &constraint.pattern
            && !pattern.0.is_match(text)
        {
            self.should(value, format!("match '{}'", pattern.0.as_str()));
        }
        if let Some(name) = &constraint.format
            && !format::fits(name, text)
        {
            let detail = format!("{} in body must be of type {name}: {text:?}", self.path);
            self.push(FieldErrorKind::TypeInvalid, Some(value.clone()), detail);
        }
    }

    fn items(&mut self, value: &Value, items: &[Value], constraint: &Constraint, depth: usize) {
        let count = items.len() as u64;
        if let Some(least) = constraint.min_items.filter(|least| count < *least) {
            self.should(&Value::from(count), format!("have at least {least} items"));
        }
        if let Some(most) = constraint.max_items.filter(|most| count > *most) {
            self.too_many(count, most);
        }
        if constraint.unique_items {
            let mut sorted: Vec<&Value> = items.iter().collect();
            sorted.sort_by(|a, b| crate::compare_values(a, b));
            if sorted.windows(2).any(|pair| matches!(pair, [a, b] if same_value(a, b))) {
                let detail = format!("{} in body shouldn't contain duplicates", self.path);
                self.push(FieldErrorKind::Invalid, Some(value.clone()), detail);
            }
        }
        if let Some(below) = &constraint.items {
            for (index, item) in items.iter().enumerate() {
                self.below_item(index, |validator| validator.constraint(item, below, depth + 1));
            }
        }
    }

    fn entries(
        &mut self,
        value: &Value,
        entries: &Map<String, Value>,
        constraint: &Constraint,
        depth: usize,
    ) {
        let count = entries.len() as u64;
        if let Some(least) = constraint.min_properties.filter(|least| count < *least) {
            self.should(value, format!("have at least {least} properties"));
        }
        if let Some(most) = constraint.max_properties.filter(|most| count > *most) {
            self.too_many(count, most);
        }
        for name in constraint.required.iter().filter(|name| !entries.contains_key(*name)) {
            self.below_field(name, |validator| validator.push(FieldErrorKind::Required, None, ""));
        }
        for (name, child) in entries {
            if let Some(below) = constraint.properties.get(name).or(constraint.additional.as_deref()) {
                self.below_field(name, |validator| validator.constraint(child, below, depth + 1));
            }
        }
    }

    fn junctors(&mut self, value: &Value, constraint: &Constraint, depth: usize) {
        let attempts = |validator: &mut Self, branches: &[Constraint]| -> Vec<Vec<FieldError>> {
            let mut results = Vec::with_capacity(branches.len());
            for branch in branches {
                let before = validator.errors.len();
                validator.constraint(value, branch, depth + 1);
                results.push(validator.errors.split_off(before));
            }
            results
        };
        if !constraint.any_of.is_empty() {
            let results = attempts(self, &constraint.any_of);
            if !results.iter().any(Vec::is_empty) {
                self.junctor("must validate at least one schema (anyOf)");
                self.errors.extend(results.into_iter().next().into_iter().flatten());
            }
        }
        if !constraint.one_of.is_empty() {
            let results = attempts(self, &constraint.one_of);
            match results.iter().filter(|errors| errors.is_empty()).count() {
                1 => {}
                0 => {
                    self.junctor("must validate one and only one schema (oneOf). Found none valid");
                    self.errors.extend(results.into_iter().next().into_iter().flatten());
                }
                valid => self.junctor(&format!(
                    "must validate one and only one schema (oneOf). Found {valid} valid alternatives"
                )),
            }
        }
        if !constraint.all_of.is_empty() {
            let results = attempts(self, &constraint.all_of);
            let valid = results.iter().filter(|errors| errors.is_empty()).count();
            let total = results.len();
            self.errors.extend(results.into_iter().flatten());
            if valid < total {
                let none = if valid == 0 { ". None validated" } else { "" };
                self.junctor(&format!("must validate all the schemas (allOf){none}"));
            }
        }
        if let Some(not) = &constraint.not
            && attempts(self, std::slice::from_ref(&**not)).iter().all(Vec::is_empty)
        {
            self.junctor("must not validate the schema (not)");
        }
    }

    /// Junctors name their place in the message only.
    fn junctor(&mut self, problem: &str) {
        let detail = format!("{:?} {problem}", self.path);
        let value = Some(Value::from(""));
        self.errors.push(FieldError { kind: FieldErrorKind::Invalid, path: String::new(), value, detail });
    }

    fn should(&mut self, value: &Value, wish: String) {
        let detail = format!("{} in body should {wish}", self.path);
        self.push(FieldErrorKind::Invalid, Some(value.clone()), detail);
    }

    fn too_many(&mut self, count: u64, most: u64) {
        let items = if most == 1 { "item" } else { "items" };
        self.push(FieldErrorKind::TooMany, Some(count.into()), format!("must have at most {most} {items}"));
    }
}
