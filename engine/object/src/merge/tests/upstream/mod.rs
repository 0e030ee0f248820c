//! The cases of `sigs.k8s.io/structured-merge-diff` v6.3.3, which kube-apiserver 1.36 is built with, restated as data.
//!
//! Each file of data stands for one upstream file of tests, each case names the upstream test that it stands for. Of a
//! table of rows the whole table is one case here. `{1}`, `{2}` and `{3}` in a case stand for the versions `v1`, `v2`
//! and `v3` in all 27 orders, as upstream's loops have them.
//!
//! Restated a little: an extract always brings the keys of items along; where upstream's schema says "anything, as a
//! whole", which no OpenAPI document says, the type is an atomic map for rows with maps; messages tell types as JSON
//! gives them, not as upstream's YAML reader does.
//!
//! Not here, because nothing here corresponds to it:
//! - `fieldpath/fromvalue_test.go`: sets guessed from a value alone. Without a schema an API server uses the deduced
//!   type, whose cases are here.
//! - `fieldpath/managers_test.go`, `TestManagersEquals`: the difference of two lists of owners. Only upstream's own tests
//!   ask for it; that lists are equal or not is here.
//! - `fieldpath/pathelementmap_test.go`, `TestPathElementSet`, `TestSetNodeMapIterate`: containers keyed by path
//!   elements. Ours are the standard library's; the order that they need is here.
//! - `fieldpath/serialize_test.go`, `TestSerializeV1`: 500 random sets. A property of this crate's field sets is that.
//! - `merge/conflict_test.go`, `TestToSet`: a set of all conflicts. Conflicts are a value per manager here.
//! - `typed/helpers_test.go`, `TestInvalidOverride`, and `typed/validate_test.go`, `TestSchemaSchema`: schemas that are
//!   wrong in upstream's own schema language. Ours come from OpenAPI, and what is wrong there has tests of its own.
//! - `typed/symdiff_test.go`, the table "untyped separable": anything whose lists are sets. No OpenAPI document says so.
//! - benchmarks, and the packages `schema`, `value`, `internal/cli`: Go's reflection, caches and a command line.

mod fields;
mod stories;
mod values;
mod versions;

use crate::{FieldPath, FieldSet, PathElement};
use serde_json::Value;

/// Upstream's file, our data, how many cases it holds and how many rows or orders are in them.
const FILES: [(&str, &str, usize, usize); 29] = [
    ("fieldpath/element_test.go", include_str!("fieldpath/element.json"), 1, 34),
    ("fieldpath/managers_test.go", include_str!("fieldpath/managers.json"), 1, 7),
    ("fieldpath/path_test.go", include_str!("fieldpath/path.json"), 1, 11),
    ("fieldpath/serialize-pe_test.go", include_str!("fieldpath/serialize_pe.json"), 3, 36),
    ("fieldpath/serialize_test.go", include_str!("fieldpath/serialize.json"), 3, 6),
    ("fieldpath/set_test.go", include_str!("fieldpath/set.json"), 17, 72),
    ("merge/conflict_test.go", include_str!("merge/conflict.json"), 2, 2),
    ("merge/deduced_test.go", include_str!("merge/deduced.json"), 10, 10),
    ("merge/default_keys_test.go", include_str!("merge/default_keys.json"), 8, 8),
    ("merge/duplicates_test.go", include_str!("merge/duplicates.json"), 15, 15),
    ("merge/extract_apply_test.go", include_str!("merge/extract_apply.json"), 15, 15),
    ("merge/field_level_overrides_test.go", include_str!("merge/field_level_overrides.json"), 4, 4),
    ("merge/ignore_test.go", include_str!("merge/ignore.json"), 11, 11),
    ("merge/key_test.go", include_str!("merge/key.json"), 1, 1),
    ("merge/leaf_test.go", include_str!("merge/leaf.json"), 11, 11),
    ("merge/multiple_appliers_test.go", include_str!("merge/multiple_appliers.json"), 24, 206),
    ("merge/nested_test.go", include_str!("merge/nested.json"), 15, 15),
    ("merge/obsolete_versions_test.go", include_str!("merge/obsolete_versions.json"), 2, 2),
    ("merge/preserve_unknown_test.go", include_str!("merge/preserve_unknown.json"), 1, 1),
    ("merge/schema_change_test.go", include_str!("merge/schema_change.json"), 8, 8),
    ("merge/set_test.go", include_str!("merge/set.json"), 10, 10),
    ("typed/comparison_test.go", include_str!("typed/comparison.json"), 1, 3),
    ("typed/deduced_test.go", include_str!("typed/deduced.json"), 4, 118),
    ("typed/merge_test.go", include_str!("typed/merge.json"), 6, 64),
    ("typed/reconcile_schema_test.go", include_str!("typed/reconcile_schema.json"), 7, 7),
    ("typed/remove_test.go", include_str!("typed/remove.json"), 14, 153),
    ("typed/symdiff_test.go", include_str!("typed/symdiff.json"), 9, 136),
    ("typed/toset_test.go", include_str!("typed/toset.json"), 4, 29),
    ("typed/validate_test.go", include_str!("typed/validate.json"), 3, 81),
];

#[test]
fn every_upstream_case_passes() {
    let mut failures = Vec::new();
    let mut miscounted = Vec::new();
    for (file, data, cases, rows) in FILES {
        let found = run(file, data, &mut failures);
        if found != (cases, rows) {
            miscounted.push(format!("{file}: {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(miscounted.is_empty(), "the table of files says otherwise:\n{}", miscounted.join("\n"));
}

fn run(file: &str, data: &str, failures: &mut Vec<String>) -> (usize, usize) {
    let data: Value = serde_json::from_str(data).unwrap_or_else(|error| panic!("{file}: {error}"));
    let none = Value::Null;
    let (schemas, cases) = match &data {
        Value::Array(cases) => (&none, cases),
        _ => (&data["schemas"], data["cases"].as_array().expect("cases")),
    };
    let mut total = 0;
    for case in cases {
        let place = format!("{file}, {}: {}", text(&case["stands for"]), text(&case["name"]));
        let (rows, problems) = if case.get("steps").is_some() {
            stories::run(case, schemas)
        } else if case.get("types").is_some() || case["check"] == "exclude" {
            values::run(case)
        } else {
            fields::run(case)
        };
        total += rows;
        failures.extend(problems.into_iter().map(|problem| format!("{place}: {problem}")));
    }
    (cases.len(), total)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// A list of paths; null is an empty one.
fn set(paths: &Value) -> FieldSet {
    paths.as_array().into_iter().flatten().map(path).collect()
}

fn path(steps: &Value) -> FieldPath {
    FieldPath(steps.as_array().expect("a path").iter().map(element).collect())
}

/// A text is a field, a number an index, `{"=": value}` an item of a set, other maps are keys.
fn element(step: &Value) -> PathElement {
    match step {
        Value::String(name) => PathElement::field(name),
        Value::Number(index) => PathElement::Index(index.as_u64().expect("an index") as usize),
        Value::Object(map) => match map.get("=") {
            Some(value) => PathElement::Value(value.clone()),
            None => PathElement::Key(map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()),
        },
        other => panic!("no step of a path: {other}"),
    }
}

/// What is wrong, unless both are the same.
fn differ(what: &str, found: &FieldSet, expected: &FieldSet) -> Option<String> {
    let shown = |set: &FieldSet| set.paths().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    (found != expected).then(|| format!("{what} {}, expected {}", shown(found), shown(expected)))
}
