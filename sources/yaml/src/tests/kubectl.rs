//! What the real kubectl reads.
use super::read;
use crate::emit_documents;
use mainstay_harness::real_or_skip;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Inputs and what kubectl made of them: `cargo xtask goldens yaml` records it.
#[test]
fn recorded_files_are_read_as_kubectl_read_them() {
    let folder = mainstay_harness::here!().join("tests/data");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        count += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let golden = std::fs::read(path.with_extension("json")).unwrap();
        let golden: Value = serde_json::from_slice(&golden).unwrap();
        let loaded = read(&text);
        if golden.get("error").is_some() {
            assert!(!loaded.complete, "{}: kubectl says {golden}", path.display());
            continue;
        }
        assert!(loaded.complete, "{}: {:?}", path.display(), loaded.diagnostics);
        let found: Vec<_> = loaded.documents.iter().map(|d| d.root.to_json()).collect();
        assert_eq!(Value::from(found), golden, "{}", path.display());
    }
    assert!(count > 20);
}

#[test]
fn kubectl_reads_what_is_printed_as_what_it_was() {
    let Some(server) = real_or_skip("kubectl_reads_what_is_printed_as_what_it_was") else { return };
    let mut runner = TestRunner::deterministic();
    let objects: Vec<Value> = (0..2_000)
        .map(|i| {
            let value = any_json().new_tree(&mut runner).unwrap().current();
            let metadata = json!({"name": format!("a{i}"), "namespace": "default"});
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "value": value})
        })
        .collect();
    let text = emit_documents(&objects);
    let create = ["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-"];
    let output = server.kubectl_with(&create, &text);
    assert!(output.success(), "{}", output.stderr);
    let read: Vec<Value> =
        serde_json::Deserializer::from_str(&output.stdout).into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(read.len(), objects.len());
    for (object, read) in objects.iter().zip(&read) {
        assert_eq!(object, read, "{}", crate::emit(object));
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_what_it_was(value in any_json()) {
        let text = crate::emit(&value);
        let loaded = read(&text);
        let found: Vec<_> = loaded.documents.iter().map(|d| d.root.to_json()).collect();
        let expected = if value.is_null() { vec![] } else { vec![value] };
        prop_assert_eq!(found, expected, "{}", text);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Halves and eighths: a JSON parser may be off by the last digit of others.
        any::<i32>().prop_filter_map("integral", |n| (n % 8 != 0).then(|| Value::from(f64::from(n) / 8.0))),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Text that readers are prone to misread.
fn any_text() -> impl Strategy<Value = String> {
    const WORDS: [&str; 48] = [
        "yes",
        "no",
        "on",
        "y",
        "true",
        "null",
        "~",
        "0644",
        "08",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        "2001-01-01",
        "1:30",
        "<<",
        "-",
        "--",
        "---",
        "...",
        "?",
        ":",
        "#",
        "@",
        "`",
        "%",
        "&",
        "*",
        "!",
        "|",
        ">",
        "'",
        "\"",
        ",",
        "[",
        "]",
        "{",
        "}",
        "a",
        "é",
        "日本",
        "😀",
        "\\",
        "\t",
        "\r",
        "\u{0}",
        "\u{85}",
        "\u{feff}",
    ];
    let word = prop::sample::select(&WORDS[..]);
    let gap = prop::sample::select(&["", "", " ", "  ", "\n", "\n\n"][..]);
    let mixed = prop::collection::vec((gap, word), 0..8)
        .prop_map(|parts| parts.into_iter().flat_map(|(gap, word)| [gap, word]).collect::<String>());
    let tail = prop::sample::select(&["", "", "", " ", "\n", "\n\n"][..]);
    let long = prop::collection::vec("[a-z:#' ]{1,9}", 20..40).prop_map(|words| words.join(" "));
    prop_oneof![4 => (mixed, tail).prop_map(|(text, tail)| text + tail), 1 => long, 1 => ".{0,9}"]
}
