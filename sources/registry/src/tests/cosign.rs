//! Signatures by the real cosign, with each kind of key.
use super::secret;
use crate::digest::Digest;
use crate::verify::{Found, Keys, Signature, envelope, find, simple_signing};
use serde::Deserialize;
use serde_json::Value;

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
            (Some(payload), Some(signature), None) => simple_signing(payload.clone().into_bytes(), signature),
            (None, None, Some(bundle)) => envelope(&bundle.to_string().into_bytes()),
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
