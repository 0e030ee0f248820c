//! What a renderer of charts is asked for, and what becomes of its answer.
use crate::{Answer, Build, Chart, ChartFiles, Charts, Inflated, Pull, Refused, build, emit};
use mainstay_diagnostic::Diagnostic;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::tree::{MemoryTree, TreePath};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tells what it was asked for.
struct Renderer<'a> {
    allowed: Answer<()>,
    pulled: Answer<Arc<ChartFiles>>,
    answer: &'a Result<Inflated, String>,
    asked: RefCell<Vec<String>>,
}

impl Charts for Renderer<'_> {
    fn allowed(&self) -> Answer<()> {
        self.allowed.clone()
    }

    fn pull(&self, wanted: &Pull<'_>) -> Answer<Arc<ChartFiles>> {
        self.asked.borrow_mut().push(format!("pull {wanted} to {}", wanted.folder));
        self.pulled.clone()
    }

    fn render(&self, chart: &Chart<'_>) -> Answer<Inflated> {
        let files: Vec<&str> = chart.files.keys().map(String::as_str).collect();
        let values =
            chart.values.iter().map(|(name, text)| format!("{name}={}", String::from_utf8_lossy(text)));
        let values = values.collect::<Vec<_>>().join("|").replace('\n', ";");
        self.asked.borrow_mut().push(format!(
            "{} [{}] {}/{} {values} {:?} {:?} {}{}{}",
            chart.folder,
            files.join(" "),
            chart.namespace,
            chart.release,
            chart.kube_version,
            chart.api_versions,
            u8::from(chart.include_crds),
            u8::from(chart.skip_hooks),
            u8::from(chart.skip_tests),
        ));
        self.answer.clone().map(Some).map_err(Refused::from)
    }
}

/// Charts are rendered, and none is pulled.
fn renderer(answer: &Result<Inflated, String>) -> Renderer<'_> {
    let pulled = Err(Refused::new("nothing is pulled", "pull it"));
    Renderer { allowed: Ok(Some(())), pulled, answer, asked: RefCell::default() }
}

/// What was asked, and what came of it.
fn ask(files: &[(&str, &str)], answer: &Result<Inflated, String>) -> (Vec<String>, Result<String, String>) {
    ask_of(renderer(answer), files)
}

fn ask_of(renderer: Renderer<'_>, files: &[(&str, &str)]) -> (Vec<String>, Result<String, String>) {
    let tree =
        files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with(path, text).expect("a path"));
    let root = TreePath::root();
    let request = Build { charts: Some(&renderer), ..Build::new(&tree, &root) };
    let built = match build(&request) {
        Ok(built) => {
            let warnings: String = built.warnings.iter().map(|d| format!("{d}\n")).collect();
            Ok(emit(&built.objects) + &warnings)
        }
        Err(failed) => {
            let told = |d: &Diagnostic| format!("{d} {}\n", d.hint.as_deref().unwrap_or_default());
            Err(failed.diagnostics.iter().map(told).collect())
        }
    };
    (renderer.asked.into_inner(), built)
}

fn map(name: &str) -> Result<Inflated, String> {
    let text = format!("# Source: x\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n");
    Ok(Inflated { text, warnings: Vec::new() })
}

const VALUES: (&str, &str) = ("charts/web/values.yaml", "a: 1\nb: {c: yes, d: 2}\n");
const CHART: (&str, &str) = ("charts/web/Chart.yaml", "name: web\n");

#[test]
fn a_chart_is_rendered_with_the_files_and_values_that_helm_would_get() {
    let kustomization = "
namePrefix: p-
helmGlobals: {chartHome: charts}
helmCharts:
- name: web
  releaseName: shop
  namespace: prod
  additionalValuesFiles: [more.yaml]
  includeCRDs: true
  skipTests: true
  kubeVersion: '1.30'
  apiVersions: [a/v1]
";
    let files = [("kustomization.yaml", kustomization), CHART, VALUES, ("more.yaml", "a: 2\n")];
    let (asked, built) = ask(&files, &map("made"));
    assert_eq!(
        asked,
        [
            "charts/web [Chart.yaml values.yaml] prod/shop charts/web/values.yaml=a: 1;b: {c: yes, d: 2};|more.yaml=a: 2; Some(\"1.30\") [\"a/v1\"] 101"
        ]
    );
    assert_eq!(built.as_deref(), Ok("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-made\n"));
}

#[test]
fn inline_values_go_over_under_or_instead_of_those_of_the_file() {
    for (how, expected) in [
        ("override", "a: 3;b:;  c: \"yes\";  d: 4;  e: 5;"),
        ("merge", "a: 1;b:;  c: \"yes\";  d: 2;  e: 5;"),
        ("replace", "a: 3;b:;  d: 4;  e: 5;"),
    ] {
        let kustomization = format!(
            "helmCharts:\n- name: web\n  valuesMerge: {how}\n  valuesInline: {{a: 3, b: {{d: 4, e: 5}}}}\n"
        );
        let (asked, _) = ask(&[("kustomization.yaml", &kustomization), CHART, VALUES], &map("made"));
        let expected = format!("default/release-name charts/web/values.yaml={expected} None [] 000");
        assert!(asked.len() == 1 && asked[0].ends_with(&expected), "{how}: {asked:?}");
    }
}

#[test]
fn charts_of_the_old_form_and_of_generators_are_rendered_too() {
    let old = "helmChartInflationGenerator:\n- chartName: web\n  chartHome: charts\n  releaseName: old\n";
    let generator = "generators:\n- |\n  apiVersion: builtin\n  kind: HelmChartInflationGenerator\n  metadata: {name: any}\n  name: web\n  chartHome: charts\n  releaseName: old\n";
    for kustomization in [old, generator] {
        let (asked, built) = ask(&[("kustomization.yaml", kustomization), CHART, VALUES], &map("made"));
        assert!(asked.len() == 1 && asked[0].contains("default/old "), "{asked:?}");
        assert!(built.is_ok_and(|text| text.contains("name: made")), "{kustomization}");
    }
}

#[test]
fn a_chart_that_is_not_there_does_not_render_or_says_nothing_sound_is_an_error_with_its_place() {
    let pulled = "helmCharts:\n- name: web\n  repo: https://charts.example.com\n  version: 1.2.3\n";
    let local = "helmCharts:\n- name: web\n";
    let twice = Ok(Inflated {
        text: "kind: A\nmetadata: {name: a}\n---\nkind: A\nmetadata: {name: a}\n".into(),
        warnings: vec![],
    });
    let broken = Ok(Inflated { text: "kind: [\n".into(), warnings: vec![] });
    for (kustomization, answer, code, says) in [
        (
            pulled,
            map("made"),
            codes::REMOTE.id,
            "the chart charts/web-1.2.3/web is not there: nothing is pulled pull it",
        ),
        ("helmCharts:\n- name: other\n", map("made"), codes::REMOTE.id, "there is no chart charts/other"),
        (local, Err("boom".to_owned()), codes::CHART.id, "the chart charts/web can't be rendered: boom"),
        (local, twice, codes::DUPLICATE.id, "already in the build"),
        (local, broken, "MS1", "what charts/web renders"),
        ("helmCharts:\n- name: web\n  valuesFile: ../secret.yaml\n", map("made"), codes::OUTSIDE.id, ""),
        ("helmCharts:\n- name: web\n  valuesMerge: deep\n", map("made"), codes::INVALID.id, "valuesMerge"),
        ("helmCharts:\n- name: web\n  vercion: 1\n", map("made"), codes::UNKNOWN_FIELD.id, "version"),
    ] {
        let (_, built) = ask(&[("kustomization.yaml", kustomization), CHART, VALUES], &answer);
        let error = built.expect_err("an error");
        let place =
            error.starts_with("kustomization.yaml:2:3: ") || error.starts_with("kustomization.yaml:3:3: ");
        assert!(place && error.contains(code) && error.contains(says), "{kustomization}{error}");
    }
}

#[test]
fn what_is_odd_about_a_chart_is_a_warning() {
    let odd = Inflated { warnings: vec!["it is odd".to_owned()], ..map("made").expect("a map") };
    let (_, built) = ask(&[("kustomization.yaml", "helmCharts:\n- name: web\n"), CHART, VALUES], &Ok(odd));
    assert!(built.is_ok_and(|text| text.contains("the chart charts/web: it is odd")));
}

#[test]
fn without_a_renderer_charts_are_refused() {
    let tree = MemoryTree::new().with("kustomization.yaml", "helmCharts:\n- name: web\n").expect("a path");
    let failed = build(&Build::new(&tree, &TreePath::root())).expect_err("an error");
    assert_eq!(failed.diagnostics.iter().next().map(|d| d.code.id), Some(codes::UNSUPPORTED.id));
}

#[test]
fn a_chart_of_more_files_than_allowed_is_refused() {
    let mut tree =
        MemoryTree::new().with("kustomization.yaml", "helmCharts:\n- name: web\n").expect("a path");
    tree = tree.with(CHART.0, CHART.1).and_then(|tree| tree.with(VALUES.0, VALUES.1)).expect("paths");
    tree.insert_symlink(TreePath::parse("charts/web/again").expect("a path"), ".");
    let answer = map("made");
    let renderer = renderer(&answer);
    let root = TreePath::root();
    let request = Build { charts: Some(&renderer), ..Build::new(&tree, &root) };
    let failed = build(&request).expect_err("an error");
    assert_eq!(failed.diagnostics.iter().next().map(|d| d.code.id), Some(codes::LIMIT.id));
}

const PULLED: &str = "helmCharts:\n- name: web\n  repo: https://charts.example.com\n  version: 1.x\n  additionalValuesFiles: [charts/web-1.x/web/more.yaml, own.yaml]\n";

#[test]
fn a_chart_of_a_repository_is_asked_for_where_the_tree_has_none() {
    let (answer, own) = (map("made"), ("own.yaml", "a: 3\n"));
    let pulled =
        ["values.yaml", "more.yaml"].map(|name| (name.to_owned(), format!("from: {name}\n").into_bytes()));
    let pulling =
        || Renderer { pulled: Ok(Some(Arc::new(BTreeMap::from(pulled.clone())))), ..renderer(&answer) };
    let (asked, built) = ask_of(pulling(), &[("kustomization.yaml", PULLED), own]);
    assert_eq!(
        asked,
        [
            "pull web 1.x of https://charts.example.com to charts/web-1.x/web",
            "web 1.x of https://charts.example.com [more.yaml values.yaml] default/release-name \
             charts/web-1.x/web/values.yaml=from: values.yaml;|charts/web-1.x/web/more.yaml=from: more.yaml;|\
             own.yaml=a: 3; None [] 000"
        ]
    );
    assert!(built.is_ok_and(|text| text.contains("name: made")));
    // As upstream has it: what lies there is not pulled.
    let there = [
        ("charts/web-1.x/web/values.yaml", "a: 1\n"),
        ("charts/web-1.x/web/more.yaml", "a: 2\n"),
        ("kustomization.yaml", PULLED),
        own,
    ];
    let (asked, _) = ask_of(pulling(), &there);
    assert!(
        asked.len() == 1 && asked[0].starts_with("charts/web-1.x/web [more.yaml values.yaml] "),
        "{asked:?}"
    );
}

#[test]
fn a_chart_that_is_not_known_yet_is_left_out_and_one_that_is_not_allowed_is_not_asked_for() {
    let answer = map("made");
    let files = [("kustomization.yaml", PULLED), ("own.yaml", "")];
    let (asked, built) = ask_of(Renderer { pulled: Ok(None), ..renderer(&answer) }, &files);
    assert_eq!((asked.len(), built.as_deref()), (1, Ok("")));
    let (asked, built) = ask_of(Renderer { allowed: Ok(None), ..renderer(&answer) }, &files);
    assert_eq!((asked.len(), built.as_deref()), (0, Ok("")));
    let refused = Err(Refused::new("they are not rendered here", "allow them"));
    let (asked, built) = ask_of(Renderer { allowed: refused, ..renderer(&answer) }, &files);
    let error = built.expect_err("an error");
    assert!(asked.is_empty() && error.contains("they are not rendered here"), "{error}");
    assert!(error.contains(codes::UNSUPPORTED.id) && error.contains("allow them"), "{error}");
}

#[test]
fn the_command_that_pulls_a_chart_is_helms() {
    for (repository, version, command) in [
        (
            "https://c.example",
            "1.2",
            "helm pull --untar --untardir charts/web-1.2 --repo https://c.example web --version 1.2",
        ),
        ("oci://c.example/all/", "", "helm pull --untar --untardir charts/web-1.2 oci://c.example/all/web"),
    ] {
        let pull = Pull { repository, name: "web", version, folder: "charts/web-1.2/web" };
        assert_eq!(pull.command(), command);
    }
}
