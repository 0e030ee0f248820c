//! A chart that must be signed, from a signature that holds to one that does not and back: by cosign in an OCI registry, and
//! by Helm's own provenance in a repository over HTTP.

use crate::on_both_wires;
use crate::registry::Shop;
use crate::repository::config_map;
use crate::world::{World, inventory};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_harness::{OciRegistry, Output, SweptFolder};
use pgp::composed::{ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedSecretKey};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, Password};
use rand::rngs::OsRng;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::process::Command;

on_both_wires! {
    what_a_strange_key_has_signed_changes_nothing_until_a_trusted_one_has,
    a_version_without_its_provenance_changes_nothing_until_a_trusted_key_vouches_for_it,
}

const NAME: &str = "charts/web";
/// What comes before the point in the `SubjectPublicKeyInfo` of a key on P-256 (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Signs as cosign does.
pub struct Signer(EcdsaKeyPair, SystemRandom);

impl Signer {
    pub fn new() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).expect("a key"), random)
    }

    pub fn public(&self) -> String {
        let key = STANDARD.encode([&P256, self.0.public_key().as_ref()].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")
    }

    /// Puts a signature beside those that a manifest of a repository has.
    pub fn sign(&self, registry: &OciRegistry, name: &str, manifest: &str) {
        let payload = json!({"critical": {
            "identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": manifest},
            "type": "cosign container image signature",
        }});
        let payload = payload.to_string().into_bytes();
        let signature = self.0.sign(&self.1, &payload).expect("a signature");
        let layer = json!({
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": registry.put_blob(name, &payload), "size": payload.len(),
            "annotations": {"dev.cosignproject.cosign/signature": STANDARD.encode(signature)},
        });
        let tag = format!("{}.sig", manifest.replace(':', "-"));
        let mut signed =
            registry.manifest(name, &tag).unwrap_or_else(|| json!({"schemaVersion": 2, "layers": []}));
        signed["layers"].as_array_mut().expect("layers").push(layer);
        registry.put_manifest(name, &tag, &signed);
    }
}

/// Pushes a version whose only object says `value`, by the real helm; the answer is the digest of its manifest.
fn push(world: &World, registry: &OciRegistry, version: &str, value: &str) -> String {
    let folder = chart(version, value);
    helm(world, &folder, &["package", "web"]);
    let to = format!("oci://{}/charts", registry.address);
    helm(world, &folder, &["push", &format!("web-{version}.tgz"), &to, "--plain-http"]);
    registry.digest(NAME, version).expect("it was pushed")
}

/// Runs the real helm in a folder.
fn helm(world: &World, folder: &SweptFolder, arguments: &[&str]) {
    let mut command = Command::new(world.helm_path());
    command.args(arguments).current_dir(&folder.path).env_clear().env("HOME", &folder.path);
    Output::of(&mut command, "").expect("helm can be run").expect_success();
}

/// A folder with the chart `web`, whose only object says `value`.
fn chart(version: &str, value: &str) -> SweptFolder {
    let folder = SweptFolder::create("mainstay-signed-").expect("a folder");
    let chart = folder.path.join("web");
    let template =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{value: {value}}}\n");
    for (path, text) in [
        ("Chart.yaml", format!("apiVersion: v2\nname: web\nversion: {version}\n")),
        ("templates/web.yaml", template),
    ] {
        let path = chart.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn declare(world: &World, registry: &OciRegistry, version: &str) -> String {
    let flux = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: web, namespace: signed}}
spec:
  interval: 1m
  insecure: true
  url: oci://{}/{NAME}
  ref: {{tag: {version}}}
  verify: {{provider: cosign, secretRef: {{name: trusted}}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: web, namespace: signed}}
spec:
  interval: 10m
  chartRef: {{kind: OCIRepository, name: web}}
",
        registry.address
    );
    world.repository.module("signed", "flux", &[], &flux);
    world.repository.commit(&format!("Version {version}"))
}

/// Waits until the unit fails for want of a proof; the answer is why.
#[track_caller]
pub fn is_refused(world: &mut World, id: &str, why: &str) -> String {
    world.until("the unit is refused", |world| {
        let unit = world.unit(id)?;
        let message = unit["message"].as_str().unwrap_or_default().to_owned();
        let known = unit["phase"] == "Failed" && message.contains(why);
        if known { Ok(message) } else { Err(format!("{}: {message}", unit["phase"])) }
    })
}

pub fn problems(world: &World) -> Vec<Value> {
    let view = world.view().unwrap_or_default();
    view["problems"].as_array().cloned().unwrap_or_default()
}

/// Everything that an API server would count as a change.
pub fn live(world: &World) -> Value {
    let object = world.object("configmap", "signed", "web").expect("it is there");
    json!([object["metadata"]["uid"], object["metadata"]["resourceVersion"], object["data"]])
}

fn what_a_strange_key_has_signed_changes_nothing_until_a_trusted_one_has(world: &mut World) {
    world.tenant("signed");
    let registry = OciRegistry::start();
    let (ours, theirs) = (Signer::new(), Signer::new());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "trusted", "namespace": "signed"},
        "stringData": {"cosign.pub": ours.public()},
    });
    world.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).expect_success();

    let first = push(world, &registry, "1.0.0", "one");
    ours.sign(&registry, NAME, &first);
    let commit = declare(world, &registry, "1.0.0");
    let unit = world.has_applied("helmrelease/signed/web", &commit);
    assert_eq!(inventory(&unit), ["ConfigMap/signed/web"]);
    world.config_map_is("signed", "web", "one");
    let before = live(world);

    let second = push(world, &registry, "1.1.0", "two");
    theirs.sign(&registry, NAME, &second);
    let commit = declare(world, &registry, "1.1.0");
    world.has_read(&commit);
    let why =
        is_refused(world, "helmrelease/signed/web", "none of its 1 signatures is by a key that is trusted");
    assert!(why.contains("tried were cosign.pub (SHA-256 ") && why.contains(&second), "{why}");
    let found = problems(world);
    assert!(found.iter().any(|problem| problem["code"] == "MS6002"), "{found:#?}");
    assert_eq!(live(world), before);

    ours.sign(&registry, NAME, &second);
    world.is("helmrelease/signed/web", "Ready");
    world.config_map_is("signed", "web", "two");

    // In an outage a new daemon knows what was proved, and proves nothing new.
    registry.set_down(true);
    world.kill();
    world.run();
    world.until("it is told that the registry is down", |world| match problems(world) {
        found if found.iter().any(|problem| problem["code"] == "MS6001") => Ok(()),
        found => Err(format!("{found:#?}")),
    });
    world.is("helmrelease/signed/web", "Ready");
    world.config_map_is("signed", "web", "two");
    registry.set_down(false);

    withdraw(world, &["signed/flux.yaml", "signed/flux"]);
}

/// The release goes; something of the tenant stays.
pub fn withdraw(world: &mut World, files: &[&str]) {
    world.repository.module("signed", "stays", &[], &config_map("signed", "stays", "as it is"));
    for file in files {
        world.repository.remove(file);
    }
    world.repository.commit("No release any more");
    world.config_map_is_gone("signed", "web");
}

/// A key of OpenPGP for this test.
fn key(name: &str) -> SignedSecretKey {
    let mut made = SecretKeyParamsBuilder::default();
    made.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true);
    made.primary_user_id(format!("{name} <{name}@example.com>"));
    made.build().expect("parameters").generate(OsRng).expect("a key")
}

/// Puts a version into a repository, by the real helm; the answer is its provenance.
fn offer(world: &World, shop: &Shop, version: &str, value: &str, key: &SignedSecretKey) -> String {
    let folder = chart(version, value);
    let read = |file: &str| std::fs::read(folder.path.join(file)).expect("helm has made it");
    let file = format!("web-{version}.tgz");
    std::fs::write(folder.path.join("secring.gpg"), key.to_bytes().expect("bytes")).expect("a file");
    helm(world, &folder, &["package", "web", "--sign", "--key", "example", "--keyring", "secring.gpg"]);
    helm(world, &folder, &["repo", "index", "."]);
    shop.put("index.yaml", read("index.yaml"));
    shop.put(&file, read(&file));
    String::from_utf8(read(&format!("{file}.prov"))).expect("text")
}

/// The same text, signed by another.
fn signed_by(key: &SignedSecretKey, provenance: &str) -> String {
    let (message, _) = CleartextSignedMessage::from_string(provenance).expect("a message");
    let text = message.signed_text().replace("\r\n", "\n");
    let signed = CleartextSignedMessage::sign(OsRng, &text, &key.primary_key, &Password::empty());
    signed.expect("a signature").to_armored_string(ArmorOptions::default()).expect("text")
}

fn declare_module(world: &World, shop: &Shop, version: &str) -> String {
    let module = format!(
        "apiVersion: mainstay.dev/v1alpha1
kind: Module
metadata: {{name: web}}
spec:
  namespace: signed
  retryInterval: 2s
  source:
    chart:
      repository: {}
      name: web
      version: {version}
      verify: {{provider: helm, secretRef: {{name: rings}}}}
",
        shop.url()
    );
    world.repository.write("signed/web.yaml", &module);
    world.repository.commit(&format!("Version {version}"))
}

fn a_version_without_its_provenance_changes_nothing_until_a_trusted_key_vouches_for_it(world: &mut World) {
    const UNIT: &str = "module/signed/web";
    world.tenant("signed");
    let shop = Shop::start();
    let (ours, theirs) = (key("ours"), key("theirs"));
    // Binary, as `gpg --export` writes it: no text at all.
    let ring = STANDARD.encode(ours.to_public_key().to_bytes().expect("bytes"));
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "rings", "namespace": "signed"},
        "data": {"pubring.gpg": ring},
    });
    world.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).expect_success();

    let proof = offer(world, &shop, "1.0.0", "one", &ours);
    shop.put("web-1.0.0.tgz.prov", proof.into_bytes());
    let commit = declare_module(world, &shop, "1.0.0");
    let unit = world.has_applied(UNIT, &commit);
    assert_eq!(inventory(&unit), ["ConfigMap/signed/web"]);
    world.config_map_is("signed", "web", "one");
    let before = live(world);

    let proof = offer(world, &shop, "1.1.0", "two", &ours);
    let commit = declare_module(world, &shop, "1.1.0");
    world.has_read(&commit);
    is_refused(world, UNIT, "web-1.1.0.tgz is not verified: its provenance is missing: ");
    let found = problems(world);
    assert!(found.iter().any(|problem| problem["code"] == "MS6002"), "{found:#?}");
    shop.put("web-1.1.0.tgz.prov", signed_by(&theirs, &proof).into_bytes());
    let print = |key: &SignedSecretKey| format!("{:x}", key.fingerprint()).to_ascii_uppercase();
    let why = format!("it is signed by {}; trusted is {}", print(&theirs), print(&ours));
    is_refused(world, UNIT, &why);
    assert_eq!(live(world), before);

    shop.put("web-1.1.0.tgz.prov", proof.into_bytes());
    world.is(UNIT, "Ready");
    world.config_map_is("signed", "web", "two");

    // In an outage a new daemon knows what was proved.
    shop.set_down(true);
    world.kill();
    world.run();
    world.until("it is told that the repository is down", |world| match problems(world) {
        found if found.iter().any(|problem| problem["code"] == "MS6001") => Ok(()),
        found => Err(format!("{found:#?}")),
    });
    world.is(UNIT, "Ready");
    world.config_map_is("signed", "web", "two");
    shop.set_down(false);
    withdraw(world, &["signed/web.yaml"]);
}
