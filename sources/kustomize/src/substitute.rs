//! Flux's post-build substitution: bash-like `${var}` expressions in an object's YAML, which is then read again, so that
//! a variable may become a number, a list or a map.
pub(crate) mod expression;
mod pattern;
mod quick;
#[cfg(test)]
mod tests;

use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::{Diagnostics, codes::yaml};
use mainstay_object::Object;
use mainstay_unit::Desired;
use std::collections::BTreeMap;

/// How to substitute.
#[derive(Debug, Clone, Copy)]
pub struct Substitute<'a> {
    pub variables: &'a BTreeMap<String, String>,
    /// A variable without value and default is an error instead of nothing.
    pub strict: bool,
    /// The label or annotation that excludes an object where its value is `disabled`.
    pub switch: &'a str,
    /// Bytes that one object may grow to.
    pub most: usize,
}

/// Substitutes in every object. Values never appear in the diagnostics: they may be secrets.
pub fn substitute(objects: Vec<Desired>, how: &Substitute<'_>) -> Result<Vec<Desired>, Diagnostics> {
    if how.variables.is_empty() {
        return Ok(objects);
    }
    let mut done = Vec::with_capacity(objects.len());
    let mut problems = Diagnostics::new();
    if let Some(name) = how.variables.keys().find(|name| !is_name(name)) {
        let message = format!("{name:?} can't be the name of a variable");
        return Err(mainstay_diagnostic::Diagnostic::new(&codes::SUBSTITUTION, message)
            .hint("a name is made of letters, digits and underscores, and begins with no digit")
            .into());
    }
    for desired in objects {
        let object = &desired.object;
        let disabled = Some("disabled");
        if object.label(how.switch) == disabled || object.annotation(how.switch) == disabled {
            done.push(desired);
            continue;
        }
        let found = match quick::quick(object.value(), how.variables, how.most) {
            quick::Quick::Unchanged => {
                done.push(desired);
                continue;
            }
            quick::Quick::Changed(found) => Some(found),
            quick::Quick::Unsure => None,
        };
        let Desired { object, origin } = desired;
        let result = match found {
            Some(found) => with_texts(object, found),
            None => one(&object, how).map(|changed| changed.unwrap_or(object)),
        };
        match result {
            Ok(object) => done.push(Desired { object, origin }),
            Err(problem) => problems.push(problem.located(origin)),
        }
    }
    if problems.is_empty() { Ok(done) } else { Err(problems) }
}

fn with_texts(object: Object, found: Vec<mainstay_object::Value>) -> Result<Object, Problem> {
    let key = object.key();
    let mut value = object.into_value();
    quick::apply(&mut value, &mut found.into_iter());
    Object::new(value).map_err(|e| {
        Problem::new(&codes::SUBSTITUTION, format!("{key}: after substitution the document {e}"))
    })
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
        && chars.all(|c| c == '_' || c.is_ascii_alphanumeric())
}

fn one(object: &Object, how: &Substitute<'_>) -> Result<Option<Object>, Problem> {
    let text = mainstay_yaml::emit(object.value());
    if !text.contains('$') {
        return Ok(None);
    }
    let named = |message: String| Problem::new(&codes::SUBSTITUTION, format!("{}: {message}", object.key()));
    let variable = |name: &str| match how.variables.get(name) {
        Some(value) => Some(value.replace('\n', "")),
        None if how.strict => None,
        None => Some(String::new()),
    };
    let substituted = expression::expand(&text, &variable, how.most).map_err(|e| {
        let hint = match e {
            expression::Wrong::NotSet(_) => "give it a value, or a default as in ${name:=default}",
            _ => "write $${ for a literal ${",
        };
        named(e.to_string()).hint(hint)
    })?;
    let loaded = mainstay_yaml::load("", substituted.as_bytes(), &mainstay_yaml::Limits::default());
    if let Some(error) = loaded.diagnostics.errors().next() {
        // The reader's own words could show a value.
        let limit = *error.code == yaml::LIMIT;
        let why = if limit { "is over a limit of YAML documents" } else { "is not valid YAML" };
        return Err(named(format!("after substitution the object {why} ({})", error.code.title)));
    }
    let value = loaded.documents.into_iter().next().map(|d| d.root.into_json()).unwrap_or_default();
    Object::new(value).map(Some).map_err(|e| named(format!("after substitution the document {e}")))
}
