//! What somebody has signed, and what only looks like it.
use super::support::{Place, fetched, packs, path};
use crate::signed::of_commit;
use crate::{Mirror, Reference};
use git2::{ObjectType, Oid};
use mainstay_harness::openpgp::{Key, NOON};
use mainstay_openpgp::Rings;
use mainstay_unit::Signable::{self, Commit, Tag, TagAndCommit};
use mainstay_unit::{Content, tree::Tree};
use std::process::{Command, Stdio};

const SSH: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----";

fn rings(keys: &[&Key]) -> Rings {
    let all: Content =
        keys.iter().enumerate().map(|(at, key)| (format!("{at}.asc"), key.armored())).collect();
    Rings::read(&all).unwrap()
}

fn verify(mirror: &Mirror, what: Signable, keys: &[&Key]) -> Result<Vec<String>, String> {
    mirror.verify(what, &rings(keys), u64::from(u32::MAX)).map_err(|error| error.to_string())
}

impl Place {
    /// Commits a file on `main` as `git commit -S` does; `field` is the header's, `sign` makes its value.
    fn signed(&self, content: &str, field: &str, sign: impl FnOnce(&[u8]) -> String) -> String {
        let unsigned = self.commit("unsigned", "a", content);
        let repository = self.repository();
        let raw = repository.odb().unwrap().read(Oid::from_str(&unsigned).unwrap()).unwrap().data().to_vec();
        let signature = sign(&raw);
        let text = std::str::from_utf8(&raw).unwrap();
        let id = repository.commit_signed(text, signature.trim_end(), Some(field)).unwrap().to_string();
        self.point("refs/heads/main", &id);
        id
    }

    fn signed_by(&self, content: &str, key: &Key) -> String {
        self.signed(content, "gpgsig", |raw| key.detached(raw, NOON))
    }

    /// An annotated tag as `git tag -s` makes it, at `reference`.
    fn signed_tag(&self, reference: &str, name: &str, commit: &str, key: Option<&Key>) -> Oid {
        let text = format!(
            "object {commit}\ntype commit\ntag {name}\ntagger Ada <ada@example.com> 1700000000 +0000\n\na release\n"
        );
        let signature = key.map(|key| key.detached(text.as_bytes(), NOON)).unwrap_or_default();
        let odb = self.repository().odb().unwrap().write(ObjectType::Tag, (text + &signature).as_bytes());
        let id = odb.unwrap();
        self.point(&format!("refs/tags/{reference}"), &id.to_string());
        id
    }
}

#[test]
fn a_commit_counts_where_a_trusted_key_has_signed_all_of_it() {
    let (place, key, other) = (Place::new(), Key::new("team"), Key::new("others"));
    let first = place.signed_by("1", &key);
    let mut mirror = place.main();
    assert_eq!(fetched(&mut mirror).commit, first);
    assert_eq!(verify(&mirror, Commit, &[&other, &key]).unwrap(), [key.fingerprint()]);
    let strange = verify(&mirror, Commit, &[&other]).unwrap_err();
    let said = format!("it is signed by {}; trusted is {}", key.fingerprint(), other.fingerprint());
    assert_eq!(strange, format!("commit {first} is not verified: {said}"));

    let unsigned = place.commit("main", "a", "2");
    fetched(&mut mirror);
    let why = verify(&mirror, Commit, &[&key]).unwrap_err();
    assert_eq!(why, format!("commit {unsigned} is not verified: it is not signed"));

    // Of another commit.
    let mut earlier = String::new();
    place.signed("3", "gpgsig", |raw| {
        earlier = key.detached(raw, NOON);
        earlier.clone()
    });
    place.signed("4", "gpgsig", |_| earlier.clone());
    fetched(&mut mirror);
    let why = verify(&mirror, Commit, &[&key]).unwrap_err();
    assert!(why.ends_with("does not count: the key has not signed this text"), "{why}");

    place.signed_by("5", &key);
    fetched(&mut mirror);
    assert!(verify(&mirror, Commit, &[&key]).is_ok());
    assert_eq!(&*mirror.tree(&mirror.head().unwrap().commit).unwrap().read(&path("a")).unwrap(), b"5");
}

#[test]
fn signatures_of_other_kinds_and_more_than_one_are_refused_by_name() {
    let (place, key) = (Place::new(), Key::new("team"));
    let refused = |field: &str, signature: &str| {
        let commit = place.signed(signature, field, |_| signature.to_owned());
        let mut mirror = place.main();
        fetched(&mut mirror);
        let why = verify(&mirror, Commit, &[&key]).unwrap_err();
        why.strip_prefix(&format!("commit {commit} is not verified: ")).unwrap_or(&why).to_owned()
    };
    assert_eq!(refused("gpgsig", SSH), "it is signed with SSH, and only signatures of OpenPGP are verified");
    let smime = "-----BEGIN SIGNED MESSAGE-----\nMII=\n-----END SIGNED MESSAGE-----";
    assert_eq!(
        refused("gpgsig", smime),
        "it is signed with S/MIME, and only signatures of OpenPGP are verified"
    );
    let message = "-----BEGIN PGP MESSAGE-----\n\nxx\n-----END PGP MESSAGE-----";
    let unknown = "its signature is of a kind that is not known; those of OpenPGP are verified";
    assert_eq!(refused("gpgsig", message), unknown);
    assert_eq!(refused("gpgsig", "hunter2"), unknown);
    assert_eq!(refused("gpgsig-sha256", "x"), "it holds a signature for another object format");
    // In the message, where anybody may write it.
    assert_eq!(refused("other", "x\ngpgsig y"), "it is not signed");
    let twice = format!("{}\ngpgsig x", key.detached(b"", NOON).trim_end());
    let raw = format!("tree {0}\ngpgsig {1}\ngpgsig y\n\n", Oid::ZERO_SHA1, twice.replace('\n', "\n "));
    assert_eq!(of_commit(raw.as_bytes(), Oid::ZERO_SHA1), Err("it holds more than one signature"));
    let elsewhere = "what is signed of it names no tree, or another one";
    assert_eq!(
        of_commit(raw.replace("\ngpgsig y", "").as_bytes(), Oid::from_str("1").unwrap()),
        Err(elsewhere)
    );
}

#[test]
fn a_tag_counts_where_its_own_object_is_signed_and_bears_its_name() {
    let (place, key) = (Place::new(), Key::new("team"));
    let commit = place.commit("main", "a", "1");
    place.signed_tag("v1.0.0", "v1.0.0", &commit, Some(&key));
    let tag = |name: &str| Reference::Tag(name.into());
    let verified = |reference: Reference, what: Signable| {
        let mut mirror = place.mirror(reference);
        fetched(&mut mirror);
        verify(&mirror, what, &[&key])
    };
    assert_eq!(verified(tag("v1.0.0"), Tag).unwrap(), [key.fingerprint()]);
    assert!(verified(Reference::Name("refs/tags/v1.0.0".into()), Tag).is_ok());
    assert!(verified(Reference::Semver { range: "1.x".into() }, Tag).is_ok());
    let why = verified(tag("v1.0.0"), TagAndCommit).unwrap_err();
    assert_eq!(why, format!("commit {commit} is not verified: it is not signed"));
    assert!(verified(tag("v1.0.0"), Commit).is_err());

    let none = "it is no tag, whose signature is asked for";
    for reference in [Reference::Branch("main".into()), Reference::Commit(commit.clone())] {
        assert!(verified(reference, Tag).unwrap_err().ends_with(none));
    }
    place.tag("light", &commit);
    let why = verified(tag("light"), Tag).unwrap_err();
    assert_eq!(why, "tag light is not verified: it is a lightweight tag, which holds no signature");
    place.signed_tag("plain", "plain", &commit, None);
    assert_eq!(verified(tag("plain"), Tag).unwrap_err(), "tag plain is not verified: it is not signed");
    // An old release in the place of a new one.
    place.signed_tag("v1.1.0", "v1.0.0", &commit, Some(&key));
    let why = verified(Reference::Semver { range: "1.x".into() }, Tag).unwrap_err();
    assert_eq!(why, "tag v1.1.0 is not verified: who signed it has called it something else");

    let signed = place.signed_by("2", &key);
    place.signed_tag("v2.0.0", "v2.0.0", &signed, Some(&key));
    assert_eq!(verified(tag("v2.0.0"), TagAndCommit).unwrap(), [key.fingerprint(), key.fingerprint()]);
}

#[test]
fn a_mirror_that_was_kept_is_verified_again_and_knows_its_tag() {
    let (place, key, other) = (Place::new(), Key::new("team"), Key::new("others"));
    let commit = place.signed_by("1", &key);
    let id = place.signed_tag("v1", "v1", &commit, Some(&key));
    let mirror = || place.mirror(Reference::Tag("v1".into()));
    assert_eq!(fetched(&mut mirror()).tag, Some(id.to_string()));
    let kept = mirror();
    assert_eq!(kept.head().unwrap().tag, Some(id.to_string()));
    assert!(verify(&kept, TagAndCommit, &[&key]).is_ok());
    assert!(verify(&kept, TagAndCommit, &[&other]).is_err());
    drop(kept);

    // What an earlier version kept names no tag: it is not taken for one until it is fetched.
    let record = place.mirror_dir().join("mainstay-head");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.lines().take(4).map(|line| format!("{line}\n")).collect::<String>())
        .unwrap();
    let mut old = mirror();
    assert!(verify(&old, Tag, &[&key]).is_err());
    fetched(&mut old);
    assert!(verify(&old, Tag, &[&key]).is_ok());
    drop(old);
    assert!(verify(&mirror(), Tag, &[&key]).is_ok(), "it is written down");

    // The same commit under another signature.
    place.signed_tag("v1", "v1", &commit, Some(&other));
    let mut moved = mirror();
    fetched(&mut moved);
    assert!(verify(&moved, Tag, &[&key]).is_err());
    drop(moved);
    assert!(verify(&mirror(), Tag, &[&key]).is_err() && verify(&mirror(), Tag, &[&other]).is_ok());

    let empty = Mirror::open(place.dir.path().join("state/other"), place.remote(Reference::Tag("v1".into())));
    assert!(verify(&empty.unwrap(), Tag, &[&other]).is_err(), "nothing was fetched");
}

#[test]
fn a_tag_outlives_that_its_mirror_is_packed_anew() {
    let (place, key) = (Place::new(), Key::new("team"));
    let mut mirror = place.mirror(Reference::Tag("v1".into()));
    for number in 0..55 {
        let commit = place.commit("main", "a", &number.to_string());
        place.signed_tag("v1", "v1", &commit, Some(&key));
        fetched(&mut mirror);
    }
    assert!(packs(&place.mirror_dir()).len() < 50);
    assert!(verify(&mirror, Tag, &[&key]).is_ok());
    drop(mirror);
    assert!(verify(&place.mirror(Reference::Tag("v1".into())), Tag, &[&key]).is_ok());
}

#[test]
fn no_byte_of_a_signed_object_can_be_changed() {
    let (place, key) = (Place::new(), Key::new("team"));
    let rings = rings(&[&key]);
    let id = Oid::from_str(&place.signed_by("1", &key)).unwrap();
    let repository = place.repository();
    let tree = repository.find_commit(id).unwrap().tree_id();
    let raw = repository.odb().unwrap().read(id).unwrap().data().to_vec();
    let good = of_commit(&raw, tree).unwrap();
    assert!(rings.detached(&good.signature, &good.payload, u64::from(u32::MAX)).is_ok());
    for at in 0..raw.len() {
        for mask in [0x01, 0x20, 0x80] {
            let mut other = raw.clone();
            other[at] ^= mask;
            let Ok(signed) = of_commit(&other, tree) else { continue };
            // Armor has bytes that mean nothing; what is signed has none.
            if rings.detached(&signed.signature, &signed.payload, u64::from(u32::MAX)).is_ok() {
                assert_eq!(signed.payload, good.payload);
            }
        }
    }
}

#[test]
fn git_and_gnupg_agree() {
    let gpg = |folder: &std::path::Path| {
        let mut command = Command::new("gpg");
        command.env("GNUPGHOME", folder).args(["--batch", "--quiet"]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let there = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    if !there("gpg") || !there("git") {
        println!("SKIPPED: there is no gpg or no git");
        return;
    }
    let (place, key) = (Place::new(), Key::new("team"));
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("team.asc"), key.armored()).unwrap();
    assert!(gpg(home.path()).arg("--import").arg(home.path().join("team.asc")).status().unwrap().success());
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&place.origin).env("GNUPGHOME", home.path());
        command.env("HOME", home.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    };
    let commit = place.signed_by("1", &key);
    place.signed_tag("v1", "v1", &commit, Some(&key));
    let stolen = place.signed("2", "gpgsig", |_| key.detached(b"tree", NOON));
    assert!(git(&["verify-commit", &commit]) && git(&["verify-tag", "v1"]));
    assert!(!git(&["verify-commit", &stolen]) && !git(&["verify-commit", &place.commit("main", "b", "1")]));
    // Whatever it has left running.
    let mut end = Command::new("gpgconf");
    end.args(["--kill", "all"]).env("GNUPGHOME", home.path()).status().unwrap();
}
