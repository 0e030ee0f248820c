use super::{Source, parse};
use proptest::prelude::*;
use std::rc::Rc;

fn problem(text: &str) -> String {
    let source = Rc::new(Source { name: "t".into(), text: text.into() });
    match parse(&source) {
        Ok(_) => "none".into(),
        Err(error) => {
            let (line, column) = source.place(error.pos);
            format!("{line}:{column}: {}", error.message)
        }
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let cases = [
        ("{{ if }}x{{ end }}", "1:7: missing value for if"),
        ("a\n{{ end }}", "2:4: unexpected {{end}}"),
        ("{{ if .x }}", "1:12: unexpected EOF"),
        ("{{ .x", "1:6: unclosed action"),
        ("{{ /* x }}", "1:4: unexpected \"/\" in command"),
        ("{{/* x }}", "1:3: unclosed comment"),
        ("{{ $x }}", "1:4: undefined variable \"$x\""),
        ("{{ break }}", "1:4: {{break}} outside {{range}}"),
        ("{{ (.x }}", "1:8: unclosed left paren"),
        ("{{ .x | 3 }}", "1:9: non executable command in pipeline stage 2"),
        ("{{ \"a }}", "1:4: unterminated quoted string"),
        (
            "{{ define \"a\" }}x{{ end }}{{ define \"a\" }}y{{ end }}",
            "1:37: multiple definition of template \"a\"",
        ),
        ("{{ range $a, $b, $c := .x }}{{ end }}", "1:16: too many declarations in range"),
        ("{{ if .x }}{{ else }}{{ else }}{{ end }}", "1:25: expected end; found {{else}}"),
    ];
    for (text, expected) in cases {
        assert_eq!(problem(text), expected, "{text}");
    }
}

#[test]
fn what_go_takes_is_taken() {
    let cases = [
        "{{- /* a comment */ -}}",
        "{{ if .x }}a{{ else if .y }}b{{ else }}c{{ end }}",
        "{{ with .x }}a{{ else with .y }}b{{ end }}",
        "{{ range $i, $x := .l }}{{ if $x }}{{ break }}{{ end }}{{ continue }}{{ else }}e{{ end }}",
        "{{ (index .x 0).y.z | printf \"%s\" }}",
        "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}",
        "{{ block \"b\" . }}x{{ end }}{{ template \"b\" }}",
        "{{ 'a' }}{{ 0x1F }}{{ 1_000 }}{{ 1e3 }}{{ .5 }}{{ `raw` }}",
        "{{ .x\n| upper\n}}",
    ];
    for text in cases {
        assert_eq!(problem(text), "none", "{text}");
    }
}

#[test]
fn nesting_is_limited() {
    let deep = format!("{}{}", "{{ if 1 }}".repeat(200), "{{ end }}".repeat(200));
    assert!(problem(&deep).contains("more than 150 deep"));
    let parens = format!("{{{{ {}1{} }}}}", "(".repeat(200), ")".repeat(200));
    assert!(problem(&parens).contains("more than 150 deep"));
}

proptest! {
    #[test]
    fn no_text_panics_the_parser(text in r#"([ -~\n]|\{\{-? |-?\}\}|"|\$x|:=|\||(if|else|end|range|with|define|block|template|nil) )*"#) {
        problem(&text);
    }
}
