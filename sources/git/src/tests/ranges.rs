use crate::Range;
use crate::range::version_of_tag;

fn check(range: &str, within: &[&str], outside: &[&str]) {
    let parsed = Range::parse(range).unwrap();
    for (versions, expected) in [(within, true), (outside, false)] {
        for version in versions {
            assert_eq!(parsed.matches(&version.parse().unwrap()), expected, "{range} {version}");
        }
    }
}

#[test]
fn ranges_mean_what_masterminds_semver_means() {
    check("1.2.3", &["1.2.3"], &["1.2.4", "1.3.0"]);
    check("=1.2", &["1.2.0", "1.2.9"], &["1.3.0"]);
    check("1.x", &["1.0.0", "1.9.9"], &["2.0.0", "0.9.0"]);
    check("*", &["0.0.1", "9.9.9"], &["1.0.0-rc.1"]);
    check("~1.2.3", &["1.2.3", "1.2.9"], &["1.2.2", "1.3.0"]);
    check("~1", &["1.0.0", "1.9.0"], &["2.0.0"]);
    check("~>2.1", &["2.1.7"], &["2.2.0"]);
    check("^1.2.3", &["1.2.3", "1.9.0"], &["1.2.2", "2.0.0"]);
    check("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0"]);
    check("^0.0.3", &["0.0.3"], &["0.0.4"]);
    check("^0.0", &["0.0.9"], &["0.1.0"]);
    check("^0", &["0.9.9"], &["1.0.0"]);
    check(">=1.0 <2.0", &["1.0.0", "1.9.9"], &["2.0.0", "0.9.9"]);
    check(">= 1.0, < 2.0", &["1.5.0"], &["2.0.0"]);
    check("1.2 - 1.4", &["1.2.0", "1.4.9"], &["1.1.9", "1.5.0"]);
    check("1.2.0 - 1.4.0", &["1.4.0"], &["1.4.1"]);
    check("<1.0 || >=2.0", &["0.9.0", "2.0.0"], &["1.5.0"]);
    check("!=1.2.3", &["1.2.4"], &["1.2.3"]);
    check("!=1.2", &["1.3.0"], &["1.2.9"]);
    check(">1.2", &["1.3.0"], &["1.2.9", "1.2.0"]);
    check("<=1.2", &["1.2.9", "0.1.0"], &["1.3.0"]);
    check("v1.2.x", &["1.2.0"], &["1.3.0"]);
}

#[test]
fn prereleases_match_only_where_one_is_named() {
    check(">=1.0.0", &["1.0.0"], &["1.1.0-rc.1"]);
    check(">=1.0.0-0", &["1.0.0-alpha", "1.1.0-rc.1", "2.0.0"], &["0.9.0"]);
    check(">=1.0.0-0 <2.0.0", &["1.1.0-rc.1"], &["2.0.0"]);
    check("^1.0.0-0", &["1.0.0-rc.1", "1.2.0-rc.1"], &["2.0.0"]);
    check("1.0.0-rc.1", &["1.0.0-rc.1"], &["1.0.0", "1.0.0-rc.2"]);
}

#[test]
fn nonsense_is_no_range() {
    for text in ["", " ", "||", "1.2.3.4", "a", ">", ">>1", "1..2", "=1.2.3-", "1.2 -", &"1 ".repeat(600)] {
        assert!(Range::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_tag_is_a_version_only_in_full() {
    assert_eq!(version_of_tag("v1.2.3"), Some("1.2.3".parse().unwrap()));
    assert_eq!(version_of_tag("1.2.3-rc.1+b"), Some("1.2.3-rc.1+b".parse().unwrap()));
    for tag in ["v1.2", "1", "vv1.2.3", "release-1.2.3", "v01.2.3", ""] {
        assert_eq!(version_of_tag(tag), None, "{tag}");
    }
}
