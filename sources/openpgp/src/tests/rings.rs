//! Keyrings of a Secret.
use crate::Rings;
use mainstay_harness::openpgp::Key;
use mainstay_unit::Content;
use pgp::ser::Serialize;

fn refused(secret: &Content) -> String {
    Rings::read(secret).err().unwrap()
}

fn count(secret: &Content) -> usize {
    Rings::read(secret).unwrap().keys()
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
