//! A checkout of a repository that is read as a folder: its remotes say which source it is itself.

use crate::process::mainstay;
use mainstay_git::{Author, init};
use mainstay_unit::tree::TreePath;

const SYNC: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: home, namespace: flux-system}
spec: {interval: 1m, url: 'https://git.example.com/acme/fleet.git', ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: cluster, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: ./cluster
  sourceRef: {kind: GitRepository, name: home}
  decryption: {provider: sops, secretRef: {name: keys}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, prune: true, path: ./apps, sourceRef: {kind: GitRepository, name: home}}
";
const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: s, namespace: y}
stringData: {v: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'}
sops: {mac: x, version: 3.9.0}
";

#[test]
fn a_checkout_knows_itself_by_its_remotes() {
    let folder = tempfile::tempdir().expect("a folder");
    let author = Author { name: "Test".into(), email: "test@example.com".into(), time: 0 };
    let files = [
        ("cluster/kustomization.yaml", "resources: [sync.yaml, secret.yaml]\n"),
        ("cluster/sync.yaml", SYNC),
        ("cluster/secret.yaml", SECRET),
        ("apps/z.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: z, namespace: y}\n"),
    ]
    .map(|(path, text)| (TreePath::parse(path).expect("a path"), text.as_bytes().to_vec()));
    init(folder.path(), &files, "First", &author).expect("a repository");
    let here = folder.path().display().to_string();
    let state = tempfile::tempdir().expect("a folder");
    let validate = || {
        let at = state.path().display().to_string();
        mainstay(
            &["validate", "--offline", "--state-dir", &at, "--path", "cluster", &here],
            folder.path(),
            &[],
        )
    };
    // A copy that knows of no remote: nothing says that the source is this repository.
    let stranger = validate();
    assert!(stranger.stdout.contains("MS4502"), "{}", stranger.stdout);

    let config = folder.path().join(".git/config");
    let text = std::fs::read_to_string(&config).expect("it is there");
    let remotes = "[remote \"fork\"]\n\turl = https://git.example.com/me/fleet\n[remote \"origin\"]\n\turl = git@git.example.com:acme/fleet.git\n";
    std::fs::write(&config, text + remotes).expect("written");
    let known = validate();
    assert_eq!(known.status.code(), Some(0), "{}", known.stdout);
    // Without keys the entry's objects are not known, but what it declares is.
    assert!(known.stdout.contains("2 units: 1 rendered, 1 planned but not rendered"), "{}", known.stdout);
}

#[test]
fn variables_that_the_repository_declares_are_known_where_no_cluster_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let kustomization = |name: &str, more: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
             spec:\n  interval: 10m\n  prune: true\n  path: ./{name}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}---\n"
        )
    };
    let from = |kind: &str| format!("  postBuild: {{substituteFrom: [{{kind: {kind}, name: vars}}]}}\n");
    // The variables of the apps hold a variable themselves, of a ConfigMap that is a file.
    let units = [
        kustomization("settings", ""),
        kustomization("vars", "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n"),
        kustomization("apps", &from("ConfigMap")),
        kustomization("others", &from("Secret")),
    ];
    let map = |name: &str, value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: flux-system}}\ndata: {{domain: {value}}}\n"
        )
    };
    for (path, text) in [
        ("cluster/units.yaml", units.concat()),
        ("settings/map.yaml", map("settings", "example.com")),
        ("vars/map.yaml", map("vars", "'apps.${domain}'")),
        ("apps/map.yaml", map("app", "'web.${domain}'")),
        ("others/map.yaml", map("other", "'web.${domain}'")),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    let (here, state) = (folder.path().display().to_string(), tempfile::tempdir().expect("a folder"));
    let at = state.path().display().to_string();
    let run = |arguments: &[&str]| mainstay(arguments, folder.path(), &[]);
    let told = run(&["validate", "--offline", "--state-dir", &at, "--path", "cluster", &here]);
    assert!(told.stdout.contains("5 units: 4 rendered, 1 planned but not rendered"), "{}", told.stdout);
    assert!(
        told.stdout.contains("Secret flux-system/vars lives in a cluster, and none is asked"),
        "{}",
        told.stdout
    );
    let rendered = run(&["render", "--path", "cluster", "kustomization/flux-system/apps", &here]);
    assert!(
        rendered.stdout.contains("domain: web.apps.example.com"),
        "{}\n{}",
        rendered.stdout,
        rendered.stderr
    );
}
