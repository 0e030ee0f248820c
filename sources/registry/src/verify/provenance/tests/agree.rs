//! The real helm beside us: what is right or spoilt in one way is that to both, but for what we are stricter at.
use super::keys::{DAY, Key, NOON, lifetime, message, signs, text};
use crate::digest::Digest;
use crate::tests::{digest, tgz};
use crate::verify::provenance::{Archive, prove};
use mainstay_harness::{Requirement, skip, tools};
use mainstay_openpgp::Rings;
use mainstay_unit::Content;
use pgp::composed::KeyType;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Notation, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::Duration;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const FILE: &str = "web-1.0.0.tgz";

/// What is beside an archive, and whom a ring names.
struct World {
    ring: Vec<u8>,
    provenance: Vec<u8>,
    archive: Vec<u8>,
    file: &'static str,
}

fn said() -> String {
    text("web", "1.0.0", FILE, &digest(&tgz("web", "1.0.0")))
}

fn world(ring: Vec<u8>, provenance: String) -> World {
    World { ring, provenance: provenance.into_bytes(), archive: tgz("web", "1.0.0"), file: FILE }
}

fn by(key: &Key) -> World {
    world(key.ring(), message(&said(), vec![key.sign(&said(), NOON + DAY, Vec::new())]))
}

fn spoilt(spoil: impl FnOnce(&mut Key)) -> World {
    let mut key = Key::new("team");
    spoil(&mut key);
    by(&key)
}

fn with_subkey(spoil: impl FnOnce(&mut Key)) -> World {
    let mut key = Key::of(KeyType::Ed25519Legacy, "team", true);
    spoil(&mut key);
    by(&key)
}

fn saying(more: Vec<Subpacket>, time: u32) -> World {
    let key = Key::new("team");
    world(key.ring(), message(&said(), vec![key.sign(&said(), time, more)]))
}

fn critical() -> Subpacket {
    let notation = Notation { readable: true, name: "a@example.com".into(), value: "b".into() };
    Subpacket { is_critical: true, ..Subpacket::regular(SubpacketData::Notation(notation)).unwrap() }
}

fn now() -> u32 {
    u32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn ours(world: &World) -> Result<String, String> {
    let rings = Rings::read(&Content::from([("ring.gpg", world.ring.clone())]))?;
    let archive = Archive { file: world.file, digest: &Digest::of(&world.archive) };
    prove(&rings, &world.provenance, &archive, u64::from(now())).map(|proven| proven.signed.by)
}

fn helm(world: &World, tool: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write(world.file, &world.archive);
    write(&format!("{}.prov", world.file), &world.provenance);
    write("ring.gpg", &world.ring);
    run(tool, &folder.path().to_owned(), &["verify", world.file, "--keyring", "ring.gpg"])
}

fn run(tool: &Path, folder: &PathBuf, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(told) }
}

/// Name, what it is, why we refuse it, and whether helm does.
type Case = (&'static str, World, Option<&'static str>, bool);

const REFUSES: bool = false;
const BELIEVES: bool = true;

fn cases() -> Vec<Case> {
    let (good, other) = (Key::new("team"), Key::new("others"));
    let two = |first: &Key, second: &Key, first_text: &str| {
        let signatures = vec![
            first.sign(first_text, NOON + DAY, Vec::new()),
            second.sign(&said(), NOON + DAY, Vec::new()),
        ];
        message(&said(), signatures)
    };
    let several = [other.ring(), good.ring(), Key::new("more").ring()].concat();
    let tampered = by(&good).provenance;
    let tampered = String::from_utf8(tampered).unwrap().replace("version: 1.0.0", "version: 1.0.1");
    let revoked = || {
        let mut key = Key::new("team");
        let (before, signed) = (key.ring(), by(&key).provenance);
        key.say(SignatureType::KeyRevocation, NOON + 2 * DAY, Vec::new());
        (before, key.ring(), String::from_utf8(signed).unwrap())
    };
    let (before, after, signed) = revoked();
    let no_sums = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
    let three = format!("{}...\nfiles: {{}}\n", said());
    let mut rsa = Key::of(KeyType::Rsa(2048), "team", false);
    let strong = by(&rsa);
    rsa.hash = HashAlgorithm::Sha1;
    vec![
        ("good", by(&good), None, BELIEVES),
        ("RSA", strong, None, BELIEVES),
        (
            "ECDSA",
            by(&Key::of(KeyType::ECDSA(pgp::crypto::ecc_curve::ECCCurve::P256), "team", false)),
            None,
            BELIEVES,
        ),
        (
            "another key",
            world(other.ring(), String::from_utf8(by(&good).provenance).unwrap()),
            Some("it is signed by "),
            REFUSES,
        ),
        (
            "another archive",
            World { archive: tgz("web", "1.0.1"), ..by(&good) },
            Some("is of another content of web-1.0.0.tgz"),
            REFUSES,
        ),
        ("another text", world(good.ring(), tampered), Some("the key has not signed this text"), REFUSES),
        (
            "another file name",
            World { file: "web-2.0.0.tgz", ..by(&good) },
            Some("does not name the file web-2.0.0.tgz"),
            REFUSES,
        ),
        (
            "a ring of several",
            world(several, String::from_utf8(by(&good).provenance).unwrap()),
            None,
            BELIEVES,
        ),
        (
            "an armored ring, which helm does not read",
            World { ring: good.armored().into_bytes(), ..by(&good) },
            None,
            REFUSES,
        ),
        ("a subkey", with_subkey(|_| {}), None, BELIEVES),
        ("a subkey that is revoked", with_subkey(Key::revoke_subkey), Some("its subkey is revoked"), REFUSES),
        (
            "a subkey that did not agree",
            with_subkey(Key::bind_alone),
            Some("its subkey has not signed that it is the key's"),
            REFUSES,
        ),
        ("revoked", world(after.clone(), signed.clone()), Some("the key is revoked"), REFUSES),
        (
            "a good copy before the one that is revoked",
            world([before, after].concat(), signed),
            Some("the key is revoked"),
            BELIEVES,
        ),
        (
            "a name that is revoked",
            spoilt(|key| key.name(SignatureType::CertRevocation, NOON, Vec::new())),
            Some("the name of the key is revoked"),
            REFUSES,
        ),
        (
            "expired",
            spoilt(|key| key.rename(NOON, vec![signs(), lifetime(30 * DAY)])),
            Some("the key expired at 2025-07-01T12:00:00Z"),
            REFUSES,
        ),
        (
            "expired, then prolonged",
            spoilt(|key| {
                key.rename(NOON, vec![signs(), lifetime(30 * DAY)]);
                key.name(SignatureType::CertPositive, NOON + DAY, vec![signs(), lifetime(3_650 * DAY)]);
            }),
            None,
            BELIEVES,
        ),
        (
            "expired by a direct signature",
            spoilt(|key| key.say(SignatureType::Key, NOON, vec![lifetime(DAY)])),
            Some("the key expired at 2025-06-02T12:00:00Z"),
            BELIEVES,
        ),
        ("not for signing", spoilt(|key| key.rename(NOON, Vec::new())), Some("it is signed by "), REFUSES),
        (
            "older than its key",
            saying(Vec::new(), NOON - DAY),
            Some("the key was made only at 2025-06-01T12:00:00Z, after the signature"),
            BELIEVES,
        ),
        ("of the future", saying(Vec::new(), now() + DAY), Some("the signature is of the future"), REFUSES),
        (
            "an expired signature",
            saying(
                vec![
                    Subpacket::regular(SubpacketData::SignatureExpirationTime(Duration::from_secs(60)))
                        .unwrap(),
                ],
                NOON + DAY,
            ),
            Some("the signature expired at 2025-06-02T12:01:00Z"),
            REFUSES,
        ),
        (
            "something critical",
            saying(vec![critical()], NOON + DAY),
            Some("something critical that is not known"),
            REFUSES,
        ),
        ("SHA-1", by(&rsa), Some("its hash, SHA1, proves nothing"), BELIEVES),
        ("two signatures, the second known", world(good.ring(), two(&other, &good, &said())), None, BELIEVES),
        (
            "two signatures, the first bad",
            world([good.ring(), other.ring()].concat(), two(&good, &other, "x")),
            Some("the key has not signed this text"),
            REFUSES,
        ),
        (
            "17 signatures",
            world(good.ring(), message(&said(), vec![good.sign(&said(), NOON + DAY, Vec::new()); 17])),
            Some("more than 16 signatures"),
            BELIEVES,
        ),
        (
            "no digests",
            world(good.ring(), message(no_sums, vec![good.sign(no_sums, NOON + DAY, Vec::new())])),
            Some("has not the two parts that Helm writes"),
            REFUSES,
        ),
        (
            "a third part",
            world(good.ring(), message(&three, vec![good.sign(&three, NOON + DAY, Vec::new())])),
            Some("has not the two parts that Helm writes"),
            BELIEVES,
        ),
        (
            "something behind it",
            world(good.ring(), String::from_utf8(by(&good).provenance).unwrap() + "more\n"),
            Some("is no text that was clear-signed"),
            BELIEVES,
        ),
        (
            "no signature at all",
            world(good.ring(), "hello\n".into()),
            Some("is no text that was clear-signed"),
            REFUSES,
        ),
        (
            "a ring that is none",
            World { ring: b"hello".to_vec(), ..by(&good) },
            Some("is no keyring of OpenPGP"),
            REFUSES,
        ),
        (
            "the private key",
            World { ring: good.secret.to_bytes().unwrap(), ..by(&good) },
            Some("holds a private key"),
            BELIEVES,
        ),
    ]
}

#[test]
fn what_helm_refuses_we_refuse_and_more() {
    let tool = tools().and_then(|tools| tools.helm.clone());
    if tool.is_none() {
        skip(Requirement::Real, "provenance before the real helm", "no helm: run `cargo xtask real`");
    }
    let mut wrong = Vec::new();
    for (what, world, why, helms) in cases() {
        let found = ours(&world);
        let as_expected = match (&found, why) {
            (Ok(_), None) => true,
            (Err(found), Some(why)) => found.contains(why),
            (Ok(_), Some(_)) | (Err(_), None) => false,
        };
        if !as_expected {
            wrong.push(format!("{what}: we say {found:?}, not {why:?}"));
        }
        if let Some(tool) = &tool {
            let theirs = helm(&world, tool);
            if theirs.is_ok() != helms {
                wrong.push(format!("{what}: helm says {theirs:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_real_helm_signs_is_proved() {
    let Some(tool) = tools().and_then(|tools| tools.helm.clone()) else {
        skip(Requirement::Real, "provenance by the real helm", "no helm: run `cargo xtask real`");
        return;
    };
    for kind in [KeyType::Ed25519Legacy, KeyType::Rsa(2048)] {
        let key = Key::of(kind, "team", false);
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        std::fs::create_dir_all(folder.path().join("web/templates")).unwrap();
        write(
            "web/Chart.yaml",
            b"apiVersion: v2\nname: web\nversion: 1.0.0\ndescription: |-\n  - first\n\n  second \n",
        );
        write("web/templates/a.yaml", b"kind: ConfigMap\n");
        write("secring.gpg", &key.secret.to_bytes().unwrap());
        let sign = ["package", "web", "--sign", "--key", "team", "--keyring", "secring.gpg"];
        run(&tool, &folder.path().to_owned(), &sign).unwrap();
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        let world = World {
            ring: key.ring(),
            provenance: read("web-1.0.0.tgz.prov"),
            archive: read(FILE),
            file: FILE,
        };
        assert_eq!(ours(&world), Ok(key.fingerprint()));
        helm(&world, &tool).unwrap();
    }
}
