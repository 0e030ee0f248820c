//! Artifacts of any kind, as `flux push artifact` makes them and otherwise.
use super::registry::{CHART, Content, Double};
use super::server::told;
use super::verified::{Signer, keys, layer, sign, trusting};
use super::{charts, digest, get, oci, opened, packed, range, secret};
use crate::{Charts, RegistryError};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{ArtifactRequest, ChartCredentials, ChartVersion, OciArtifact};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const FLUX: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";
const NAME: &str = "manifests/app";

fn archive(text: &str) -> Vec<u8> {
    packed(&[("apps/a.yaml", text), (".sourceignore", "*.md\n")])
}

/// As `flux push artifact` does it.
fn push(content: &mut Content, tag: &str, layers: &[(&str, Vec<u8>)]) -> String {
    content.blobs.insert(digest(b"{}"), b"{}".to_vec());
    let layers: Vec<Value> = layers
        .iter()
        .map(|(kind, bytes)| {
            content.blobs.insert(digest(bytes), bytes.clone());
            json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()})
        })
        .collect();
    let config =
        json!({"mediaType": "application/vnd.cncf.flux.config.v1+json", "digest": digest(b"{}"), "size": 2});
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": layers});
    let manifest = manifest.to_string().into_bytes();
    let pushed = digest(&manifest);
    content.tags.insert(tag.to_owned(), manifest);
    pushed
}

fn tags(all: &[&str]) -> Content {
    let mut content = Content::new(NAME, &[]);
    for tag in all {
        push(&mut content, tag, &[(FLUX, archive(tag))]);
    }
    content
}

fn of(double: &Double, version: ChartVersion) -> ArtifactRequest {
    ArtifactRequest { from: oci(&double.url(NAME), "", version), layer: None }
}

fn tag(text: &str) -> ChartVersion {
    ChartVersion::Tag(text.into())
}

fn fetch(charts: &Charts, request: &ArtifactRequest) -> Result<Arc<OciArtifact>, String> {
    charts.artifact(request, ChartCredentials::default()).map_err(|error| told(&error))
}

fn text(artifact: &OciArtifact, path: &str) -> String {
    let bytes = artifact.tree.read(&TreePath::parse(path).unwrap()).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_artifact_is_the_files_of_its_first_layer_under_its_tag_and_digest() {
    let mut content = Content::new(NAME, &[]);
    let pushed = push(&mut content, "v1", &[(FLUX, archive("one")), (CHART, packed(&[("c/x", "other")]))]);
    let double = Double::start(content);
    let (charts, _folder) = charts();
    let request = of(&double, tag("v1"));
    let first = fetch(&charts, &request).unwrap();
    assert_eq!((first.revision.as_str(), first.stale.as_deref()), (&*format!("v1@{pushed}"), None));
    assert_eq!(
        (text(&first, "apps/a.yaml").as_str(), text(&first, ".sourceignore").as_str()),
        ("one", "*.md\n")
    );
    // Whoever holds the files gets the very same again; whoever does not, the same ones from the disk.
    let again = fetch(&charts, &request).unwrap();
    assert!(Arc::ptr_eq(&first.tree, &again.tree));
    let id = first.tree.id();
    drop((first, again));
    assert_eq!(fetch(&charts, &request).unwrap().tree.id(), id);
    assert_eq!(double.blobs.paths().len(), 1);
    let by_digest = fetch(&charts, &of(&double, ChartVersion::Digest(pushed.clone()))).unwrap();
    assert_eq!((&by_digest.revision, by_digest.tree.id()), (&pushed, id));
    let chosen = ArtifactRequest { layer: Some(CHART.into()), ..request.clone() };
    assert_eq!(text(&fetch(&charts, &chosen).unwrap(), "c/x"), "other");
    let none = ArtifactRequest { layer: Some("text/plain".into()), ..request };
    let at = format!("{}/v2/{NAME}/manifests/v1", double.registry.url);
    let found = format!("{at} holds layers of {FLUX}, {CHART} where a layer of text/plain was expected");
    assert_eq!(fetch(&charts, &none).unwrap_err(), found);
}

#[test]
fn a_range_chooses_among_tags_as_they_are_written() {
    let double = Double::start(tags(&[
        "v0.9.0",
        "1.2.0",
        "1.10.0-rc.1",
        "1.3.0_a",
        "1.4",
        "latest",
        "2.0.0",
        "v2.1.0",
    ]));
    let (charts, _folder) = charts();
    let filtered =
        |range: &str, filter: &str| ChartVersion::Range { range: range.into(), filter: Some(filter.into()) };
    for (wanted, chosen) in [
        (range("1.x"), "1.2.0"),
        (range("0.9.0"), "v0.9.0"),
        (range(">=1.5.0-0 <2.0.0"), "1.10.0-rc.1"),
        (range("*"), "v2.1.0"),
        (filtered("*", "^[0-9]"), "2.0.0"),
        (filtered(">=1.0.0-0", "-rc\\."), "1.10.0-rc.1"),
    ] {
        let shown = wanted.to_string();
        let found = fetch(&charts, &of(&double, wanted)).unwrap();
        assert!(found.revision.starts_with(&format!("{chosen}@sha256:")), "{shown}: {}", found.revision);
        assert_eq!(text(&found, "apps/a.yaml"), chosen, "{shown}");
    }
    let none = fetch(&charts, &of(&double, range("^7"))).unwrap_err();
    assert_eq!(none, format!("no version of app in {} is ^7", double.url(NAME)));
}

#[test]
fn in_an_outage_an_artifact_is_what_it_was_and_what_was_never_fetched_is_not() {
    let content = tags(&["v1", "v2"]);
    let down = content.down.clone();
    let double = Double::start(content);
    let (charts, folder) = charts();
    let before = fetch(&charts, &of(&double, tag("v1"))).unwrap();
    down.store(true, Ordering::SeqCst);
    let restarted = opened(&folder, Duration::ZERO);
    for charts in [&charts, &restarted] {
        let stale = fetch(charts, &of(&double, tag("v1"))).unwrap();
        assert_eq!((&stale.revision, stale.tree.id()), (&before.revision, before.tree.id()));
        let why = stale.stale.clone().unwrap();
        assert!(why.contains(" answers 503; this is what the registry said at 20"), "{why}");
        let refused = charts.artifact(&of(&double, tag("v2")), ChartCredentials::default()).unwrap_err();
        assert!(matches!(refused, RegistryError::Status { status: 503, .. }), "{}", told(&refused));
        // Nor with other credentials.
        let other = secret(&[("username", "other"), ("password", "hunter2")]);
        let other = ChartCredentials { secret: Some(&other), ..ChartCredentials::default() };
        charts.artifact(&of(&double, tag("v1")), other).unwrap_err();
    }
    down.store(false, Ordering::SeqCst);
    assert_eq!(fetch(&charts, &of(&double, tag("v1"))).unwrap().stale, None);
}

#[test]
fn an_artifact_that_must_be_signed_is_not_unpacked_before_it_is_proved() {
    let mut content = tags(&["v1"]);
    let signed = push(&mut content, "v2", &[(FLUX, archive("two"))]);
    let (ours, theirs) = (Signer::new(), Signer::new());
    let (signature, payload) = layer(&ours, &signed);
    content.blobs.insert(digest(&payload), payload);
    sign(&mut content, &signed, &[signature]);
    let down = content.down.clone();
    let double = Double::start(content);
    let (charts, _folder) = charts();
    let get = |version: &str, signer: &Signer| {
        let request = of(&double, tag(version));
        let keys = keys(&[signer]);
        let credentials = ChartCredentials { keys: Some(&keys), ..ChartCredentials::default() };
        let request = ArtifactRequest { from: trusting(request.from), ..request };
        charts.artifact(&request, credentials).map_err(|error| told(&error))
    };
    assert_eq!(text(&get("v2", &ours).unwrap(), "apps/a.yaml"), "two");
    let blobs = double.blobs.paths().len();
    for (version, signer) in [("v1", &ours), ("v2", &theirs)] {
        let refused = get(version, signer).unwrap_err();
        assert!(refused.contains("is not verified"), "{refused}");
    }
    let archives = double
        .blobs
        .paths()
        .iter()
        .skip(blobs)
        .filter(|path| path.ends_with(&digest(&archive("v1"))))
        .count();
    assert_eq!(archives, 0);
    // What was fetched for somebody who asks for no proof proves nothing.
    fetch(&charts, &of(&double, tag("v1"))).unwrap();
    down.store(true, Ordering::SeqCst);
    get("v1", &ours).unwrap_err();
    get("v2", &theirs).unwrap_err();
    assert!(get("v2", &ours).unwrap().stale.is_some());
}

#[test]
fn what_is_no_archive_or_leads_out_of_it_is_refused() {
    let refused = |layers: &[(&str, Vec<u8>)]| {
        let mut content = Content::new(NAME, &[]);
        push(&mut content, "v1", layers);
        let double = Double::start(content);
        let error = fetch(&charts().0, &of(&double, tag("v1"))).unwrap_err();
        error.replace(&double.registry.url, "URL").replace(&double.url(NAME), "OCI")
    };
    let out = packed(&[("../etc/passwd", "x")]);
    assert_eq!(
        refused(&[(FLUX, out)]),
        "the archive OCI is refused: ../etc/passwd lies outside of the archive's folder"
    );
    let text = refused(&[(FLUX, b"apiVersion: v1\n".to_vec())]);
    assert!(text.starts_with("the archive OCI is refused: it is no gzip archive"), "{text}");
    assert_eq!(
        refused(&[]),
        "URL/v2/manifests/app/manifests/v1 holds no layer where an artifact was expected"
    );
}

#[test]
fn a_chart_and_an_artifact_of_one_repository_are_two_answers() {
    let double = Double::start(Content::new("charts/web", &[("1.0.0", super::tgz("web", "1.0.0"))]));
    let (charts, _folder) = charts();
    let request = oci(&double.url("charts/web"), "", tag("1.0.0"));
    assert_eq!(get(&charts, &request).unwrap().version, "1.0.0");
    let files = fetch(&charts, &ArtifactRequest { from: request.clone(), layer: None }).unwrap();
    assert!(text(&files, "web/Chart.yaml").contains("version: 1.0.0"));
    assert_eq!(get(&charts, &request).unwrap().version, "1.0.0");
}
