//! Whole charts, rendered to what the real helm printed for them.

use crate::{Capabilities, Limits, Release, RenderError, Rendered, Request, Values, print, render};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A chart named `c` with these files beside its Chart.yaml.
pub(crate) fn chart(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let own = ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\nappVersion: \"1.2\"\n");
    let all = [own]
        .into_iter()
        .chain(files.iter().copied())
        .map(|(path, text)| (path.to_string(), text.as_bytes().to_vec()));
    all.collect()
}

pub(crate) fn rendered(files: &[(&str, &str)], values: Value) -> Result<Rendered, RenderError> {
    limited(files, values, Limits::default())
}

pub(crate) fn limited(
    files: &[(&str, &str)],
    values: Value,
    limits: Limits,
) -> Result<Rendered, RenderError> {
    render_with(files, &Values::read(values).unwrap(), limits)
}

pub(crate) fn with_values(files: &[(&str, &str)], values: &Values) -> Result<Rendered, RenderError> {
    render_with(files, values, Limits::default())
}

fn render_with(files: &[(&str, &str)], values: &Values, limits: Limits) -> Result<Rendered, RenderError> {
    let files = chart(files);
    let release = Release { name: "r".into(), namespace: "ns".into(), revision: 1, is_upgrade: false };
    let capabilities = Capabilities::default();
    let request = Request {
        files: &files,
        values,
        release: &release,
        capabilities: &capabilities,
        lookup: None,
        now: 0,
        seed: b"",
        short_keys: false,
        limits,
    };
    render(&request)
}

/// What a template prints, its document's head left out.
pub(crate) fn output(template: &str, values: Value) -> String {
    match rendered(&[("templates/x.yaml", template)], values) {
        Ok(rendered) => {
            rendered.manifests.into_iter().map(|manifest| manifest.text).collect::<Vec<_>>().join("\n---\n")
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn a_chart_prints_its_manifests_in_the_order_of_installation_and_its_hooks_last() {
    let files = [
        (
            "templates/b.yaml",
            "kind: Service\nmetadata: {name: s}\n---\nkind: ConfigMap\nmetadata: {name: m}\n",
        ),
        (
            "templates/a.yaml",
            "kind: Job\nmetadata:\n  name: j\n  annotations: {helm.sh/hook: \"post-install,test\"}\n",
        ),
        ("templates/_p.tpl", "{{ define \"x\" }}y{{ end }}"),
        ("templates/NOTES.txt", "hello {{ .Release.Name }}"),
    ];
    let rendered = rendered(&files, Value::Null).unwrap();
    assert_eq!(rendered.notes, "hello r");
    assert_eq!(rendered.hooks[0].events, ["post-install", "test"]);
    let expected = "---\n# Source: c/templates/b.yaml\nkind: ConfigMap\nmetadata: {name: m}\n---\n\
        # Source: c/templates/b.yaml\nkind: Service\nmetadata: {name: s}\n---\n# Source: c/templates/a.yaml\n\
        kind: Job\nmetadata:\n  name: j\n  annotations: {helm.sh/hook: \"post-install,test\"}\n";
    assert_eq!(print(&rendered, false), expected);
}

#[test]
fn values_of_the_user_win_and_null_takes_a_default_away() {
    let files = [
        ("values.yaml", "a: {b: 1, c: 2}\nd: 3\n"),
        ("templates/x.yaml", "{{ toJson .Values }}"),
        ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
        ("charts/s/values.yaml", "e: 4\nf: 5\n"),
    ];
    let values = json!({"a": {"b": null}, "d": 7, "global": {"g": 1}, "s": {"e": null}});
    let text = rendered(&files, values).unwrap().manifests[0].text.clone();
    assert_eq!(text, r#"{"a":{"c":2},"d":7,"global":{"g":1},"s":{"f":5,"global":{"g":1}}}"#);
}

#[test]
fn errors_say_where_and_in_which_function() {
    let text = output("a: 1\nb: {{ .Values.x.y }}", json!({}));
    assert!(text.contains("c/templates/x.yaml:2:7: executing"), "{text}");
    assert!(text.contains("nil pointer evaluating interface {}.y"), "{text}");
    let text = output("{{ repeat \"x\" 2 }}", json!({}));
    assert!(text.contains("expected integer; found \"x\""), "{text}");
    let text = output("{{ nope }}", json!({}));
    assert!(
        text.contains("c/templates/x.yaml:1:4") && text.contains("function \"nope\" not defined"),
        "{text}"
    );
}

#[test]
fn what_is_included_fails_with_the_whole_path_to_it() {
    let text = output("{{ define \"d\" }}{{ fail \"no way\" }}{{ end }}{{ include \"d\" . }}", json!({}));
    assert!(text.contains("error calling include") && text.ends_with("error calling fail: no way"), "{text}");
}

#[test]
fn what_a_function_may_not_make_so_much_of_is_a_limit() {
    for (template, limit) in [
        ("{{ include \"d\" . }}{{ define \"d\" }}{{ len (until 1000001) }}{{ end }}", true),
        ("{{ seq 1 1 2000000 | len }}", true),
        ("{{ fail \"a list of more than 1000000 items\" }}", false),
    ] {
        let error = limited(&[("templates/x", template)], Value::Null, Limits::default()).unwrap_err();
        assert_eq!(error.is_limit(), limit, "{error}");
    }
}

#[test]
fn steps_bytes_and_depth_are_limited() {
    let endless =
        "{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}";
    let error =
        limited(&[("templates/x", endless)], Value::Null, Limits { steps: 10_000, ..Limits::default() });
    assert!(error.unwrap_err().to_string().contains("more than 10000 steps"));
    let long = "{{ range until 1000 }}{{ repeat 1000 \"x\" }}{{ end }}";
    let error = limited(&[("templates/x", long)], Value::Null, Limits { bytes: 50_000, ..Limits::default() });
    assert!(error.unwrap_err().to_string().contains("more than 50000 bytes"));
    let deep = "{{ define \"d\" }}{{ include \"d\" . }}{{ end }}{{ include \"d\" . }}";
    let error = limited(&[("templates/x", deep)], Value::Null, Limits { depth: 20, ..Limits::default() });
    assert!(error.unwrap_err().to_string().contains("more than 20 deep"));
}

#[test]
fn a_release_may_be_as_large_as_its_limit_however_it_is_divided() {
    let text = |bytes: usize| {
        "{{ range $i := until 10 }}---\na: {{ repeat SIZE \"x\" }}\n{{ end }}"
            .replace("SIZE", &bytes.to_string())
    };
    let made = |bytes: usize| (4 + 3 + bytes + 1) * 10;
    let limits = Limits { release_bytes: made(100), ..Limits::default() };
    let rendered = limited(&[("templates/x", &text(100))], Value::Null, limits).unwrap();
    assert_eq!(rendered.manifests.len(), 10);
    for files in
        [&[("templates/x", &*text(101))][..], &[("templates/x", &text(100)), ("templates/y", "a: b")]]
    {
        let error = limited(files, Value::Null, limits).unwrap_err();
        assert_eq!(error.to_string(), format!("templates make more than {} bytes", made(100)));
        assert!(error.is_ours() && error.is_limit());
    }
}

#[test]
fn a_document_may_be_larger_than_other_files_of_yaml() {
    let bytes = mainstay_yaml::Limits::default().bytes + 1;
    let large = format!("kind: ConfigMap\ndata:\n  a: {{{{ repeat {bytes} \"x\" }}}}\n");
    let rendered = limited(&[("templates/x", &large)], Value::Null, Limits::default()).unwrap();
    assert!(rendered.manifests[0].text.len() > bytes);
    // What costs memory is the number of its nodes.
    let many = "[{{ repeat 1000001 \"1,\" }}]";
    let error = limited(&[("templates/x", many)], Value::Null, Limits::default()).unwrap_err();
    assert!(error.is_limit() && error.to_string().contains("more than 1000000 nodes"), "{error}");
    let read = "{{ $x := fromYamlArray (printf \"[%s]\" (repeat 1000001 \"1,\")) }}";
    let error = limited(&[("templates/x", read)], Value::Null, Limits::default()).unwrap_err();
    assert!(error.is_limit() && error.to_string().contains("more than 1000000 nodes"), "{error}");
}

#[test]
fn what_fails_for_want_of_this_renderer_is_told_from_what_fails_anyway() {
    let ours = |text: &str, limits: Limits| {
        limited(&[("templates/x.yaml", text)], Value::Null, limits).unwrap_err().is_ours()
    };
    let usual = Limits::default();
    assert!(ours("{{ nope }}", usual));
    assert!(ours("{{ range until 1000 }}{{ end }}", Limits { steps: 100, ..usual }));
    assert!(ours("{{ repeat 1000 \"x\" }}", Limits { bytes: 100, ..usual }));
    assert!(ours("{{ define \"d\" }}{{ include \"d\" . }}{{ end }}{{ include \"d\" . }}", usual));
    assert!(ours("{{ if true }}{{ if true }}x{{ end }}{{ end }}", Limits { nesting: 1, ..usual }));
    assert!(!ours("{{ fail \"rendering takes more than it should\" }}", usual));
    assert!(!ours("{{ .Values.x.y }}", usual));
    assert!(!ours("a: [", usual));
    assert!(!ours("{{ include \"none\" . }}", usual));
}

#[test]
fn whatever_is_nested_runs_into_a_limit_before_the_stack_ends() {
    let parens = |inside: &str| format!("{}{inside}{}", "(".repeat(100), ")".repeat(100));
    let ifs = |inside: &str| format!("{}{inside}{}", "{{ if true }}".repeat(60), "{{ end }}".repeat(60));
    let ranges =
        |inside: &str| format!("{}{inside}{}", "{{ range list 1 }}".repeat(60), "{{ end }}".repeat(60));
    let bodies = [
        format!("{{{{ {} }}}}", parens("include \"d\" .")),
        ifs("{{ include \"d\" . }}"),
        ranges("{{ template \"d\" . }}"),
        "{{ tpl \"{{ include \\\"d\\\" . }}\" . }}".to_owned(),
        "{{ with (dict \"a\" (list (include \"d\" . | upper | quote))) }}{{ .a }}{{ end }}".to_owned(),
    ];
    for body in bodies {
        let text = format!("{{{{ define \"d\" }}}}{body}{{{{ end }}}}{{{{ include \"d\" . }}}}");
        let limits = Limits { depth: 1000, ..Limits::default() };
        let error = limited(&[("templates/x", &text)], Value::Null, limits).unwrap_err().to_string();
        assert!(
            error.contains("nested more than 1000 deep"),
            "{}",
            error.chars().take(300).collect::<String>()
        );
    }
}

#[test]
fn what_is_nested_by_a_loop_is_taken_apart_without_the_stack() {
    let deep = "{{ $x := list }}{{ range until 100000 }}{{ $x = list $x }}{{ end }}a: 1";
    assert_eq!(output(deep, json!({})), "a: 1");
    let deep = "{{ $x := list }}{{ range until 1000 }}{{ $x = list $x }}{{ end }}a: {{ print $x }}";
    assert!(output(deep, json!({})).contains("nested more than 500 deep"));
}

#[test]
fn a_chart_that_is_too_large_or_too_deep_is_refused() {
    let files = [("templates/x.yaml", "a: 1"), ("README.md", "hello")];
    let limits = [
        Limits { chart_bytes: 20, ..Limits::default() },
        Limits { chart_files: 1, ..Limits::default() },
        Limits { chart_depth: 0, ..Limits::default() },
    ];
    for limits in limits {
        let error = limited(&files, Value::Null, limits).unwrap_err();
        assert!(matches!(error, RenderError::Chart { .. }), "{error}");
    }
}

#[test]
fn chance_follows_from_the_release_and_is_reported() {
    let files = [("templates/x.yaml", "a: {{ randAlphaNum 20 }} {{ uuidv4 }}")];
    let once = rendered(&files, Value::Null).unwrap();
    assert!(once.random);
    assert_eq!(once, rendered(&files, Value::Null).unwrap());
    assert!(!rendered(&[("templates/x.yaml", "a: 1")], Value::Null).unwrap().random);
}

#[test]
fn what_helm_does_not_have_is_refused_by_name() {
    let text = output("{{ env \"HOME\" }}", json!({}));
    assert!(text.contains("function \"env\" not defined"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_template_panics_the_evaluator(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..12),
    ) {
        output(&format!("a: {{{{ {} }}}}", words.join(" ")), json!({"a": {"b": [1, "x", null]}, "n": -3, "s": "t\u{e9}"}));
    }
}

const WORDS: &[&str] = &[
    ".Values",
    ".Values.a.b",
    ".Values.n",
    ".Values.s",
    "(int .Values.n)",
    "nil",
    "1",
    "-1",
    "99999999999",
    "2.5",
    "\"x\"",
    "true",
    "|",
    "index",
    "slice",
    "trunc",
    "substr",
    "abbrev",
    "abbrevboth",
    "wrap",
    "wrapWith",
    "repeat",
    "untilStep",
    "chunk",
    "splitn",
    "printf",
    "\"%*d %[3]s %x\"",
    "regexSplit",
    "regexReplaceAll",
    "regexFindAll",
    "dig",
    "dict",
    "set",
    "merge",
    "list",
    "first",
    "div",
    "mod",
    "round",
    "divf",
    "seq",
    "date",
    "toDate",
    "duration",
    "durationRound",
    "urlParse",
    "semver",
    "semverCompare",
    "b64dec",
    "b32dec",
    "toToml",
    "toYaml",
    "fromYaml",
    "fromJson",
    "tpl",
    "include",
    "camelcase",
    "snakecase",
    "initial",
    "nindent",
    "replace",
    "randInt",
    "lookup",
];
