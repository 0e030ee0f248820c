use super::{problems, read};
use crate::{Limits, load};

/// The only problem of a text: message, snippet and hint.
fn told(text: &str) -> (String, Option<String>, Option<String>) {
    let all = read(text).diagnostics.sorted();
    assert_eq!(all.len(), 1, "{all:?}");
    (all[0].to_string(), all[0].snippet.clone(), all[0].hint.clone())
}

#[test]
fn common_mistakes_come_with_a_hint() {
    let cases = [
        ("a:\n\tb: c\n", "tabs"),
        ("a: {{ .Values.b }}\n", "template"),
        ("a: x {{ b }}: c\n", "quotes"),
        ("a: b: c\n", "`: `"),
        ("- name: see: this\n", "`: `"),
        ("a: @b\n", "backtick"),
        ("a: `b\n", "backtick"),
        ("a: %b\n", "`%`"),
        ("a: *.example.com\n", "`*`"),
        ("a: \"b\" c\n", "second quote"),
        ("a: 1\n--- b\n", "next line"),
    ];
    for (text, word) in cases {
        let (message, _, hint) = told(text);
        assert!(hint.as_ref().is_some_and(|hint| hint.contains(word)), "{text:?}: {message} {hint:?}");
    }
}

#[test]
fn a_problem_shows_its_line() {
    let (message, snippet, _) = told("a: 1\nb: c: d\n");
    assert_eq!(message, "f.yaml:2:5: error[MS1001]: a map (`: `) is not allowed here");
    assert_eq!(snippet.as_deref(), Some("b: c: d"));
}

#[test]
fn no_line_of_a_secret_is_shown() {
    for text in ["kind: Secret\ndata:\n  a: @hunter2\n", "{\"kind\":\"Secret\",\"a\": hunter2: x}"] {
        let all = read(text).diagnostics.sorted();
        assert!(!all.is_empty());
        for problem in all {
            assert_eq!(problem.snippet, None);
            assert!(!problem.message.contains("hunter2"));
        }
    }
}

#[test]
fn keys_and_values_that_json_cannot_hold_are_all_told() {
    assert_eq!(
        problems("~: a\nb: .inf\n? [c]\n: d\ne: -.inf\n"),
        ["1:1 MS1005", "2:4 MS1006", "3:3 MS1005", "5:4 MS1006"]
    );
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let code = |bytes: &[u8]| {
        let loaded = load("f", bytes, &Limits::default());
        assert!(!loaded.complete);
        loaded.diagnostics.sorted()[0].to_string()
    };
    assert_eq!(code(b"a: 1\nb: \xff\n"), "f:2:4: error[MS1004]: a byte that is not UTF-8");
    assert_eq!(code(b"\xff\xfea\0:\0"), "f:1:1: error[MS1004]: the file is UTF-16");
    assert_eq!(code(b"a: \x07"), "f:1:4: error[MS1001]: the control character U+0007 is not allowed");
}

#[test]
fn a_file_full_of_problems_is_not_read_to_its_end() {
    let loaded = read(&"a: @\n---\n".repeat(1_000));
    assert_eq!(loaded.diagnostics.len(), 101);
    let last = loaded.diagnostics.iter().last().unwrap();
    assert_eq!(last.code.id, "MS1003");
}
