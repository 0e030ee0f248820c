//! What a keyring proves of an archive.
use super::keys::{DAY, Key, NOON, lifetime, provenance, signs};
use crate::digest::Digest;
use crate::tests::tgz;
use crate::verify::provenance::{Archive, Proven, prove as proven};
use mainstay_openpgp::{Rings, Signed};
use mainstay_unit::Content;
use pgp::packet::SignatureType;

#[test]
fn a_proof_counts_until_whatever_expires_first() {
    let archive = tgz("web", "1.0.0");
    let digest = Digest::of(&archive);
    let prove = |key: &Key, now: u32| {
        let rings = Rings::read(&Content::from([("ring.gpg", key.ring())])).unwrap();
        let archive = Archive { file: "web-1.0.0.tgz", digest: &digest };
        let file = provenance(key, "web", "1.0.0", &tgz("web", "1.0.0"));
        proven(&rings, file.as_bytes(), &archive, u64::from(now))
    };
    let mut key = Key::new("team");
    key.rename(NOON, vec![signs()]);
    let Proven { signed: Signed { by, until }, metadata } = prove(&key, NOON + DAY).unwrap();
    assert_eq!((by, metadata.shown().as_str(), until), (key.fingerprint(), "web 1.0.0", None));
    key.rename(NOON, vec![signs(), lifetime(9 * DAY)]);
    let end = NOON + 9 * DAY;
    assert_eq!(prove(&key, end).unwrap().signed.until, Some(u64::from(end)));
    let late = prove(&key, end + 1).unwrap_err();
    let why = format!(
        "its signature by {} does not count: the key expired at 2025-06-10T12:00:00Z",
        key.fingerprint()
    );
    assert_eq!(late, why);
    key.say(SignatureType::Key, NOON, vec![lifetime(5 * DAY)]);
    assert_eq!(prove(&key, NOON + DAY).unwrap().signed.until, Some(u64::from(NOON + 5 * DAY)));
}

#[test]
fn a_provenance_has_limits() {
    let key = Key::new("team");
    let rings = Rings::read(&Content::from([("ring.gpg", key.ring())])).unwrap();
    let digest = Digest::of(b"");
    let archive = Archive { file: "web-1.0.0.tgz", digest: &digest };
    let refused = |file: &[u8]| proven(&rings, file, &archive, u64::from(NOON)).unwrap_err();
    assert_eq!(refused(&vec![b'a'; (1 << 20) + 1]), "its provenance is larger than 1 MiB");
    assert_eq!(refused(&[b'\n'; 5_001]), "its provenance has more than 5000 lines");
    assert_eq!(refused(b"\xff"), "its provenance is not UTF-8 text");
    // The longest that is looked through: from each line for the end of the text.
    let line = "a".repeat(200);
    let long =
        format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}", format!("{line}\n").repeat(4_990));
    let begun = std::time::Instant::now();
    assert_eq!(refused(long.as_bytes()), "its provenance is no text that was clear-signed with OpenPGP");
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

/// Every prefix, and every byte changed in three ways.
fn spoilt(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..bytes.len()).map(|at| bytes[..at].to_vec());
    let changed = (0..bytes.len()).flat_map(|at| [0x01, 0x20, 0x80].map(|mask| (at, mask)));
    cut.chain(changed.map(|(at, mask)| {
        let mut other = bytes.to_vec();
        other[at] ^= mask;
        other
    }))
}

#[test]
fn no_byte_that_is_changed_or_cut_proves_something_else_or_panics() {
    let archive = tgz("web", "1.0.0");
    let digest = Digest::of(&archive);
    let prove = |ring: &[u8], file: &[u8]| {
        let rings = Rings::read(&Content::from([("ring.gpg", ring)]))?;
        proven(&rings, file, &Archive { file: "web-1.0.0.tgz", digest: &digest }, u64::from(u32::MAX))
    };
    let key = Key::of(pgp::composed::KeyType::Ed25519Legacy, "team", true);
    let file = provenance(&key, "web", "1.0.0", &archive).into_bytes();
    let good = prove(&key.ring(), &file).unwrap();
    for other in spoilt(&file) {
        if let Ok(proven) = prove(&key.ring(), &other) {
            assert_eq!(proven, good);
        }
    }
    for ring in [key.ring(), key.armored().into_bytes()] {
        for other in spoilt(&ring) {
            if let Ok(proven) = prove(&other, &file) {
                assert_eq!(proven, good);
            }
        }
    }
}
