//! Signatures beside what they are of.
use crate::{Rings, Signed};
use mainstay_harness::openpgp::{DAY, Key, NOON, armored};
use mainstay_unit::Content;
use pgp::composed::KeyType;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::SignatureType;

const TEXT: &[u8] = b"tree of a commit\r\nas it is  \n\nwithout a line break at the end";

fn by(key: &Key, signature: &str, text: &[u8]) -> Result<Signed, String> {
    let rings = Rings::read(&Content::from([("a.asc", key.armored())])).unwrap();
    rings.detached(signature.as_bytes(), text, u64::from(u32::MAX))
}

#[test]
fn a_detached_signature_is_of_the_very_bytes_and_by_a_key_that_is_trusted() {
    let (key, other) = (Key::new("team"), Key::new("others"));
    let signature = key.detached(TEXT, NOON + DAY);
    let good = Signed { by: key.fingerprint(), until: None };
    assert_eq!(by(&key, &signature, TEXT).unwrap(), good);
    assert_eq!(by(&key, &format!("\n{signature}\n\n"), TEXT).unwrap(), good);
    let bad =
        format!("its signature by {} does not count: the key has not signed this text", key.fingerprint());
    for text in [&TEXT[1..], &TEXT[..TEXT.len() - 1], b"tree of a commit\nas it is  \n", b""] {
        assert_eq!(by(&key, &signature, text).unwrap_err(), bad);
    }
    let strange = by(&other, &signature, TEXT).unwrap_err();
    let said = format!("it is signed by {}; trusted is {}", key.fingerprint(), other.fingerprint());
    assert_eq!(strange, said);
}

#[test]
fn a_signature_of_text_means_its_lines_however_they_end() {
    let key = Key::of(KeyType::Ed25519Legacy, "team", true);
    let signature = armored(vec![key.sign("one\ntwo\n", NOON + DAY, Vec::new())]);
    assert!(by(&key, &signature, b"one\ntwo\n").is_ok());
    assert!(by(&key, &signature, b"one\r\ntwo\r\n").is_ok());
    assert!(by(&key, &signature, b"one\nTwo\n").is_err());
}

#[test]
fn who_is_revoked_or_hashes_weakly_has_signed_nothing() {
    let mut key = Key::new("team");
    let signature = key.detached(TEXT, NOON + DAY);
    key.say(SignatureType::KeyRevocation, NOON + 2 * DAY, Vec::new());
    assert!(by(&key, &signature, TEXT).unwrap_err().ends_with("the key is revoked"));
    let mut key = Key::of(KeyType::Rsa(2048), "team", false);
    assert!(by(&key, &key.detached(TEXT, NOON + DAY), TEXT).is_ok());
    key.hash = HashAlgorithm::Sha1;
    let why = by(&key, &key.detached(TEXT, NOON + DAY), TEXT).unwrap_err();
    assert!(why.ends_with("its hash, SHA1, proves nothing: SHA-256 or a longer one does"), "{why}");
}

#[test]
fn what_is_no_signature_is_told() {
    let key = Key::new("team");
    let signature = key.detached(TEXT, NOON + DAY);
    let told = |signature: &str| by(&key, signature, TEXT).unwrap_err();
    let none = "its signature is none of OpenPGP (BEGIN PGP SIGNATURE)";
    assert_eq!(told(""), none);
    assert_eq!(told("hunter2"), none);
    assert_eq!(told(&key.armored()), none);
    assert_eq!(told(&format!("{signature}hunter2")), "its signature has something behind its end");
    assert_eq!(told(&armored(Vec::new())), "its signature holds no signature");
    let one = key.sign("", NOON + DAY, Vec::new());
    assert_eq!(told(&armored(vec![one; 17])), "its signature has more than 16 signatures");
}
