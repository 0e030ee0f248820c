//! `mainstay build`, as it is used in place of `kustomize build`.

use crate::process::{mainstay, mainstay_in};
use mainstay_harness::Output;
use mainstay_unit::tree::TreePath;
use std::path::Path;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    folder
}

fn build(folder: &Path, arguments: &[&str]) -> Output {
    let mut all = vec!["build"];
    all.extend(arguments);
    mainstay(&all, folder, &[])
}

const OVERLAY: &str = "namespace: web\nresources: [../base]\n";
const BASE: &str = "resources: [b.yaml, a.yaml]\n";
const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n";
const B: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n";
const BUILT: &str = "apiVersion: v1\ndata:\n  x: \"1\"\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: web\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n  namespace: web\n";

fn overlay() -> tempfile::TempDir {
    tree(&[
        ("overlay/kustomization.yaml", OVERLAY),
        ("base/kustomization.yaml", BASE),
        ("base/a.yaml", A),
        ("base/b.yaml", B),
    ])
}

#[test]
fn what_is_built_is_printed_and_nothing_else() {
    let folder = overlay();
    let (root, at) = (folder.path().display().to_string(), folder.path().join("overlay"));
    let output = build(folder.path(), &["--root", &root, &at.display().to_string()]);
    assert!(output.status.success(), "{}", output.stderr);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), (BUILT, ""));
}

#[test]
fn a_checkout_is_where_bases_are_looked_for() {
    let folder = overlay();
    std::fs::create_dir(folder.path().join(".git")).expect("made");
    let output = build(folder.path(), &[&folder.path().join("overlay").display().to_string()]);
    assert_eq!(output.stdout, BUILT, "{}", output.stderr);
}

#[test]
fn a_file_is_written_where_one_is_named_and_the_order_is_as_asked() {
    let folder = overlay();
    let (root, at) = (folder.path().display().to_string(), folder.path().join("overlay"));
    let file = folder.path().join("out.yaml");
    let file_name = file.display().to_string();
    let arguments = ["--root", &root, "--reorder", "none", "-o", &file_name, &at.display().to_string()];
    let output = build(folder.path(), &arguments);
    assert!(output.status.success() && output.stdout.is_empty(), "{}{}", output.stdout, output.stderr);
    let (map, secret) = BUILT.split_once("---\n").expect("two documents");
    assert_eq!(std::fs::read_to_string(file).expect("written"), format!("{secret}---\n{map}"));
}

#[test]
fn labels_say_what_built_an_object_where_that_is_asked_for() {
    let folder = tree(&[("kustomization.yaml", "resources: [a.yaml]\n"), ("a.yaml", A)]);
    let output = build(folder.path(), &["--enable-managedby-label", &folder.path().display().to_string()]);
    assert!(
        output.stdout.contains("    app.kubernetes.io/managed-by: kustomize-v5.5.0\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn files_beside_the_folder_are_read_only_without_the_restrictor() {
    let folder = tree(&[("in/kustomization.yaml", "resources: [../a.yaml]\n"), ("a.yaml", A)]);
    let (root, at) = (folder.path().display().to_string(), folder.path().join("in").display().to_string());
    let refused = build(folder.path(), &["--root", &root, &at]);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", refused.stdout);
    assert!(refused.stderr.contains("../a.yaml is not in or below in"), "{}", refused.stderr);
    let output = build(folder.path(), &["--root", &root, "--load-restrictor", "LoadRestrictionsNone", &at]);
    assert!(output.stdout.contains("name: a"), "{}", output.stderr);
}

#[test]
fn an_error_shows_file_line_and_field_and_what_may_have_been_meant() {
    let folder = tree(&[
        (
            "kustomization.yaml",
            "resources:\n- a.yaml\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: b\n",
        ),
        ("a.yaml", A),
    ]);
    let output = build(folder.path(), &[&folder.path().display().to_string()]);
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", output.stdout);
    for part in
        ["kustomization.yaml:4:3", "the patch is for ConfigMap (v1) b", "the closest one is ConfigMap (v1) a"]
    {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_field_that_there_is_not_is_told_with_its_line() {
    let folder = tree(&[("kustomization.yaml", "resources:\n- a.yaml\nnamePrefx: x-\n"), ("a.yaml", A)]);
    let output = build(folder.path(), &[&folder.path().display().to_string()]);
    for part in ["kustomization.yaml:3:1", "unknown field \"namePrefx\"", "did you mean \"namePrefix\"?"] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_file_is_named_as_it_is_reached_from_where_one_stands() {
    let folder = tree(&[
        ("repository/apps/kustomization.yaml", "resources: [b.yaml]\n"),
        ("repository/apps/a.yaml", A),
    ]);
    let repository = folder.path().join("repository");
    std::fs::create_dir(repository.join(".git")).expect("made");
    let apps = repository.join("apps");
    let at = apps.canonicalize().expect("there").join("kustomization.yaml:1:13").display().to_string();
    for (here, named) in [
        (folder.path(), " repository/apps/kustomization.yaml:1:13"),
        (&apps, " kustomization.yaml:1:13"),
        (Path::new("/"), at.trim_start_matches('/')),
    ] {
        let output = mainstay_in(here, &["build", &apps.display().to_string()], folder.path(), &[]);
        assert!(output.stderr.contains(named), "{named}: {}", output.stderr);
    }
    let elsewhere = tempfile::tempdir().expect("a folder");
    let output = build(elsewhere.path(), &[&apps.display().to_string()]);
    assert!(output.stderr.contains(&format!(" {at}")), "{at}: {}", output.stderr);
}

#[test]
fn a_folder_without_a_kustomization_says_so_and_which() {
    let folder = tree(&[("apps/a.yaml", A), ("apps/web/kustomization.yml", "resources: []\n")]);
    let at = folder.path().join("apps").display().to_string();
    let output = build(folder.path(), &[&at]);
    assert!(!output.status.success(), "{}", output.stdout);
    for part in [
        "no kustomization file",
        "kustomization.yaml, kustomization.yml or Kustomization",
        "apps can't be built",
        "web has one",
    ] {
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}

#[test]
fn a_folder_that_there_is_not_is_told_by_its_name() {
    let folder = tree(&[("a.yaml", A)]);
    for at in ["nowhere", "a.yaml"] {
        let at = folder.path().join(at).display().to_string();
        let output = build(folder.path(), &[&at]);
        assert!(!output.status.success() && output.stderr.contains(&at), "{}", output.stderr);
    }
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  {{- range $key, $value := .Values.data }}\n  {{ $key }}: {{ $value | quote }}\n  {{- end }}\n  kube: {{ .Capabilities.KubeVersion }}\n";

fn chart() -> tempfile::TempDir {
    tree(&[
        ("web/Chart.yaml", CHART),
        ("web/values.yaml", "data: {a: '1', b: '2'}\n"),
        ("web/templates/map.yaml", MAP),
        (
            "web/templates/other.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: {{ required \"a port\" .Values.port }}}\n",
        ),
        ("one.yaml", "port: x\ndata: {b: null}\n"),
        ("two.yaml", "data: {c: '3'}\n"),
    ])
}

#[test]
fn a_chart_is_rendered_with_values_as_helm_does() {
    let folder = chart();
    let at = |path: &str| folder.path().join(path).display().to_string();
    let (web, one, two) = (at("web"), at("one.yaml"), at("two.yaml"));
    let values = ["-f", &one, "-f", &two, "--name", "shop", "-n", "apps", "--kube-version", "1.31"];
    let output = build(folder.path(), &[&values[..], &["-s", "templates/map.yaml", &web]].concat());
    let printed = "---\n# Source: web/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n  namespace: apps\ndata:\n  a: \"1\"\n  c: \"3\"\n  kube: v1.31\n";
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), (printed, ""));
    let all = build(folder.path(), &[&values[..], &[&web]].concat());
    assert!(all.stdout.starts_with(printed) && all.stdout.contains("kind: Service"), "{}", all.stdout);
}

#[test]
fn single_values_are_set_over_those_of_files_in_helms_order_and_a_line_that_is_none_is_refused() {
    let folder = chart();
    let at = |path: &str| folder.path().join(path).display().to_string();
    let (web, one, text) = (at("web"), at("one.yaml"), format!("data.text={}", at("two.yaml")));
    let set = ["-f", &one, "--set-literal", "data.l=a,b", "--set", "port=80,data.s=x", "--set-file", &text];
    let more = ["--set-string", "data.n=1,data.s=y", "--set-json", "data={\"j\":\"k\"}", &web];
    let output = build(folder.path(), &[&set[..], &more[..]].concat());
    for part in
        ["  j: \"k\"\n", "  l: \"a,b\"\n", "  n: \"1\"\n", "  s: \"y\"\n", "  text: \"data", "name: 80"]
    {
        assert!(output.stdout.contains(part), "{part}: {}{}", output.stdout, output.stderr);
    }
    let refused = build(folder.path(), &["--set", "a=1,b", &web]);
    assert!(
        refused.stderr.contains("failed parsing --set data: key \"b\" has no value"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_chart_that_fails_says_where_and_what_is_no_chart_takes_no_values() {
    let folder = chart();
    let at = |path: &str| folder.path().join(path).display().to_string();
    let failed = build(folder.path(), &[&at("web")]);
    assert!(!failed.status.success() && failed.stdout.is_empty(), "{}", failed.stdout);
    for part in ["web/templates/other.yaml:3:", "required", "a port"] {
        assert!(failed.stderr.contains(part), "{part}: {}", failed.stderr);
    }
    let values = at("one.yaml");
    let none = build(folder.path(), &["-f", &values, &folder.path().display().to_string()]);
    assert!(none.stderr.contains("holds no Chart.yaml"), "{}", none.stderr);
    let missing = build(folder.path(), &["-f", &values, "-s", "templates/no.yaml", &at("web")]);
    assert!(
        missing.stderr.contains("could not find template templates/no.yaml in chart"),
        "{}",
        missing.stderr
    );
}

#[test]
fn values_that_a_schema_refuses_are_told_without_themselves_and_no_link_leads_out_of_the_root() {
    let folder = chart();
    let web = folder.path().join("web");
    std::fs::write(web.join("values.schema.json"), r#"{"properties": {"port": {"type": "integer"}}}"#)
        .expect("written");
    let values = folder.path().join("one.yaml").display().to_string();
    let output = build(folder.path(), &["-f", &values, &web.display().to_string()]);
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", output.stdout);
    assert!(output.stderr.contains("web:\n- at '/port': got string, want integer"), "{}", output.stderr);
    let skipped = ["--skip-schema-validation", "-f", &values, &web.display().to_string()];
    assert!(build(folder.path(), &skipped).status.success());
    std::os::unix::fs::symlink("../../two.yaml", web.join("templates/two.yaml")).expect("linked");
    let refused = build(folder.path(), &["-f", &values, &web.display().to_string()]);
    assert!(refused.stderr.contains("leads out of"), "{}", refused.stderr);
}

const CHARTS: [(&str, &str); 9] = [
    (
        "kustomization.yaml",
        "namePrefix: p-\nhelmCharts:\n- name: web\n  releaseName: shop\n  namespace: prod\n  includeCRDs: true\n  valuesInline: {list: [c], deep: {two: 3}}\n- name: web\n  releaseName: other\n  valuesFile: values.yaml\n  additionalValuesFiles: [more.yaml]\n  skipHooks: true\n- name: web\n  releaseName: third\n  skipTests: true\n  valuesMerge: merge\n  valuesInline: {extra: yes, deep: {two: 5, three: 1000000}}\n  kubeVersion: 1.29.3\n  apiVersions: [example.com/v1]\n",
    ),
    ("values.yaml", "deep: {one: on}\nlist:\n- z\n"),
    ("more.yaml", "deep: {two: null}\nextra: 0644\n"),
    ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    ("charts/web/values.yaml", "deep: {one: yes, two: 2}\nlist: [a, b]\n"),
    (
        "charts/web/templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  deep: {{ toJson .Values.deep | quote }}\n  list: {{ join \",\" .Values.list | quote }}\n  extra: {{ .Values.extra | quote }}\n  kube: {{ .Capabilities.KubeVersion | quote }}\n  has: {{ .Capabilities.APIVersions.Has \"example.com/v1\" | quote }}\n  install: {{ .Release.IsInstall | quote }}\n",
    ),
    (
        "charts/web/templates/hook.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-before\n  annotations:\n    helm.sh/hook: pre-install\nspec: {}\n",
    ),
    (
        "charts/web/templates/tests/test.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-test\n  annotations:\n    helm.sh/hook: test\nspec: {}\n",
    ),
    (
        "charts/web/crds/thing.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.example.com\nspec: {}\n",
    ),
];

#[test]
fn charts_of_a_kustomization_are_what_the_real_kustomize_makes_of_them_with_the_real_helm() {
    let folder = tree(&CHARTS);
    let path = folder.path().display().to_string();
    let ours = build(folder.path(), &["--enable-helm", &path]);
    assert!(ours.status.success(), "{}", ours.stderr);
    assert!(ours.stdout.contains("name: p-shop\n") && ours.stdout.contains("name: p-third-before\n"));
    assert!(!ours.stdout.contains("p-other-before") && !ours.stdout.contains("p-third-test"));
    let tools = mainstay_harness::here!().join("target/real");
    let (kustomize, helm) = (tools.join("kustomize"), tools.join("helm"));
    if !kustomize.exists() || !helm.exists() {
        eprintln!("SKIPPED: target/real holds no kustomize and helm, so nothing was compared with them");
        return;
    }
    let theirs = std::process::Command::new(kustomize)
        .args(["build", "--enable-helm", "--helm-command"])
        .arg(helm)
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
    assert_eq!(ours.stdout, String::from_utf8_lossy(&theirs.stdout));
}

#[test]
fn a_chart_that_would_have_to_be_pulled_is_an_error_that_says_how_to_have_it() {
    let kustomization = "helmCharts:\n- name: web\n  repo: oci://ghcr.io/example\n  version: 2.0.0\n";
    let folder = tree(&[("kustomization.yaml", kustomization)]);
    let output = build(folder.path(), &["--enable-helm", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let pull = "helm pull --untar --untardir charts/web-2.0.0 oci://ghcr.io/example/web --version 2.0.0";
    assert!(
        output.stderr.contains("kustomization.yaml:2:3") && output.stderr.contains(pull),
        "{}",
        output.stderr
    );
}

#[test]
fn a_base_of_another_repository_is_fetched_once_and_only_if_allowed() {
    let elsewhere = tree(&[]);
    let repository = elsewhere.path().join("other");
    let files = [("deploy/kustomization.yaml", "resources: [a.yaml]\n"), ("deploy/a.yaml", A)];
    let files = files.map(|(path, text)| (TreePath::parse(path).expect("a path"), text.as_bytes().to_vec()));
    let author = mainstay_git::Author { name: "Test".into(), email: "test@example.com".into(), time: 0 };
    let commit = mainstay_git::init(&repository, &files, "First", &author).expect("a repository");
    let url = format!("file://{}", repository.display());
    let base = format!("resources: ['{url}//deploy?ref={commit}']\nnamespace: web\n");
    let folder = tree(&[("kustomization.yaml", &base)]);
    let here = folder.path().display().to_string();
    let state = elsewhere.path().join("state").display().to_string();

    let refused = build(folder.path(), &["--state-dir", &state, &here]);
    assert!(
        refused.stderr.contains("--allow-remote") && refused.status.code() == Some(1),
        "{}",
        refused.stderr
    );
    let other = format!("{url}-and-more");
    let refused = build(folder.path(), &["--state-dir", &state, "--allow-remote", &other, &here]);
    assert!(refused.stderr.contains("it is not below"), "{}", refused.stderr);

    let allowed = format!("file://{}/", elsewhere.path().display());
    let arguments = ["--state-dir", &state, "--allow-remote", &allowed, &here];
    let built = build(folder.path(), &arguments);
    let (map, _) = BUILT.split_once("---\n").expect("two documents");
    assert_eq!((built.stdout.as_str(), built.stderr.as_str()), (map, ""));
    std::fs::remove_dir_all(&repository).expect("it is there");
    assert_eq!(build(folder.path(), &arguments).stdout, map, "it was kept");
}
