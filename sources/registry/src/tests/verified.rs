//! Signatures as cosign makes them, and as others would like to.
use super::registry::{Content, Double};
use super::server::told;
use super::{charts, digest, http, oci, opened, secret, tgz};
use crate::Charts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_unit::{
    ChartArchive, ChartCredentials, ChartRequest, ChartVersion, Content as Secret, Reference, ReferenceKind,
    Verification,
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub struct Signer {
    pair: KeyPair,
}

impl Signer {
    pub fn new() -> Self {
        Self { pair: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap() }
    }

    fn sign(&self, text: &[u8]) -> String {
        let random = SystemRandom::new();
        let der = self.pair.serialize_der();
        let signature = if self.pair.is_compatible(&PKCS_ED25519) {
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap().sign(text).as_ref().to_vec()
        } else {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &random).unwrap();
            pair.sign(&random, text).unwrap().as_ref().to_vec()
        };
        STANDARD.encode(signature)
    }
}

pub fn keys(signers: &[&Signer]) -> Secret {
    signers.iter().enumerate().map(|(at, one)| (format!("k{at}.pub"), one.pair.public_key_pem())).collect()
}

/// A layer of a signature of `of`, and its payload.
pub fn layer(signer: &Signer, of: &str) -> (Value, Vec<u8>) {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": of},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    let payload = payload.to_string().into_bytes();
    let layer = json!({
        "mediaType": SIMPLE_SIGNING, "digest": digest(&payload), "size": payload.len(),
        "annotations": {"dev.cosignproject.cosign/signature": signer.sign(&payload)},
    });
    (layer, payload)
}

/// The same, with its payload among the blobs.
fn added(content: &mut Content, signer: &Signer, of: &str) -> Value {
    let (layer, payload) = layer(signer, of);
    content.blobs.insert(digest(&payload), payload);
    layer
}

pub fn tag_of(manifest: &str) -> String {
    manifest.replace(':', "-")
}

pub fn sign(content: &mut Content, manifest: &str, layers: &[Value]) {
    let body = json!({"schemaVersion": 2, "layers": layers}).to_string().into_bytes();
    content.tags.insert(format!("{}.sig", tag_of(manifest)), body);
}

/// A bundle that refers to a manifest, listed behind a tag.
pub fn referred(content: &mut Content, manifest: &str, bundle: Vec<u8>) {
    let layers = json!([{"mediaType": BUNDLE, "digest": digest(&bundle), "size": bundle.len()}]);
    content.blobs.insert(digest(&bundle), bundle);
    let referrer = json!({"schemaVersion": 2, "layers": layers}).to_string().into_bytes();
    let listed = json!([{"mediaType": "x", "artifactType": BUNDLE, "digest": digest(&referrer), "size": 1}]);
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed});
    content.tags.insert("a-bundle".into(), referrer);
    content.tags.insert(tag_of(manifest), index.to_string().into_bytes());
}

/// A chart with the tag 1.0.0, and the digest of its manifest.
pub fn content() -> (Content, String) {
    let content = Content::new("charts/web", &[("1.0.0", tgz("web", "1.0.0"))]);
    let manifest = digest(&content.tags["1.0.0"]);
    (content, manifest)
}

fn request(double: &Double) -> ChartRequest {
    trusting(oci(&double.url("charts/web"), "", ChartVersion::Tag("1.0.0".into())))
}

pub fn trusting(request: ChartRequest) -> ChartRequest {
    let keys = Reference { kind: ReferenceKind::Secret, namespace: "n".into(), name: "keys".into() };
    ChartRequest { verify: Some(Verification::Cosign { keys }), ..request }
}

pub fn get(charts: &Charts, request: &ChartRequest, keys: &Secret) -> Result<Arc<ChartArchive>, String> {
    let credentials = ChartCredentials { keys: Some(keys), ..ChartCredentials::default() };
    charts.chart(request, credentials).map_err(|error| told(&error))
}

#[track_caller]
fn refused(content: Content, keys: &Secret, why: &str) {
    let double = Double::start(content);
    let error = get(&charts().0, &request(&double), keys).unwrap_err();
    assert!(error.contains("is not verified") && error.contains(why), "{error}");
    assert!(!fetched(&double), "not fetched");
}

pub fn fetched(double: &Double) -> bool {
    let chart = digest(&tgz("web", "1.0.0"));
    double.blobs.paths().iter().any(|path| path.ends_with(&chart))
}

#[test]
fn who_is_trusted_is_asked_for_once_and_others_anew() {
    let (ours, theirs) = (Signer::new(), Signer::new());
    let (mut content, manifest) = content();
    let layers = [added(&mut content, &theirs, &manifest), added(&mut content, &ours, &manifest)];
    sign(&mut content, &manifest, &layers);
    let double = Double::start(content);
    let request = request(&double);
    let folder = tempfile::tempdir().unwrap();
    let asked =
        |double: &Double| double.registry.paths().iter().filter(|path| path.ends_with(".sig")).count();
    let trusted = keys(&[&Signer::new(), &ours]);
    let charts = opened(&folder, Duration::ZERO);
    assert_eq!(get(&charts, &request, &trusted).unwrap().version, "1.0.0");
    let once = asked(&double);
    get(&charts, &request, &trusted).unwrap();
    get(&opened(&folder, Duration::ZERO), &request, &trusted).unwrap();
    assert_eq!(asked(&double), once, "what was verified by these keys is not asked for again");
    let strange = keys(&[&Signer::new()]);
    let error = get(&charts, &request, &strange).unwrap_err();
    assert!(
        error.contains("none of its 2 signatures is by a key that is trusted; tried were k0.pub (SHA-256 "),
        "{error}"
    );
    assert!(asked(&double) > once);
    get(&charts, &request, &keys(&[&theirs])).unwrap();
}

#[test]
fn what_nobody_has_signed_or_somebody_else_or_as_something_else_is_refused() {
    let (ours, theirs) = (Signer::new(), Signer::new());
    refused(content().0, &keys(&[&ours]), "nobody has signed it with cosign");
    let signed = |signer: &Signer, of: &str| {
        let (mut content, manifest) = content();
        let layers = [added(&mut content, signer, if of.is_empty() { &manifest } else { of })];
        sign(&mut content, &manifest, &layers);
        content
    };
    refused(signed(&theirs, ""), &keys(&[&ours]), "none of its 1 signatures is by a key that is trusted");
    refused(signed(&ours, &digest(b"other")), &keys(&[&ours]), "its signature is of another digest");
    // Another payload under a signature that is good for the first.
    let (mut tampered, manifest) = content();
    let mut wrong = added(&mut tampered, &ours, &digest(b"other"));
    let good = added(&mut tampered, &ours, &manifest);
    wrong["digest"] = good["digest"].clone();
    sign(&mut tampered, &manifest, &[wrong]);
    refused(tampered, &keys(&[&ours]), "none of its 1 signatures");
    let mut many = content().0;
    let one = added(&mut many, &ours, &manifest);
    sign(&mut many, &manifest, &vec![one; 101]);
    refused(many, &keys(&[&ours]), "it has more than 100 signatures");
}

#[test]
fn a_tag_that_moves_is_verified_anew_and_what_is_signed_stays_in_an_outage() {
    let ours = Signer::new();
    let (mut before, manifest) = content();
    let layers = [added(&mut before, &ours, &manifest)];
    sign(&mut before, &manifest, &layers);
    let mut after = before.clone();
    let other = after.manifest(&tgz("web", "1.0.1")).to_string().into_bytes();
    after.tags.insert("1.0.0".into(), other);
    let (charts, folder) = charts();
    let trusted = keys(&[&ours]);
    after.down = Arc::default();
    let moved = Double::start(after);
    let error = get(&charts, &request(&moved), &trusted).unwrap_err();
    assert!(error.contains("nobody has signed it with cosign"), "{error}");
    let down = before.down.clone();
    let double = Double::start(before);
    let request = request(&double);
    get(&charts, &request, &trusted).unwrap();
    down.store(true, Ordering::SeqCst);
    let stale = get(&opened(&folder, Duration::ZERO), &request, &trusted).unwrap();
    assert!(stale.stale.is_some(), "what was verified is used on");
    get(&charts, &request, &keys(&[&Signer::new()])).unwrap_err();
    let unverified = ChartRequest { verify: None, ..request.clone() };
    assert!(get(&charts, &unverified, &trusted).is_err(), "and is no answer to who asks for no proof");
}

#[test]
fn keys_are_of_the_kinds_that_cosign_makes_and_bundles_are_read() {
    let edwards = Signer { pair: KeyPair::generate_for(&PKCS_ED25519).unwrap() };
    let (mut content, manifest) = content();
    let layers = [added(&mut content, &edwards, &manifest)];
    sign(&mut content, &manifest, &layers);
    let double = Double::start(content.clone());
    get(&charts().0, &request(&double), &keys(&[&edwards])).unwrap();

    let ours = Signer::new();
    let bundled = |content: &Content, of: &str, predicate: &str| {
        let mut content = content.clone();
        content.tags.retain(|tag, _| !tag.ends_with(".sig"));
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": predicate,
            "subject": [{"digest": {"sha256": of.trim_start_matches("sha256:")}}], "predicate": {},
        });
        let (kind, statement) = ("application/vnd.in-toto+json", statement.to_string());
        let signed = format!("DSSEv1 {} {kind} {} {statement}", kind.len(), statement.len());
        let envelope = json!({
            "payload": STANDARD.encode(&statement), "payloadType": kind,
            "signatures": [{"sig": ours.sign(signed.as_bytes())}],
        });
        let bundle = json!({"mediaType": BUNDLE, "dsseEnvelope": envelope}).to_string().into_bytes();
        referred(&mut content, &manifest, bundle);
        content
    };
    const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
    let double = Double::start(bundled(&content, &manifest, SIGNED));
    get(&charts().0, &request(&double), &keys(&[&ours])).unwrap();
    refused(
        bundled(&content, &digest(b"other"), SIGNED),
        &keys(&[&ours]),
        "its signature is of another digest",
    );
    refused(
        bundled(&content, &manifest, "https://slsa.dev/provenance/v1"),
        &keys(&[&ours]),
        "of another digest",
    );
}

#[test]
fn keys_that_can_not_be_read_and_repositories_without_signatures_are_told() {
    let (content, _) = content();
    let double = Double::start(content);
    let ask = |secret: &Secret| get(&charts().0, &request(&double), secret).unwrap_err();
    let place = double.url("charts/web");
    let prefix = format!("chart 1.0.0 of {place} is not verified: the Secret of its keys is not valid: ");
    let private = Signer::new().pair.serialize_pem();
    let private = ask(&secret(&[("cosign.pub", &private)]));
    assert_eq!(private, format!("{prefix}cosign.pub is no public key in PEM (BEGIN PUBLIC KEY)"));
    assert_eq!(ask(&secret(&[("cosign.key", "x")])), format!("{prefix}it holds no public key, *.pub"));
    let bytes = Secret::from([("a.pub", b"\xffhunter2".to_vec())]);
    assert_eq!(ask(&bytes), format!("{prefix}the value of its key a.pub is not UTF-8 text"));
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().public_key_pem();
    assert!(ask(&secret(&[("a.pub", &p384)])).contains("nobody has signed it"));
    let plain = ChartRequest { verify: request(&double).verify, ..http("http://127.0.0.1:9", "web", "") };
    let error = get(&charts().0, &plain, &keys(&[&Signer::new()])).unwrap_err();
    assert!(error.contains("only charts of OCI registries have signatures of cosign's"), "{error}");
}
