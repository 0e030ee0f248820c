//! How property names are written in CEL: `__` stands for what a name of CEL cannot hold.

use mainstay_expr::RESERVED;

const MEANINGFUL: [&str; 4] = ["true", "false", "null", "in"];

/// The name that expressions use; nothing for a property that they cannot speak of.
pub(super) fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if MEANINGFUL.contains(&name) || RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '_' if rest.starts_with("__") => {
                out.push_str("__underscores__");
                2
            }
            '.' => {
                out.push_str("__dot__");
                1
            }
            '-' => {
                out.push_str("__dash__");
                1
            }
            '/' => {
                out.push_str("__slash__");
                1
            }
            c if c == '_' || c.is_ascii_alphanumeric() => {
                out.push(c);
                1
            }
            _ => return None,
        };
        rest = &rest[taken..];
    }
    Some(out)
}

#[test]
fn names_are_escaped_as_kubernetes_escapes_them() {
    for (name, expected) in [
        ("a", Some("a")),
        ("namespace", Some("__namespace__")),
        ("a-b", Some("a__dash__b")),
        ("a.b/c", Some("a__dot__b__slash__c")),
        ("a__b", Some("a__underscores__b")),
        ("a___b", Some("a__underscores___b")),
        ("_a", Some("_a")),
        ("1a", None),
        ("a b", None),
        ("", None),
        ("é", None),
    ] {
        assert_eq!(escape(name).as_deref(), expected, "{name}");
    }
}
