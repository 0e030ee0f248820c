//! Any bytes in the place of each thing that a proof is made of: alike twice, and nobody vouches who has not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_openpgp::Rings;
use mainstay_registry::TrustRoot;
use mainstay_registry::proofs::{Left, Signer, signed, vouched};
use mainstay_unit::{Content, OidcIdentity};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

const RING: &[u8] = include_bytes!("../seeds/proof/ring.gpg");
const PROVENANCE: &[u8] = include_bytes!("../seeds/proof/web.prov");
/// Of the key in the ring, which is this seed's alone.
const FINGERPRINT: &str = include_str!("../seeds/proof/fingerprint");
/// A commit without its signature, that, and who has made it: another key than the one above.
const COMMIT: &[u8] = include_bytes!("../seeds/proof/commit");
const SIGNATURE: &[u8] = include_bytes!("../seeds/proof/commit.asc");
const SIGNERS: &[u8] = include_bytes!("../seeds/proof/commit-ring.asc");
const SIGNER: &str = include_str!("../seeds/proof/commit-fingerprint");
const FILE: &str = "web-1.0.0.tgz";
/// Of what was signed: an archive, and a manifest.
const SHA256: &str = "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b";
/// 2027-01-01.
const NOW: u64 = 1_798_761_600;

fn root() -> Arc<TrustRoot> {
    static ROOT: OnceLock<Arc<TrustRoot>> = OnceLock::new();
    let read =
        || Arc::new(TrustRoot::read(include_str!("../seeds/proof/root.json")).expect("the seed is one"));
    ROOT.get_or_init(read).clone()
}

fn twice(of: impl Fn() -> Result<String, String>) -> Result<String, String> {
    let first = of();
    assert_eq!(of(), first, "it comes to the same");
    if let Err(why) = &first {
        assert!(!why.is_empty());
    }
    first
}

fuzz_target!(|bytes: &[u8]| {
    let ring = |bytes: &[u8]| Content::from([("ring.gpg", bytes)]);
    let told = twice(|| vouched(bytes, &ring(RING), FILE, SHA256, NOW));
    assert!(told.is_err() || told.as_deref() == Ok(FINGERPRINT.trim()), "{told:?}");
    // Whoever is found in the ring has to be the one who signed.
    let told = twice(|| vouched(PROVENANCE, &ring(bytes), FILE, SHA256, NOW));
    assert!(told.is_err() || told.as_deref() == Ok(FINGERPRINT.trim()), "{told:?}");
    let detached = |ring: &[u8], signature: &[u8], text: &[u8]| {
        let rings = Rings::read(&Content::from([("ring.asc", ring)]))?;
        rings.detached(signature, text, NOW).map(|signed| signed.by)
    };
    for told in [
        twice(|| detached(SIGNERS, bytes, COMMIT)),
        twice(|| detached(bytes, SIGNATURE, COMMIT)),
        twice(|| detached(SIGNERS, SIGNATURE, bytes)),
    ] {
        assert!(told.is_err() || told.as_deref() == Ok(SIGNER.trim()), "{told:?}");
    }
    assert!(bytes == COMMIT || detached(SIGNERS, SIGNATURE, bytes).is_err(), "it is of one text");

    let anyone = [OidcIdentity { issuer: ".*".into(), subject: ".*".into() }];
    let names = Signer::Names(&anyone, root());
    twice(|| signed(Left::Bundle(bytes), &names, SHA256)).ok();
    let key = Content::from([("a.pub", bytes)]);
    twice(|| signed(Left::Bundle(bytes), &Signer::Keys(&key), SHA256)).ok();
    if let Ok(annotations) = serde_json::from_slice::<BTreeMap<String, String>>(bytes) {
        let text = annotations.get("payload").cloned().unwrap_or_default();
        let left = || Left::Payload { text: text.as_bytes(), annotations: annotations.clone() };
        twice(|| signed(left(), &names, SHA256)).ok();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(why) = TrustRoot::read(text)
    {
        assert!(!why.is_empty());
    }
});
