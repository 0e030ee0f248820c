//! Keyrings of a Secret.
use super::keys::{DAY, Key, NOON, lifetime, provenance, signs};
use crate::digest::Digest;
use crate::tests::tgz;
use crate::verify::provenance::{Archive, Proven, Rings};
use mainstay_unit::Content;
use pgp::packet::SignatureType;
use pgp::ser::Serialize;

fn refused(secret: &Content) -> String {
    let error = Rings::read(secret, "web").err().unwrap().to_string();
    let prefix = "web is not verified: the Secret of its keyrings is not valid: ";
    error.strip_prefix(prefix).unwrap_or(&error).to_owned()
}

fn count(secret: &Content) -> usize {
    Rings::read(secret, "web").unwrap().fingerprints().count()
}

#[test]
fn every_entry_is_a_keyring_binary_or_armored_and_a_key_in_two_counts_once() {
    let (one, two) = (Key::new("one"), Key::new("two"));
    let armored = format!("{}\n{}", one.armored(), two.armored());
    assert_eq!(count(&Content::from([("a", armored.into_bytes()), ("b.gpg", two.ring())])), 2);
    // As GnuPG keeps keys for itself: a note of how much it trusts each (a trust packet) behind it.
    let noted: Vec<u8> = [one.ring(), vec![0xb0, 2, 0, 6], two.ring(), vec![0xb0, 2, 0, 6]].concat();
    assert_eq!(count(&Content::from([("pubring.gpg", noted)])), 2);
}

#[test]
fn an_entry_that_can_not_be_read_is_named_and_never_passed_over() {
    let key = Key::new("one");
    let none = "is no keyring of OpenPGP, neither binary nor armored (BEGIN PGP PUBLIC KEY BLOCK)";
    let of = |name: &str, bytes: &[u8]| {
        refused(&Content::from([("good.gpg".to_owned(), key.ring()), (name.to_owned(), bytes.to_vec())]))
    };
    assert_eq!(refused(&Content::default()), "it holds no keyring");
    assert_eq!(of("x", b"hunter2"), format!("x {none}"));
    assert_eq!(of("x", b""), format!("x {none}"));
    assert_eq!(of("x", format!("{}hunter2", key.armored()).as_bytes()), format!("x {none}"));
    assert_eq!(of("x", &key.ring()[..40]), "x holds a packet of OpenPGP that can't be read");
    assert_eq!(of("x", &vec![0x99; (1 << 20) + 1]), "x is larger than 1 MiB");
    let private = "x holds a private key: export the public one, and count the private one as known";
    assert_eq!(of("x", &key.secret.to_bytes().unwrap()), private);
    let subkey = Key::of(pgp::composed::KeyType::Ed25519Legacy, "two", true).public();
    let alone = subkey.public_subkeys[0].to_bytes().unwrap();
    assert_eq!(of("x", &alone), "x begins with something else than a public key");
    let many: Vec<(String, Vec<u8>)> = (0..33).map(|at| (format!("{at}"), key.ring())).collect();
    assert_eq!(refused(&many.into_iter().collect()), "it holds more than 32 keyrings");
}

#[test]
fn a_proof_counts_until_whatever_expires_first() {
    let archive = tgz("web", "1.0.0");
    let digest = Digest::of(&archive);
    let prove = |key: &Key, now: u32| {
        let rings = Rings::read(&Content::from([("ring.gpg", key.ring())]), "web").unwrap();
        let archive = Archive { file: "web-1.0.0.tgz", digest: &digest };
        let file = provenance(key, "web", "1.0.0", &tgz("web", "1.0.0"));
        rings.prove(file.as_bytes(), &archive, u64::from(now))
    };
    let mut key = Key::new("team");
    key.rename(NOON, vec![signs()]);
    let Proven { by, metadata, until } = prove(&key, NOON + DAY).unwrap();
    assert_eq!((by, metadata.shown().as_str(), until), (key.fingerprint(), "web 1.0.0", None));
    key.rename(NOON, vec![signs(), lifetime(9 * DAY)]);
    let end = NOON + 9 * DAY;
    assert_eq!(prove(&key, end).unwrap().until, Some(u64::from(end)));
    let late = prove(&key, end + 1).unwrap_err();
    let why = format!(
        "its signature by {} does not count: the key expired at 2025-06-10T12:00:00Z",
        key.fingerprint()
    );
    assert_eq!(late, why);
    key.say(SignatureType::Key, NOON, vec![lifetime(5 * DAY)]);
    assert_eq!(prove(&key, NOON + DAY).unwrap().until, Some(u64::from(NOON + 5 * DAY)));
}

#[test]
fn a_provenance_has_limits() {
    let key = Key::new("team");
    let rings = Rings::read(&Content::from([("ring.gpg", key.ring())]), "web").unwrap();
    let digest = Digest::of(b"");
    let archive = Archive { file: "web-1.0.0.tgz", digest: &digest };
    let refused = |file: &[u8]| rings.prove(file, &archive, u64::from(NOON)).unwrap_err();
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
        let rings =
            Rings::read(&Content::from([("ring.gpg", ring)]), "web").map_err(|error| error.to_string())?;
        rings.prove(file, &Archive { file: "web-1.0.0.tgz", digest: &digest }, u64::from(u32::MAX))
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
