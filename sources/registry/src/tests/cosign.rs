//! The real cosign beside us: what it signs we verify, what we take for signed it verifies.
use super::verified::{Signer, get, keys, layer, tag_of, trusting};
use super::{charts, digest, oci, secret, tgz};
use crate::digest::Digest;
use crate::verify::{Found, Keys, SIGNATURE, Signature, envelope, find, simple_signing};
use mainstay_harness::{OciRegistry, Requirement, cosign_or_skip, skip};
use mainstay_unit::{ChartRequest, ChartVersion};
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Signatures by cosign 3.1.3, one of each layout for each kind of key, which OpenSSL 3.0 made; the one without a layout
/// is OpenSSL's own, as cosign 2 made it.
const GOLDEN: &str = include_str!("cosign.json");

#[derive(Deserialize)]
struct Golden {
    /// What is signed.
    manifest: String,
    signed: Vec<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    kind: String,
    key: String,
    payload: Option<String>,
    signature: Option<String>,
    bundle: Option<Value>,
}

impl Signed {
    fn signature(&self) -> Signature {
        match (&self.payload, &self.signature, &self.bundle) {
            (Some(payload), Some(signature), None) => {
                let annotations = [(SIGNATURE.to_owned(), signature.clone())];
                simple_signing(payload.clone().into_bytes(), annotations.into())
            }
            (None, None, Some(bundle)) => envelope(bundle.to_string().into_bytes()),
            _ => None,
        }
        .unwrap()
    }
}

#[test]
fn every_kind_of_key_that_cosign_signs_with_is_verified_or_refused_by_name() {
    let golden: Golden = serde_json::from_str(GOLDEN).unwrap();
    let manifest = Digest::parse(&golden.manifest).unwrap();
    let mut read = Vec::new();
    for one in &golden.signed {
        let keys = Keys::read(&secret(&[("cosign.pub", &one.key)]), "web");
        if one.kind == "ECDSA P-521" {
            let error = keys.err().unwrap().to_string();
            let why = "web is not verified: the Secret of its keys is not valid: cosign.pub is an ECDSA key on P-521, \
                       which is not supported: use ECDSA P-256 or P-384, RSA of 2048 to 8192 bits, Ed25519";
            assert_eq!(error, why);
            continue;
        }
        read.push((one, keys.unwrap()));
    }
    assert_eq!(read.len(), 11);
    for (one, keys) in &read {
        let found = |signature: Signature| find(&[signature], keys, &manifest);
        assert!(matches!(found(one.signature()), Found::By(_)), "{}", one.kind);
        let mut tampered = one.signature();
        *tampered.signed.last_mut().unwrap() ^= 1;
        assert_eq!(found(tampered), Found::Strange, "{}", one.kind);
        let mut tampered = one.signature();
        *tampered.signature.last_mut().unwrap() ^= 1;
        assert_eq!(found(tampered), Found::Strange, "{}", one.kind);
        let other = find(&[one.signature()], keys, &Digest::of(b"other"));
        assert_eq!(other, Found::Another, "{}", one.kind);
        for (other, _) in read.iter().filter(|(other, _)| other.key != one.key) {
            assert_eq!(found(other.signature()), Found::Strange, "{} by {}", other.kind, one.kind);
        }
    }
}

#[test]
fn keys_that_are_too_small_or_of_another_curve_are_refused_by_name() {
    let small = "-----BEGIN PUBLIC KEY-----\n\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDJ41al6FGpcQaKG3B/93GcXFju\n\
        WvoHf2YeGaopclhWAKIUprBpi24/BD9Dbe27pfHCwAWa4XvPc6RLJNhtb6Nwf0vP\n\
        kt7dvhpFiwoQKCS2vOQrQ/iBVXqiTH+Gj49b48pXjG3YtNYGSKzcSMzDFoe3Iobg\n\
        glXxlD3jTd/CEA4f7QIDAQAB\n-----END PUBLIC KEY-----\n";
    let koblitz = "-----BEGIN PUBLIC KEY-----\n\
        MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEaGwExVBJGU2/A7PRk9XN+XtBpDuVf+Jn\n\
        G3CA83ynloEwYjc4ghrhLH75zbduyk7GAIvgyC8po/twK8Gapw4IiA==\n-----END PUBLIC KEY-----\n";
    let cut = "-----BEGIN PUBLIC KEY-----\nMIGfMA0G\n-----END PUBLIC KEY-----\n";
    for (key, what) in [
        (small, "an RSA key of 1024 bits"),
        (koblitz, "an ECDSA key on another curve"),
        (cut, "a key that can't be read"),
    ] {
        let error = Keys::read(&secret(&[("cosign.pub", key)]), "web").err().unwrap().to_string();
        assert!(
            error.contains(&format!("cosign.pub is {what}, which is not supported: use ECDSA")),
            "{error}"
        );
    }
}

/// A registry with charts, and the tools that write to it.
struct Bench {
    cosign: PathBuf,
    helm: PathBuf,
    registry: OciRegistry,
    folder: TempDir,
}

const NAME: &str = "charts/web";

impl Bench {
    fn start(test: &str, registry: OciRegistry) -> Option<Self> {
        let cosign = cosign_or_skip(test)?;
        let Some(helm) = mainstay_harness::tools().and_then(|tools| tools.helm.clone()) else {
            skip(Requirement::Real, test, "no helm: run `cargo xtask real`");
            return None;
        };
        Some(Self { cosign, helm, registry, folder: tempfile::tempdir().unwrap() })
    }

    fn run(&self, tool: &Path, arguments: &[&str]) {
        let mut command = Command::new(tool);
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("COSIGN_PASSWORD", "");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Pushes a version by the real helm; the answer is the digest of its manifest.
    fn push(&self, version: &str) -> String {
        let file = format!("web-{version}.tgz");
        std::fs::write(self.folder.path().join(&file), tgz("web", version)).unwrap();
        let to = format!("oci://{}/charts", self.registry.address);
        self.run(&self.helm, &["push", &file, &to, "--plain-http"]);
        self.registry.digest(NAME, version).unwrap()
    }

    /// Keys of cosign's own making, or others that it takes over; the answer is the public one.
    fn keys(&self, name: &str, algorithm: Option<&'static SignatureAlgorithm>) -> String {
        let prefix = ["--output-key-prefix", name];
        match algorithm {
            None => self.run(&self.cosign, &["generate-key-pair", prefix[0], prefix[1]]),
            Some(algorithm) => {
                let private = KeyPair::generate_for(algorithm).unwrap().serialize_pem();
                std::fs::write(self.folder.path().join("private.pem"), private).unwrap();
                self.run(
                    &self.cosign,
                    &["import-key-pair", "--key", "private.pem", prefix[0], prefix[1], "-y"],
                );
            }
        }
        std::fs::read_to_string(self.folder.path().join(format!("{name}.pub"))).unwrap()
    }

    fn reference(&self, manifest: &str) -> String {
        format!("{}/{NAME}@{manifest}", self.registry.address)
    }

    fn sign(&self, key: &str, manifest: &str, as_bundle: bool) {
        let (key, layout) = (format!("{key}.key"), format!("--new-bundle-format={as_bundle}"));
        let offline = ["--tlog-upload=false", "--use-signing-config=false", "--yes"];
        let mut arguments = vec!["sign", "--key", &key, &layout];
        arguments.extend(offline);
        let reference = self.reference(manifest);
        arguments.push(&reference);
        self.run(&self.cosign, &arguments);
    }

    fn request(&self, version: &str) -> ChartRequest {
        let url = format!("oci://{}/{NAME}", self.registry.address);
        trusting(oci(&url, "", ChartVersion::Tag(version.to_owned())))
    }
}

#[test]
fn what_the_real_cosign_signs_is_verified_by_its_key_alone() {
    let (edwards, p384) = (Some(&PKCS_ED25519), Some(&PKCS_ECDSA_P384_SHA384));
    let tags = [("1.0.0", None, false), ("1.1.0", edwards, false), ("1.2.0", p384, false)];
    let bundles = [("2.0.0", None, true), ("2.1.0", edwards, true), ("2.2.0", p384, true)];
    // Where a registry lists no referrers, bundles are found behind a tag.
    let one_of_each = [tags.as_slice(), &bundles[..1]].concat();
    for (registry, cases) in
        [(OciRegistry::start(), one_of_each), (OciRegistry::start().lists_referrers(), bundles.to_vec())]
    {
        let Some(bench) = Bench::start("signatures of the real cosign", registry) else { return };
        let stranger = secret(&[("s.pub", &bench.keys("stranger", None))]);
        for (version, algorithm, as_bundle) in cases {
            let manifest = bench.push(version);
            let (ours, _folder) = charts();
            let trusted = secret(&[("k.pub", &bench.keys(version, algorithm))]);
            let request = bench.request(version);
            let before = get(&ours, &request, &trusted).unwrap_err();
            assert!(before.contains("nobody has signed it with cosign"), "{version}: {before}");
            bench.sign(version, &manifest, as_bundle);
            let refused = get(&ours, &request, &stranger).unwrap_err();
            let why = "none of its 1 signatures is by a key that is trusted; tried were s.pub (SHA-256 ";
            assert!(refused.contains(why), "{version}: {refused}");
            assert_eq!(get(&ours, &request, &trusted).unwrap().version, version);
        }
    }
}

#[test]
fn signatures_that_cosign_adds_take_none_away() {
    for as_bundle in [false, true] {
        let Some(bench) = Bench::start("several signatures of cosign", OciRegistry::start()) else { return };
        let manifest = bench.push("1.0.0");
        let all = ["first", "second"].map(|name| {
            let key = secret(&[("k.pub", &bench.keys(name, None))]);
            bench.sign(name, &manifest, as_bundle);
            key
        });
        for trusted in &all {
            get(&charts().0, &bench.request("1.0.0"), trusted).unwrap();
        }
    }
}

#[test]
fn what_the_tests_sign_themselves_the_real_cosign_verifies() {
    let bench = Bench::start("our signatures before the real cosign", OciRegistry::start());
    let Some(bench) = bench else { return };
    let manifest = bench.push("1.0.0");
    let ours = Signer::new();
    let (layer, payload) = layer(&ours, &manifest);
    bench.registry.put_blob(NAME, &payload);
    let config = b"{}";
    bench.registry.put_blob(NAME, config);
    let signed = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [layer],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": 2},
    });
    bench.registry.put_manifest(NAME, &format!("{}.sig", tag_of(&manifest)), &signed);
    let trusted = keys(&[&ours]);
    std::fs::write(bench.folder.path().join("ours.pub"), trusted.text("k0.pub").unwrap().unwrap()).unwrap();
    let reference = bench.reference(&manifest);
    let offline = "--insecure-ignore-tlog";
    bench.run(
        &bench.cosign,
        &["verify", "--key", "ours.pub", offline, "--new-bundle-format=false", &reference],
    );
    get(&charts().0, &bench.request("1.0.0"), &trusted).unwrap();
}
