//! Units out of artifacts of OCI registries.
use super::{errors, id, inputs, told, tree};
use crate::{Cache, Inputs, Supply, read, read_with};
use mainstay_unit::tree::IndexedTree;
use mainstay_unit::tree::{EntryKind, Tree, TreePath};
use mainstay_unit::{
    ArtifactRequest, Authority, ChartVersion, Need, OciArtifact, Reading, Reference, ReferenceKind,
    RenderState, Verification,
};
use std::sync::Arc;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\ndata: {v: '1'}\n";

fn source(spec: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {{name: app, namespace: apps}}\n\
         spec: {{interval: 1m, url: 'oci://user:pass@ghcr.io/acme/app', {spec}}}\n"
    )
}

/// A repository that holds nothing but what stands for the artifact, and who uses it.
fn repository(spec: &str) -> Inputs {
    let unit = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: apps}\n\
                spec: {interval: 10m, prune: true, path: ./deploy, sourceRef: {kind: OCIRepository, name: app}}\n";
    inputs(tree(&format!(
        "=== kustomization.yaml\nresources: [app.yaml]\n=== app.yaml\n{}---\n{unit}",
        source(spec)
    )))
}

fn files(entries: &[(&str, &str)]) -> Arc<dyn Tree> {
    let entries = entries
        .iter()
        .map(|(path, text)| (TreePath::parse(path).unwrap(), EntryKind::File, text.as_bytes().into()));
    Arc::new(IndexedTree::new(entries).with_folder_ids())
}

fn artifact(revision: &str, entries: &[(&str, &str)]) -> OciArtifact {
    OciArtifact { revision: revision.into(), tree: files(entries), stale: None }
}

fn need(inputs: &Inputs) -> (ArtifactRequest, Vec<Authority>) {
    let reading = read(inputs);
    match reading.needs.first().cloned() {
        Some(Need::Artifact { request, authorities }) => (*request, authorities),
        other => panic!("{other:?} {:#?}", told(&reading)),
    }
}

fn supply(inputs: &mut Inputs, supply: Supply<Arc<OciArtifact>>) {
    let question = match inputs.artifacts.keys().next() {
        Some(known) => known.clone(),
        None => need(inputs),
    };
    inputs.artifacts.insert(question, supply);
}

fn state(reading: &Reading) -> &RenderState {
    &reading.units[&id("kustomization/apps/app")].state
}

fn objects(reading: &Reading) -> Vec<String> {
    match state(reading) {
        RenderState::Rendered(rendered) => rendered
            .objects
            .iter()
            .map(|object| format!("{} of {}", object.key.name(), object.origin.file))
            .collect(),
        other => panic!("{other:?}\n{:#?}", told(reading)),
    }
}

fn reason(reading: &Reading) -> String {
    match state(reading) {
        RenderState::NotRendered { reason } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_artifact_is_a_need_until_it_is_here_and_its_files_say_whose_they_are() {
    let mut inputs =
        repository("ref: {semver: '>=1', semverFilter: '^v'}, secretRef: {name: s}, insecure: true");
    let (request, authorities) = need(&inputs);
    assert_eq!(
        (request.to_string().as_str(), authorities.len()),
        (">=1 among ^v of oci://ghcr.io/acme/app", 0)
    );
    assert_eq!(request.from.version, ChartVersion::Range { range: ">=1".into(), filter: Some("^v".into()) });
    let secret = Reference { kind: ReferenceKind::Secret, namespace: "apps".into(), name: "s".into() };
    assert_eq!((request.from.secret, request.from.insecure, request.layer), (Some(secret), true, None));
    assert_eq!(reason(&read(&inputs)), "OCIRepository apps/app has not been fetched");
    supply(&mut inputs, Supply::NotEvaluated("offline".into()));
    let offline = read(&inputs);
    let why = "OCIRepository apps/app (>=1 among ^v of oci://ghcr.io/acme/app) is not evaluated: offline";
    assert_eq!(reason(&offline), why);
    // What it would declare may be there all the same.
    assert_eq!(offline.unread.len(), 1);
    supply(&mut inputs, Supply::Here(Arc::new(artifact("v1@sha256:1", &[("deploy/x.yaml", CONFIG)]))));
    let reading = read(&inputs);
    assert_eq!(told(&reading), Vec::<String>::new());
    assert_eq!(objects(&reading), ["x of OCIRepository apps/app:deploy/x.yaml"]);
    let broken = artifact("v1@sha256:2", &[("deploy/x.yaml", "kind: [\n")]);
    supply(&mut inputs, Supply::Here(Arc::new(broken)));
    let told = errors(&read(&inputs));
    assert!(told.len() == 1 && told[0].starts_with("OCIRepository apps/app:deploy/x.yaml:"), "{told:?}");
}

#[test]
fn which_artifact_is_meant_follows_fluxs_precedence() {
    for (spec, version) in [
        ("ref: {digest: 'sha256:1', semver: '1', tag: v1}", ChartVersion::Digest("sha256:1".into())),
        ("ref: {semver: '1', tag: v1}", ChartVersion::Range { range: "1".into(), filter: None }),
        ("ref: {tag: v1}", ChartVersion::Tag("v1".into())),
        ("suspend: false", ChartVersion::Tag("latest".into())),
    ] {
        assert_eq!(need(&repository(spec)).0.from.version, version, "{spec}");
    }
    let chosen = need(&repository("layerSelector: {mediaType: text/x, operation: copy}")).0;
    assert_eq!(chosen.layer.as_deref(), Some("text/x"));
}

#[test]
fn what_a_source_leaves_out_is_left_out_of_an_artifact_unless_it_is_copied() {
    let named = |name: &str| CONFIG.replace("name: x", &format!("name: {name}"));
    let entries =
        [("deploy/a.yaml", named("a")), ("deploy/b.yaml", named("b")), ("deploy/appveyor.yml", named("ci"))];
    let of = |spec: &str, more: &[(&str, &str)]| {
        let mut inputs = repository(spec);
        let mut all: Vec<(&str, &str)> = entries.iter().map(|(path, text)| (*path, text.as_str())).collect();
        all.extend(more);
        supply(&mut inputs, Supply::Here(Arc::new(artifact("v1@sha256:1", &all))));
        let names = objects(&read(&inputs));
        names.iter().map(|name| name.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of("suspend: false", &[]), "a b");
    assert_eq!(of("ignore: '/deploy/b.yaml'", &[]), "a ci");
    assert_eq!(of("suspend: false", &[(".sourceignore", "deploy/a.yaml\n")]), "b ci");
    assert_eq!(of("ignore: '!/deploy/a.yaml'", &[(".sourceignore", "deploy/a.yaml\n")]), "a b ci");
    let copied = "ignore: '/deploy/b.yaml', layerSelector: {operation: copy}";
    assert_eq!(of(copied, &[(".sourceignore", "deploy/a.yaml\n")]), "a b ci");
}

#[test]
fn another_tag_of_the_same_files_renders_nothing_and_another_file_its_unit() {
    let mut inputs = repository("ref: {tag: v1}");
    let mut cache = Cache::default();
    let mut with = |revision: &str, text: &str| {
        let new = artifact(revision, &[("deploy/x.yaml", text), ("README", revision)]);
        supply(&mut inputs, Supply::Here(Arc::new(new)));
        read_with(&inputs, &mut cache);
        cache.rendered()
    };
    assert_eq!(with("v1@sha256:1", CONFIG), 2);
    assert_eq!(with("v1@sha256:2", CONFIG), 0);
    assert_eq!(with("v1@sha256:3", &CONFIG.replace("'1'", "'2'")), 1);
}

#[test]
fn without_the_proof_that_is_asked_for_a_unit_fails_and_what_is_old_or_anyones_is_told() {
    let mut inputs = repository("ref: {tag: v1}, verify: {provider: cosign, secretRef: {name: k}}");
    let keys = Reference { kind: ReferenceKind::Secret, namespace: "apps".into(), name: "k".into() };
    assert_eq!(need(&inputs).0.from.verify, Some(Verification::Cosign { keys }));
    supply(&mut inputs, Supply::Refused("x is not verified: it has no signature".into()));
    let refused = read(&inputs);
    let RenderState::Failed { first } = state(&refused) else { panic!("{:?}", state(&refused)) };
    assert_eq!((first.code.id, first.location.as_ref().unwrap().file.as_str()), ("MS6002", "app.yaml"));
    assert_eq!(first.message, "OCIRepository apps/app: x is not verified: it has no signature");
    let notation = read(&repository("verify: {provider: notation, secretRef: {name: k}}"));
    assert!(errors(&notation)[0].contains("MS6002") && notation.needs.is_empty(), "{:?}", told(&notation));

    let mut inputs = repository("ref: {tag: v1}, verify: {provider: cosign}");
    let old = artifact("v1@sha256:1", &[("deploy/x.yaml", CONFIG)]);
    let old = OciArtifact { stale: Some("it does not answer".into()), ..old };
    supply(&mut inputs, Supply::Here(Arc::new(old)));
    let mut cache = Cache::default();
    for _ in 0..2 {
        let told = told(&read_with(&inputs, &mut cache));
        let old = "app.yaml:1 MS6001 OCIRepository apps/app is what its registry said last, v1@sha256:1: it does not answer";
        let anyone = "app.yaml:1 MS6003 anyone may have signed the artifact of OCIRepository apps/app";
        assert_eq!(told, [old, anyone]);
    }
}

#[test]
fn an_artifact_is_composed_with_other_files() {
    let generator = "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {name: g, namespace: apps}\n\
                     spec:\n  sources: [{alias: a, kind: OCIRepository, name: app}]\n  artifacts:\n  - name: made\n    copy: [{from: '@a/deploy/**', to: '@artifact/'}]\n\
                     ---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: apps}\n\
                     spec: {interval: 10m, prune: true, path: ./, sourceRef: {kind: ExternalArtifact, name: made}}\n";
    let text = format!(
        "=== kustomization.yaml\nresources: [app.yaml]\n=== app.yaml\n{}---\n{generator}",
        source("suspend: false")
    );
    let mut inputs = inputs(tree(&text));
    assert_eq!(
        reason(&read(&inputs)),
        "ExternalArtifact apps/made: OCIRepository apps/app has not been fetched"
    );
    supply(&mut inputs, Supply::Here(Arc::new(artifact("v1@sha256:1", &[("deploy/x.yaml", CONFIG)]))));
    assert_eq!(objects(&read(&inputs)), ["x of OCIRepository apps/app:deploy/x.yaml"]);
}

#[test]
fn whoever_may_not_declare_a_source_is_known_to_whoever_fetches_it() {
    let tenant = "=== kustomization.yaml\nresources: [t.yaml]\n=== t.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: t, namespace: apps}\n\
                  spec: {interval: 10m, prune: true, path: ./t, serviceAccountName: weak, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}\n=== t/all.yaml\n";
    let unit = "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: apps}\n\
                spec: {interval: 10m, prune: true, path: ./, sourceRef: {kind: OCIRepository, name: app}}\n";
    let (_, authorities) = need(&inputs(tree(&format!("{tenant}{}{unit}", source("suspend: false")))));
    let asked = |a: &Authority| format!("{} -> {} {}/{}", a.account.name, a.resource, a.namespace, a.name);
    assert_eq!(authorities.iter().map(asked).collect::<Vec<_>>(), ["weak -> ocirepositories apps/app"]);
}

#[test]
fn a_bucket_says_that_it_is_not_fetched() {
    let bucket = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: Bucket\nmetadata: {name: app, namespace: apps}\n\
                  spec: {interval: 1m, bucketName: b, endpoint: s3.example.com}\n";
    let unit = "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: apps}\n\
                spec: {interval: 10m, prune: true, path: ./, sourceRef: {kind: Bucket, name: app}}\n";
    let text = format!("=== kustomization.yaml\nresources: [app.yaml]\n=== app.yaml\n{bucket}{unit}");
    let reading = read(&inputs(tree(&text)));
    let why = "Bucket apps/app (s3.example.com/b) is of a kind that can't be fetched yet";
    assert_eq!(reason(&reading), why);
}
