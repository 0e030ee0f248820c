//! Signatures without a key, from a registry.
use super::registry::{Content, Double};
use super::server::told;
use super::verified::{SIMPLE_SIGNING, content, fetched, referred, sign};
use super::{charts, digest, http, oci, opened};
use crate::verify::identity::tests::world::{ISSUER, SUBJECT, World};
use crate::{Charts, Options, TrustRoot};
use mainstay_unit::{
    ChartArchive, ChartCredentials, ChartRequest, ChartVersion, Content as Secret, OidcIdentity, Reference,
    ReferenceKind, Verification,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn request(double: &Double, subject: &str) -> ChartRequest {
    trusting_by(oci(&double.url("charts/web"), "", ChartVersion::Tag("1.0.0".into())), subject)
}

/// With a trust root of its own.
pub fn trusting_by(request: ChartRequest, subject: &str) -> ChartRequest {
    let root = Reference { kind: ReferenceKind::Secret, namespace: "n".into(), name: "root".into() };
    let any_of = vec![OidcIdentity { issuer: format!("^{ISSUER}$"), subject: subject.to_owned() }];
    let verify = Some(Verification::Identity { any_of, root: Some(root) });
    ChartRequest { verify, ..request }
}

fn trusting(root: &str) -> Secret {
    Secret::from([("trusted_root.json", root)])
}

pub fn get(charts: &Charts, request: &ChartRequest, root: &str) -> Result<Arc<ChartArchive>, String> {
    let secret = trusting(root);
    let credentials = ChartCredentials { keys: Some(&secret), ..ChartCredentials::default() };
    charts.chart(request, credentials).map_err(|error| told(&error))
}

/// A layer, whose payload becomes a blob.
fn layer(content: &mut Content, world: &World, of: &str) -> Value {
    let (annotations, payload) = world.classic(of);
    let layer = json!({
        "mediaType": SIMPLE_SIGNING, "digest": digest(&payload), "size": payload.len(), "annotations": annotations,
    });
    content.blobs.insert(digest(&payload), payload);
    layer
}

/// A chart with the tag 1.0.0, signed behind a tag, or by a bundle.
fn signed(world: &World, of: &str) -> [Content; 2] {
    let (mut classic, manifest) = content();
    let of = if of.is_empty() { &manifest } else { of };
    let layers = [layer(&mut classic, world, of)];
    sign(&mut classic, &manifest, &layers);
    let (mut bundled, manifest) = content();
    referred(&mut bundled, &manifest, world.bundle(of));
    [classic, bundled]
}

#[test]
fn who_is_named_is_asked_for_once_and_another_anew() {
    let world = World::new();
    for content in signed(&world, "") {
        let double = Double::start(content);
        let folder = tempfile::tempdir().unwrap();
        let charts = opened(&folder, Duration::ZERO);
        let asked =
            |double: &Double| double.registry.paths().iter().filter(|p| p.contains("sha256-")).count();
        let team = request(&double, "^https://ci\\.example\\.com/team/");
        assert_eq!(get(&charts, &team, &world.root).unwrap().version, "1.0.0");
        let once = asked(&double);
        assert!(once > 0);
        get(&charts, &team, &world.root).unwrap();
        get(&opened(&folder, Duration::ZERO), &team, &world.root).unwrap();
        assert_eq!(asked(&double), once, "what was verified is not asked for again");
        let other =
            get(&charts, &request(&double, "^https://ci\\.example\\.com/other/"), &world.root).unwrap_err();
        let why = format!(
            "none of its 1 signatures counts (of {SUBJECT} (issuer {ISSUER}): nobody who is trusted); trusted is \
             ^https://ci\\.example\\.com/other/ (issuer ^{ISSUER}$)"
        );
        assert!(other.contains(" is not verified: ") && other.ends_with(&why), "{other}");
        assert!(asked(&double) > once);
        let elsewhere = get(&charts, &team, &World::new().root).unwrap_err();
        assert!(elsewhere.contains("its signature was logged where nobody is trusted"), "{elsewhere}");
    }
}

#[test]
fn nothing_is_fetched_before_the_very_digest_is_proved() {
    let world = World::new();
    let [classic, bundled] = signed(&world, &digest(b"other"));
    let attested = World {
        said: |text| text["predicateType"] = json!("https://slsa.dev/provenance/v1"),
        ..World::new()
    };
    let [_, attestation] = signed(&attested, "");
    let another =
        format!("of {SUBJECT} (issuer {ISSUER}): it is a signature of another digest, or an attestation");
    for (content, root, why) in [
        (content().0, &world.root, "nobody has signed it with cosign"),
        (classic, &world.root, another.as_str()),
        (bundled, &world.root, another.as_str()),
        (attestation, &attested.root, another.as_str()),
    ] {
        let double = Double::start(content);
        let error = get(&charts().0, &request(&double, "."), root).unwrap_err();
        assert!(error.contains("is not verified") && error.contains(why), "{error}");
        assert!(!fetched(&double));
    }
}

#[test]
fn one_that_counts_among_others_is_enough_and_reasons_are_few() {
    let mut world = World::new();
    let (mut all, manifest) = content();
    let uri = |text: &str| rcgen::SanType::URI(text.try_into().unwrap());
    let mut layers = Vec::new();
    for n in 0..7 {
        world.subject = uri(&format!("https://{n}.example.com"));
        layers.push(layer(&mut all, &world, &manifest));
    }
    sign(&mut all, &manifest, &layers);
    let double = Double::start(all.clone());
    let error = get(&charts().0, &request(&double, "^x$"), &world.root).unwrap_err();
    let told = error.contains("none of its 7 signatures counts (of https://0.example.com (issuer ")
        && error.contains("of https://4.example.com")
        && error.contains("; and 2 more reasons);");
    assert!(told && !error.contains("https://5.example.com"), "{error}");
    world.subject = uri(SUBJECT);
    layers.push(layer(&mut all, &world, &manifest));
    sign(&mut all, &manifest, &layers);
    let double = Double::start(all);
    get(&charts().0, &request(&double, "team"), &world.root).unwrap();
}

#[test]
fn what_is_proved_stays_in_an_outage_and_an_outage_proves_nothing() {
    let world = World::new();
    for content in signed(&world, "") {
        let down = content.down.clone();
        let double = Double::start(content);
        let (charts, folder) = charts();
        let team = request(&double, "team");
        down.store(true, Ordering::SeqCst);
        let error = get(&charts, &team, &world.root).unwrap_err();
        assert!(!error.contains("is not verified"), "{error}");
        down.store(false, Ordering::SeqCst);
        get(&charts, &team, &world.root).unwrap();
        down.store(true, Ordering::SeqCst);
        assert!(get(&opened(&folder, Duration::ZERO), &team, &world.root).unwrap().stale.is_some());
        get(&charts, &request(&double, "other"), &world.root).unwrap_err();
        get(&charts, &ChartRequest { verify: None, ..team }, &world.root).unwrap_err();
    }
}

#[test]
fn a_trust_root_is_the_sources_own_or_the_operators_or_the_public_one_and_a_broken_one_is_told() {
    let world = World::new();
    let [classic, _] = signed(&world, "");
    let double = Double::start(classic);
    let named = request(&double, "team");
    let ask = |request: &ChartRequest, secret: Option<&Secret>| {
        let credentials = ChartCredentials { keys: secret, ..ChartCredentials::default() };
        told(&charts().0.chart(request, credentials).unwrap_err())
    };
    let root = |text: &str| ask(&named, Some(&trusting(text)));
    assert!(root("{}").ends_with("trusted_root.json is no trust root of sigstore's (line 1, column 2)"));
    assert!(
        ask(&named, Some(&Secret::default()))
            .ends_with("the Secret of its trust root holds no trusted_root.json")
    );
    assert!(ask(&named, None).ends_with("its trust root is not there"));
    let wrong = Verification::Identity {
        any_of: vec![OidcIdentity { issuer: "(".into(), subject: "a".into() }],
        root: None,
    };
    let wrong = ChartRequest { verify: Some(wrong), ..named.clone() };
    assert!(ask(&wrong, None).contains("the issuer \"(\" is no regular expression: "));
    let public = Verification::Identity { any_of: Vec::new(), root: None };
    let public = ChartRequest { verify: Some(public), ..named.clone() };
    let error = ask(&public, None);
    assert!(error.contains("where nobody is trusted") && error.ends_with("trusted is anyone"), "{error}");
    let options =
        Options { root: Some(Arc::new(TrustRoot::read(&world.root).unwrap())), ..Options::default() };
    let folder = tempfile::tempdir().unwrap();
    let chosen = Charts::open(&folder.path().join("charts"), options).unwrap();
    chosen.chart(&public, ChartCredentials::default()).unwrap();
    let plain = ChartRequest { verify: public.verify, ..http("http://127.0.0.1:9", "web", "") };
    let error = ask(&plain, None);
    assert!(error.contains("only charts of OCI registries have signatures of cosign's"), "{error}");
}
