//! The values of a unit's chart, merged as helm-controller merges them: those of ConfigMaps and Secrets in their order,
//! then those of the declaration.
use crate::inputs::Inputs;
use crate::references::{Lacking, content};
use mainstay_diagnostic::Location;
use mainstay_helm::{Form, Values};
use mainstay_kustomize::{Substitute, substitute};
use mainstay_object::{Object, Value};
use mainstay_unit::{Chart, Claim, Desired, ReferenceKind, ValuesSource};
use mainstay_yaml::{Limits, load_last_wins};
use std::collections::BTreeMap;

/// Bytes that values may grow to by their variables.
const SUBSTITUTED: usize = 5 << 20;

/// What a unit's references hold, each with its text; optional ones that are not there are left out.
pub(crate) type Given<'a> = Vec<(&'a ValuesSource, &'a str)>;

/// Asks for everything at once.
pub(crate) fn given<'a>(chart: &'a Chart, claim: &Claim, inputs: &'a Inputs) -> Result<Given<'a>, Lacking> {
    let mut out = Vec::new();
    let mut lacking: Option<Lacking> = None;
    for source in &chart.values_from {
        let reference = &source.reference;
        let text = content(reference, claim, source.optional, inputs).and_then(|held| match held {
            Some(held) => match held.text(&source.key) {
                Ok(None) if !source.optional => {
                    Err(Lacking::of(format!("{reference} has no key {}", source.key)))
                }
                Ok(text) => Ok(text),
                Err(why) => Err(Lacking::of(format!("{reference}: {why}"))),
            },
            None => Ok(None),
        });
        match text {
            Ok(text) => out.extend(text.map(|text| (source, text))),
            Err(why) => why.join(&mut lacking),
        }
    }
    match lacking {
        Some(lacking) => Err(lacking),
        None => Ok(out),
    }
}

/// Whether anything comes out of a Secret.
pub(crate) fn are_secret(given: &Given<'_>) -> bool {
    given.iter().any(|(source, _)| source.reference.kind == ReferenceKind::Secret)
}

/// What is wrong with one of them, without a word of what it holds.
pub(crate) fn merged(chart: &Chart, given: &Given<'_>) -> Result<Values, String> {
    merge_all(chart, given, |_| false)
}

/// The same with everything that comes out of a Secret changed into something else of its kind: what a chart makes of
/// both tells which objects hold secrets, in whatever form.
pub(crate) fn altered(chart: &Chart, given: &Given<'_>) -> Result<Values, String> {
    merge_all(chart, given, |source| source.reference.kind == ReferenceKind::Secret)
}

/// Every text and number that Secrets hold.
pub(crate) fn secret_texts(given: &Given<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (source, text) in given {
        if source.reference.kind == ReferenceKind::Secret {
            match (&source.target_path, read(source, text)) {
                (None, Ok(value)) => leaves(&value, &mut out),
                (Some(_), _) | (_, Err(_)) => out.push((*text).to_owned()),
            }
        }
    }
    out
}

pub(crate) fn leaves(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => out.push(number.to_string()),
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, out)),
    }
}

fn merge_all(
    chart: &Chart,
    given: &Given<'_>,
    with: impl Fn(&ValuesSource) -> bool,
) -> Result<Values, String> {
    let map = |value: Value| Values::read(value).map_err(|why| why.to_string());
    let mut own = map(own(chart)?)?;
    let mut out = Values::default();
    for (source, text) in given {
        let altered = with(source);
        let Some(path) = &source.target_path else {
            let value = read(source, text)?;
            out.merge(map(if altered { other(value) } else { value })?);
            continue;
        };
        // As helm-controller does it: the declaration's values are merged before the single value is set, which is lost
        // again where they say the same, unless it lies in a map that they alone had.
        let shared = is_shared(path, &out.to_json(), &own.to_json());
        out.merge(own.clone());
        let line = Line::of(path, text, source.literal, altered);
        line.set(source, &mut out)?;
        if shared {
            line.set(source, &mut own)?;
        }
    }
    out.merge(own);
    Ok(out)
}

/// The declaration's values, its variables set.
fn own(chart: &Chart) -> Result<Value, String> {
    let how = Substitute {
        variables: &chart.variables,
        strict: true,
        switch: mainstay_flux::SUBSTITUTE_SWITCH,
        most: SUBSTITUTED,
    };
    let holding = serde_json::json!({
        "apiVersion": "v1", "kind": "Values", "metadata": {"name": "values"}, "values": chart.values,
    });
    let object = Object::new(holding).map_err(|error| error.to_string())?;
    let origin = Location::file("values");
    let set = substitute(vec![Desired { object, origin }], &how);
    let set = set.map_err(|problems| {
        let all: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        all.join("; ")
    })?;
    let values = set.into_iter().next().map(|desired| desired.object.into_value());
    Ok(values.and_then(|mut object| object.get_mut("values").map(Value::take)).unwrap_or_default())
}

/// A single value with its place, as `--set` or `--set-string` takes it.
struct Line {
    form: Form,
    text: String,
}

impl Line {
    fn of(path: &str, value: &str, literal: bool, altered: bool) -> Self {
        let quoted = |quote: char| value.starts_with(quote) && value.ends_with(quote);
        let (form, value) = match (literal, quoted('\'') || quoted('"')) {
            (true, _) => (Form::Text, value.to_owned()),
            (false, true) => (Form::Text, value.trim_matches(['\'', '"']).to_owned()),
            (false, false) => (Form::Typed, value.to_owned()),
        };
        let typed = form == Form::Typed && matches!(value.as_str(), "true" | "false" | "null");
        let value = if altered && !typed { other_text(&value) } else { value };
        let value = if literal { escaped(&value) } else { value };
        Self { form, text: format!("{path}={value}") }
    }

    /// An error quotes nothing of the value.
    fn set(&self, source: &ValuesSource, values: &mut Values) -> Result<(), String> {
        let path = source.target_path.as_deref().unwrap_or_default();
        let at = format!("{}, key {}: targetPath {path}", source.reference, source.key);
        values.set(self.form, &self.text).map_err(|error| format!("{at}: {}", error.reason()))
    }
}

/// What `--set` would take for syntax, as it stands.
fn escaped(value: &str) -> String {
    let special = |c: char| matches!(c, '\\' | ',' | '[' | ']' | '{' | '}');
    value.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// Whether setting a path in the merged values sets it in the declaration's values too, because a map or list on the way
/// is theirs alone.
fn is_shared(path: &str, merged: &Value, own: &Value) -> bool {
    let (mut merged, mut own) = (Some(merged), own);
    let keys = keys(path);
    for (i, (key, is_list)) in keys.iter().enumerate() {
        let within = i + 1 < keys.len() || *is_list;
        let Some(theirs) = own.get(key.as_str()).filter(|_| within) else { return false };
        let before = merged.and_then(|merged| merged.get(key.as_str()));
        match (theirs, before) {
            (Value::Object(_), Some(Value::Object(_))) => (merged, own) = (before, theirs),
            (Value::Object(_) | Value::Array(_), _) => return true,
            (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => return false,
        }
    }
    false
}

/// The keys of `a.b[0].c`, and whether an index follows.
fn keys(path: &str) -> Vec<(String, bool)> {
    let mut out = vec![(String::new(), false)];
    let mut rest = path.chars();
    while let Some(c) = rest.next() {
        let at = out.len() - 1;
        match c {
            '\\' => out[at].0.extend(rest.next()),
            '.' => out.push((String::new(), false)),
            '[' => {
                out[at].1 = true;
                rest.by_ref().find(|c| *c == ']');
            }
            c => out[at].0.push(c),
        }
    }
    out
}

/// A map of values, as Kubernetes reads YAML: of a key that is there twice, the last.
fn read(source: &ValuesSource, text: &str) -> Result<Value, String> {
    let name = format!("{}, key {}", source.reference, source.key);
    map_of(&name, text.as_bytes())
}

pub(crate) fn map_of(name: &str, bytes: &[u8]) -> Result<Value, String> {
    let loaded = load_last_wins(name, bytes, &Limits::default());
    if let Some(problem) = loaded.diagnostics.errors().next() {
        let at = problem.location.as_ref().and_then(|location| location.span);
        let at = at.map(|span| format!(" at {}", span.start)).unwrap_or_default();
        return Err(format!("{name} can't be read as YAML{at}"));
    }
    match loaded.documents.into_iter().next().map(|document| document.root.into_json()) {
        None | Some(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
        Some(map @ Value::Object(_)) => Ok(map),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(format!("{name} holds no map of values"))
        }
    }
}

/// Maps are merged; whatever else a later one says stands.
pub(crate) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(old) if old.is_object() && value.is_object() => merge(old, value),
                    Some(_) | None => drop(into.insert(key, value)),
                }
            }
        }
        (into, from) => *into = from,
    }
}

/// Another text of the same make, another number; truths and nothings are no secrets.
fn other(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::from(whole.wrapping_add(1)),
            None => Value::from(number.as_f64().unwrap_or_default() + 1.0),
        },
        Value::String(text) => Value::String(other_text(&text)),
        Value::Array(items) => items.into_iter().map(other).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, other(value))).collect())
        }
    }
}

/// A Secret, or a list of them, that holds something else.
pub(crate) fn other_secret(mut object: Value) -> Value {
    if let Some(Value::Array(items)) = object.get_mut("items") {
        items.iter_mut().for_each(|item| *item = other_secret(item.take()));
    }
    for field in ["data", "stringData"] {
        if let Some(data) = object.get_mut(field) {
            *data = other(data.take());
        }
    }
    object
}

fn other_text(text: &str) -> String {
    let next = |c: char| match c {
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from_u32(u32::from(c) + 1).unwrap_or(c),
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        c => c,
    };
    let changed: String = text.chars().map(next).collect();
    if changed == text && !text.is_empty() { format!("{changed}x") } else { changed }
}

/// A text without any of the secrets: longer ones first, since one may be a part of another.
pub(crate) fn hidden(text: String, secrets: &[String]) -> String {
    let mut by_length: BTreeMap<std::cmp::Reverse<usize>, Vec<&String>> = BTreeMap::new();
    for secret in secrets.iter().filter(|secret| secret.len() >= TELLING) {
        by_length.entry(std::cmp::Reverse(secret.len())).or_default().push(secret);
    }
    by_length.into_values().flatten().fold(text, |text, secret| {
        let quoted = format!("{secret:?}");
        text.replace(quoted.trim_matches('"'), "(hidden)").replace(secret.as_str(), "(hidden)")
    })
}

/// Shorter ones are in everything.
pub(crate) const TELLING: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_secret_holds_becomes_something_else_of_its_kind() {
        let value = json!({"a": "v1.9-z", "b": [1, 1.5, true, null], "c": "", "d": "--"});
        assert_eq!(other(value), json!({"a": "w2.0-a", "b": [2, 2.5, true, null], "c": "", "d": "--x"}));
    }

    fn source(key: &str, path: Option<&str>, literal: bool) -> ValuesSource {
        let reference =
            mainstay_unit::Reference { kind: ReferenceKind::Secret, namespace: "n".into(), name: "s".into() };
        ValuesSource {
            reference,
            key: key.into(),
            target_path: path.map(str::to_owned),
            optional: false,
            literal,
        }
    }

    fn chart(values: Value) -> Chart {
        Chart {
            verify: None,
            chart: "c".into(),
            version: "*".into(),
            source: mainstay_unit::SourceId::Platform,
            values_files: Vec::new(),
            ignore_missing_values_files: false,
            values_from: Vec::new(),
            values,
            variables: BTreeMap::new(),
            renderer: mainstay_unit::Renderer::Native,
            release: mainstay_unit::ReleaseOptions::new("r", "n"),
        }
    }

    /// As `ChartValuesFromReferences` of fluxcd/pkg/chartutil comes to it.
    #[test]
    fn single_values_are_set_as_helm_controller_sets_them() {
        let set = |own: Value, lines: &[(&str, &str, bool)]| {
            let sources: Vec<_> =
                lines.iter().map(|(path, _, literal)| source("k", Some(path), *literal)).collect();
            let given = sources.iter().zip(lines).map(|(source, (_, text, _))| (source, *text)).collect();
            merged(&chart(own), &given).map(|values| values.to_json())
        };
        assert_eq!(set(json!({}), &[("a.b", "1", false)]), Ok(json!({"a": {"b": 1}})));
        assert_eq!(set(json!({}), &[("a.b", "'1'", false)]), Ok(json!({"a": {"b": "1"}})));
        assert_eq!(set(json!({}), &[("a.b", "{x},[y]\\", true)]), Ok(json!({"a": {"b": "{x},[y]\\"}})));
        // Within a map that the declaration alone has, the single value stands; where both have one, the declaration's.
        assert_eq!(set(json!({"a": {"b": 2.0}}), &[("a.b", "1", false)]), Ok(json!({"a": {"b": 1}})));
        assert_eq!(set(json!({"a": 2.0}), &[("a", "1", false)]), Ok(json!({"a": 2.0})));
        let twice = [("a.b", "1", false), ("a.b", "3", false)];
        assert_eq!(set(json!({"a": {"b": 2.0}}), &twice), Ok(json!({"a": {"b": 1}})));
        let error = set(json!({}), &[("a[", "hunter2", false)]).unwrap_err();
        assert!(
            error.starts_with("Secret n/s, key k: targetPath a[: ") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_later_map_is_merged_and_anything_else_stands() {
        let mut into = json!({"a": {"x": 1, "y": 2}, "b": {"z": 1}, "c": 1});
        merge(&mut into, json!({"a": {"y": null}, "b": 3, "c": {"d": 1}}));
        assert_eq!(into, json!({"a": {"x": 1, "y": null}, "b": 3, "c": {"d": 1}}));
    }

    #[test]
    fn no_secret_is_left_in_a_text() {
        let secrets =
            ["hunter2".to_owned(), "hunter2-and-more".to_owned(), "a\nb c".to_owned(), "1".to_owned()];
        let said = "1: got \"hunter2-and-more\", hunter2, \"a\\nb c\"".to_owned();
        assert_eq!(hidden(said, &secrets), "1: got \"(hidden)\", (hidden), \"(hidden)\"");
    }
}
