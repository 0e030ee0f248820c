use crate::{Limits, Loaded, load};
use std::time::{Duration, Instant};

fn read(text: &str, limits: Limits) -> Loaded {
    load("f", text.as_bytes(), &limits)
}

/// Exactly one problem: MS1003 at a place.
fn refused(loaded: &Loaded) -> String {
    let problems: Vec<_> = loaded.diagnostics.iter().collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].code.id, "MS1003", "{}", problems[0]);
    assert!(!loaded.complete);
    problems[0].location.as_ref().unwrap().to_string()
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(refused(&read("a: 12345678", limits)), "f:1:1");
    assert!(read("a: 1234567", limits).complete);
}

#[test]
fn depth_is_limited_in_block_in_flow_in_json_and_through_aliases() {
    let limits = Limits { depth: 3, ..Limits::default() };
    assert!(read("a:\n  b:\n    c: 1\n", limits).complete);
    assert_eq!(refused(&read("a:\n  b:\n    c:\n      d: 1\n", limits)), "f:4:7");
    assert_eq!(refused(&read("[[[[]]]]", limits)), "f:1:4");
    assert_eq!(refused(&read("{\"a\":[[[]]]}", limits)), "f:1:8");
    assert_eq!(refused(&read("a: &x [[1]]\nb: [*x]\n", limits)), "f:2:5");
}

#[test]
fn no_limit_lets_depth_exhaust_the_stack() {
    let limits = Limits { depth: usize::MAX, ..Limits::default() };
    for text in ["[".repeat(200_000), "{\"a\":".repeat(200_000), "- ".repeat(200_000), "? ".repeat(200_000)] {
        refused(&read(&text, limits));
    }
    let deepest = format!("{}{}", "[".repeat(Limits::MAX_DEPTH), "]".repeat(Limits::MAX_DEPTH));
    let loaded = read(&deepest, limits);
    assert!(loaded.complete);
    drop(loaded.documents[0].root.to_json());
}

#[test]
fn aliases_nodes_and_documents_are_counted() {
    let limits = Limits { aliases: 2, ..Limits::default() };
    assert_eq!(refused(&read("a: &x 1\nb: [*x, *x, *x]\n", limits)), "f:2:13");
    let limits = Limits { nodes: 5, ..Limits::default() };
    assert_eq!(refused(&read("[1, 2, 3, 4, 5]", limits)), "f:1:14");
    let limits = Limits { documents: 2, ..Limits::default() };
    let loaded = read("a: 1\n---\nb: 1\n---\nc: 1\n", limits);
    assert_eq!(refused(&loaded), "f:5:1");
    assert_eq!(loaded.documents.len(), 2);
}

#[test]
fn a_bomb_is_refused_at_once() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..20 {
        let aliases = vec![format!("*a{}", i - 1); 10].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{aliases}]\n"));
    }
    let start = Instant::now();
    refused(&read(&text, Limits::default()));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn anchors_within_anchors_cost_no_more_than_the_limit() {
    let nested: String = (0..90).map(|i| format!("&a{i} [")).collect();
    let text = format!("{nested}{}{}", "x,".repeat(100_000), "]".repeat(90));
    refused(&read(&text, Limits::default()));
}

#[test]
fn hostile_text_takes_linear_time() {
    let many = 200_000;
    let keys: String = (0..many).map(|i| format!("k{i}: 0\n")).collect();
    let start = Instant::now();
    for text in [
        keys,
        "a: 1\n---\n".repeat(9_000),
        "[a, ".repeat(90) + &"b, ".repeat(many),
        "\"".repeat(2 * many),
        format!("a: \"{}\n", "\\x41 \n".repeat(many)),
        "#\n".repeat(2 * many),
        "a: 1\na: 1\n".repeat(many / 4),
        format!("{{\"a\":\"{}\"}}", "é".repeat(many)),
    ] {
        read(&text, Limits::default());
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
