use super::{Key, Names, authority, der, dsa_pem, ecdsa_pem, pem, signed};
use crate::random::Entropy;
use num_bigint::BigUint;
use sha2::{Digest, Sha256};

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

#[test]
fn keys_for_dsa_and_ecdsa_follow_from_the_entropy_and_are_sound() {
    let seeded = |seed: &[u8]| Entropy::new(&[seed]);
    assert_eq!(ecdsa_pem(&mut seeded(b"a")), ecdsa_pem(&mut seeded(b"a")));
    assert_ne!(ecdsa_pem(&mut seeded(b"a")), ecdsa_pem(&mut seeded(b"b")));
    let made = dsa_pem([512, 160], &mut seeded(b"a"));
    assert_eq!(made, dsa_pem([512, 160], &mut seeded(b"a")));
    let (label, bytes) = pem::decode(&made).unwrap();
    let parts = der::each(der::take(&bytes).unwrap().body).unwrap();
    let numbers: Vec<BigUint> = parts.iter().map(|part| BigUint::from_bytes_be(part.body)).collect();
    let [_, p, q, g, y, x] = &numbers[..] else { panic!("{numbers:?}") };
    let one = BigUint::from(1u32);
    assert_eq!((label.as_str(), p.bits(), q.bits()), ("DSA PRIVATE KEY", 512, 160));
    assert_eq!((p - &one) % q, BigUint::ZERO);
    assert_eq!(g.modpow(q, p), one);
    assert!(*g != one && x < q && g.modpow(x, p) == *y);
}

#[test]
fn keys_stay_what_they_were_whatever_is_done_to_find_them_sooner() {
    let rsa = Key::generate(2048, &mut Entropy::new(&[b"seed"])).pem();
    let dsa = dsa_pem([512, 160], &mut Entropy::new(&[b"a"]));
    let begins = |text: &str| Sha256::digest(text)[..4].to_vec();
    assert_eq!((begins(&rsa), begins(&dsa)), (vec![85, 214, 35, 82], vec![28, 29, 254, 27]));
}
