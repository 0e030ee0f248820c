use super::{Key, Names, authority, signed};
use crate::random::Entropy;

#[test]
fn the_same_entropy_makes_the_same_key_and_a_key_reads_back() {
    let key = Key::generate(512, &mut Entropy::new(&[b"seed"]));
    assert_eq!(key.pem(), Key::generate(512, &mut Entropy::new(&[b"seed"])).pem());
    assert_ne!(key.pem(), Key::generate(512, &mut Entropy::new(&[b"other"])).pem());
    assert_eq!(Key::read(&key.pem()).unwrap().pem(), key.pem());
    assert!(key.is_signed(b"text", &key.sign(b"text")));
    assert!(!key.is_signed(b"other", &key.sign(b"text")));
}

#[test]
fn what_is_no_key_is_refused() {
    for text in [
        "",
        "-----BEGIN X-----\n-----END X-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----",
    ] {
        assert!(Key::read(text).is_err(), "{text}");
    }
}

#[test]
fn an_authority_signs_for_others_and_what_is_none_does_not() {
    let entropy = &mut Entropy::new(&[b"seed"]);
    let (own, other) = (Key::generate(768, entropy), Key::generate(768, entropy));
    let names = Names { common: "ca".into(), addresses: Vec::new(), hosts: Vec::new(), days: 1, now: 0 };
    let ca = authority(&names, &own, entropy);
    let hosts = vec!["a.example".to_owned()];
    let names =
        Names { common: "srv".into(), addresses: vec!["10.0.0.1".parse().unwrap()], hosts, days: 1, now: 0 };
    let made = signed(&names, &other, &ca, entropy).unwrap();
    assert!(made.cert.starts_with("-----BEGIN CERTIFICATE-----\n") && made.key == other.pem());
    let broken = super::Certificate { cert: "no".into(), key: ca.key };
    assert_eq!(signed(&names, &other, &broken, entropy).unwrap_err(), "unable to decode certificate");
}
