use crate::{Diagnostic, Diagnostics, Location, Span, codes};

#[test]
fn ids_are_unique_sorted_and_have_something_to_say() {
    let ids: Vec<_> = codes::all().map(|c| c.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted);
    for code in codes::all() {
        assert!(code.id.len() == 6 && code.id.starts_with("MS"), "{}", code.id);
        assert!(code.explanation.ends_with('.') && code.explanation.len() > 60, "{}", code.id);
        assert!(!code.title.ends_with('.'), "{}", code.id);
    }
}

#[test]
fn diagnostics_are_sorted_by_place_and_told_once() {
    let at = |file: &str, line| {
        Diagnostic::new(&codes::yaml::SYNTAX, "m").at(Location::new(file, Span::point(line, 1)))
    };
    let all: Diagnostics = [at("b", 1), at("a", 9), at("a", 2), at("b", 1)].into_iter().collect();
    let shown: Vec<_> = all.sorted().iter().map(|d| d.location.as_ref().unwrap().to_string()).collect();
    assert_eq!(shown, ["a:2:1", "a:9:1", "b:1:1"]);
}

#[test]
fn a_snippet_is_the_line_at_the_location_and_is_clipped() {
    let text = format!("a: 1\nb: {}\n", "x".repeat(500));
    let d = Diagnostic::new(&codes::yaml::SYNTAX, "m").at(Location::new("f", Span::point(2, 1)));
    let snippet = d.with_snippet_of(&text).snippet.unwrap();
    assert_eq!(snippet.chars().count(), 201);
    assert!(snippet.starts_with("b: xxx"));
}

#[test]
fn a_pointer_is_shown_as_people_write_paths() {
    assert_eq!(crate::dotted("/spec/dependsOn/0/name"), "spec.dependsOn[0].name");
    assert_eq!(crate::dotted("/metadata/labels/a~1b"), "metadata.labels.a/b");
}

#[test]
fn the_nearest_name_is_close_or_nothing() {
    let names = ["sourceRef", "interval", "prune"];
    assert_eq!(crate::nearest("sourceref", names.into_iter()), Some("sourceRef"));
    assert_eq!(crate::nearest("intervall", names.into_iter()), Some("interval"));
    assert_eq!(crate::nearest("replicas", names.into_iter()), None);
}
