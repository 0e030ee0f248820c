use crate::Glob;

#[test]
fn patterns_match_as_doublestar_does() {
    let cases = [
        ("apps/**", "apps/a/b.yaml", true),
        ("apps/**", "apps/b.yaml", true),
        ("apps/**", "other/b.yaml", false),
        ("**/*.md", "README.md", true),
        ("**/*.md", "a/b/README.md", true),
        ("*.md", "a/README.md", false),
        ("a/*/c", "a/b/c", true),
        ("a/*/c", "a/b/b/c", false),
        ("a?c", "abc", true),
        ("[a-c]x", "bx", true),
        ("[^a-c]x", "bx", false),
        ("{a,b/c}/d", "b/c/d", true),
        ("\\*", "*", true),
        ("\\*", "x", false),
    ];
    for (pattern, path, expected) in cases {
        assert_eq!(Glob::parse(pattern).unwrap().matches(path), expected, "{pattern} {path}");
    }
}

#[test]
fn patterns_that_are_none_are_refused() {
    for pattern in ["[a", "{a", "a\\", &"{a,b}".repeat(12)] {
        assert!(Glob::parse(pattern).is_none(), "{pattern}");
    }
}

#[test]
fn many_wildcards_do_not_take_forever() {
    let glob = Glob::parse(&"*a".repeat(200)).unwrap();
    assert!(!glob.matches(&"a".repeat(190)));
}
