use super::values;
use crate::{emit, emit_documents, emit_indented};
use serde_json::{Value, json};

#[test]
fn maps_and_lists_look_as_kubernetes_prints_them() {
    let value = json!({"b": [{"c": [1, [2]], "d": {}}, "x"], "a10": null, "a9": [], "é": {"f": [{}]}});
    let text = emit(&value);
    assert_eq!(text, "a9: []\na10: null\nb:\n- c:\n  - 1\n  - - 2\n  d: {}\n- x\né:\n  f:\n  - {}\n");
    assert_eq!(values(&text), [value]);
}

#[test]
fn indented_lists_stand_under_their_key_and_nothing_is_folded() {
    let long = "word ".repeat(30);
    let value =
        json!({"a": [1, 1e6, 2.5, "yes"], "b": {"c": [{"d": 1, "e": []}, {}]}, "l": long, "n": [[1], [2]]});
    let expected = format!(
        "a:\n  - 1\n  - 1e+06\n  - 2.5\n  - \"yes\"\nb:\n  c:\n    - d: 1\n      e: []\n    - {{}}\nl: '{long}'\n\
         \"n\":\n  - - 1\n  - - 2\n"
    );
    assert_eq!(emit_indented(&value), expected);
}

#[test]
fn what_a_reader_would_misread_is_quoted() {
    let cases = [
        ("yes", "\"yes\""),
        ("1e3", "\"1e3\""),
        ("0644", "\"0644\""),
        ("08", "\"08\""),
        ("1_000", "\"1_000\""),
        ("1:30", "\"1:30\""),
        ("2020-01-01", "\"2020-01-01\""),
        ("null", "\"null\""),
        ("", "\"\""),
        (".inf", "\".inf\""),
        (" lead", "' lead'"),
        ("a: b", "'a: b'"),
        ("it's: #", "'it''s: #'"),
        ("a\tb", "\"a\\tb\""),
        ("\u{2028}", "\"\\L\""),
        ("--- a", "'--- a'"),
        ("@a", "'@a'"),
        ("plain text", "plain text"),
        ("http://a:80/#b", "http://a:80/#b"),
        ("1.2.3", "1.2.3"),
        ("<<", "<<"),
    ];
    for (text, written) in cases {
        assert_eq!(emit(&json!({ "a": text })), format!("a: {written}\n"));
        assert_eq!(values(&format!("a: {written}\n")), [json!({ "a": text })]);
    }
    assert_eq!(emit(&json!({"<<": 1, "on": 2})), "\"<<\": 1\n\"on\": 2\n");
}

#[test]
fn text_of_several_lines_is_a_block() {
    let cases = [
        ("a\nb\n", "|\n  a\n  b\n"),
        ("a\n\n b", "|-\n  a\n\n   b\n"),
        ("a\n\n", "|+\n  a\n\n"),
        ("\n", "|2+\n\n"),
        (" a\n", "|2\n   a\n"),
        ("a \nb", "\"a \\nb\"\n"),
    ];
    for (text, written) in cases {
        assert_eq!(emit(&json!({ "k": text })), format!("k: {written}"));
        assert_eq!(values(&format!("k: {written}")), [json!({ "k": text })]);
    }
}

#[test]
fn keys_that_are_long_or_have_several_lines_are_explicit() {
    let long = "k".repeat(129);
    let value = json!({long.as_str(): {"a": 1}, "b\nc": [1]});
    let text = emit(&value);
    assert_eq!(text, format!("? |-\n  b\n  c\n: - 1\n? {long}\n: a: 1\n"));
    assert_eq!(values(&text), [value]);
}

#[test]
fn long_text_is_folded_behind_column_80() {
    let value = json!({"a": "word ".repeat(30).trim_end(), "b": format!("'{}", "x y ".repeat(30))});
    let text = emit(&value);
    assert!(text.lines().all(|line| line.len() < 90), "{text}");
    assert_eq!(values(&text), [value]);
}

#[test]
fn floats_are_printed_as_go_prints_them() {
    let written = |value: f64| emit(&Value::from(value)).trim_end().to_owned();
    assert_eq!(written(1.0), "1");
    assert_eq!(written(-0.5), "-0.5");
    assert_eq!(written(123456.5), "123456.5");
    assert_eq!(written(1234567.5), "1.2345675e+06");
    assert_eq!(written(0.0001), "0.0001");
    assert_eq!(written(0.00001), "1e-05");
    assert_eq!(written(1e20), "1e+20");
    assert_eq!(written(-1400551366359207.2), "-1.4005513663592072e+15");
}

#[test]
fn keys_are_in_natural_order_and_a_circle_of_keys_does_no_harm() {
    let value = json!({"a10": 1, "a9": 1, "b": 1, "B": 1, "_": 1, "1": 1, "a": 1, "a-b": 1, "a01": 1});
    let text = emit(&value);
    let keys: Vec<_> = text.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(keys, ["_", "\"1\"", "B", "a", "a-b", "a01", "a9", "a10", "b"]);
    let odd: Vec<String> =
        (0..2_000).map(|i| format!("{}{}{}", ["0", "-", "a", "00"][i % 4], i % 7, i)).collect();
    let value: Value = odd.into_iter().map(|key| (key, json!(1))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(values(&emit(&value)), [value]);
}

#[test]
fn documents_are_separated() {
    assert_eq!(emit_documents(&[json!({"a": 1}), json!("b\nc\n")]), "a: 1\n---\n|\n  b\n  c\n");
}
