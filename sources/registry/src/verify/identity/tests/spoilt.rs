//! Everything that has to be right, made wrong by itself, behind a tag and in a bundle.

use super::world::{ISSUER, NOON, SUBJECT, World, authority, key};
use crate::digest::Digest;
use crate::verify::identity::{Identities, Root};
use crate::verify::{envelope, simple_signing};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_unit::OidcIdentity;
use rcgen::{ExtendedKeyUsagePurpose, OtherNameValue, SanType};
use serde_json::{Value, json};
use std::sync::Arc;

fn ours() -> Identities {
    let wanted =
        OidcIdentity { issuer: format!("^{ISSUER}$"), subject: "^https://ci\\.example\\.com/team/".into() };
    Identities::read(&[wanted]).unwrap()
}

/// Who has signed, in both layouts; or why nobody has.
fn proved(world: &World, trusted: &Identities) -> [Result<String, String>; 2] {
    let root = Arc::new(Root::read(&world.root).unwrap());
    let of = Digest::of(b"a manifest");
    let (annotations, payload) = world.classic(of.text());
    let both = [simple_signing(payload, annotations), envelope(world.bundle(of.text()))];
    both.map(|signature| {
        let one = signature.unwrap();
        let who = one.beside.prove(&one.signed, &one.signature, &root, trusted);
        assert!(one.of == Some(of.clone()) || who.is_err());
        who.map(|who| who.to_string()).map_err(|refused| refused.to_string())
    })
}

#[track_caller]
fn refused(spoil: impl Fn(&mut World), whys: [&str; 2]) {
    let mut world = World::new();
    spoil(&mut world);
    for (found, why) in proved(&world, &ours()).into_iter().zip(whys) {
        let found = found.expect_err(why);
        assert!(found.ends_with(why), "{found:?} is not {why:?}");
    }
}

const BOTH: fn(&'static str) -> [&'static str; 2] = |why| [why, why];

#[test]
fn whoever_is_named_is_found_by_uri_address_or_name() {
    let shown = |who: &str| format!("{who} (issuer {ISSUER})");
    assert_eq!(proved(&World::new(), &ours()), [Ok(shown(SUBJECT)), Ok(shown(SUBJECT))]);
    let everyone = Identities::read(&[OidcIdentity { issuer: ".".into(), subject: ".".into() }]).unwrap();
    let [classic, bundle] = proved(&World::new(), &Identities::read(&[]).unwrap());
    assert_eq!(classic, Ok(shown(SUBJECT)), "behind a tag anyone will do");
    let nameless = format!("of {}: a bundle counts only where it is named who may sign", shown(SUBJECT));
    assert_eq!(bundle, Err(nameless));
    let mut world = World::new();
    world.subject = SanType::Rfc822Name("a@example.com".try_into().unwrap());
    assert_eq!(proved(&world, &everyone), [Ok(shown("a@example.com")), Ok(shown("a@example.com"))]);
    let why = format!("of a@example.com (issuer {ISSUER}): nobody who is trusted");
    assert_eq!(proved(&world, &ours()), [Err(why.clone()), Err(why)]);
    let name = OtherNameValue::Utf8String("a!example.com".to_owned());
    world.subject = SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 57264, 1, 7], name));
    assert_eq!(proved(&world, &everyone), [Ok(shown("a!example.com")), Ok(shown("a!example.com"))]);
    for issuer in [(Some(ISSUER.to_owned()), None), (None, Some(ISSUER.to_owned()))] {
        let world = World { issuer, ..World::new() };
        assert_eq!(proved(&world, &ours()), [Ok(shown(SUBJECT)), Ok(shown(SUBJECT))]);
    }
}

#[test]
fn a_certificate_is_its_authoritys_for_signing_code_at_that_time_and_logged() {
    refused(
        |world| world.authority = authority("sigstore of ours").0,
        BOTH("its certificate is not valid: its authority has not signed it"),
    );
    refused(
        |world| world.authority = authority("another").0,
        BOTH("its certificate is of no authority that is trusted"),
    );
    refused(
        |world| world.usage = ExtendedKeyUsagePurpose::ServerAuth,
        BOTH("its certificate is not valid: it is not for signing code"),
    );
    refused(
        |world| world.time = NOON + 86_400,
        BOTH("its certificate is not valid: it had expired when its signature was logged"),
    );
    refused(
        |world| world.time = NOON - 86_400,
        BOTH("its certificate is not valid: its signature was logged before it was issued"),
    );
    refused(
        |world| world.promised = false,
        BOTH("its certificate holds no promise of a log of certificates (SCT)"),
    );
    refused(
        |world| world.certificates = key(),
        BOTH("its certificate was logged where nobody is trusted (SCT)"),
    );
    // The log's promise, but for a certificate of another authority with the same name.
    refused(
        |world| world.above = authority("sigstore of ours").1,
        BOTH("the log of its certificate has not signed the promise in it (SCT)"),
    );
    refused(
        |world| world.issuer = (None, None),
        BOTH("its certificate does not say which issuer has seen who it is of"),
    );
    refused(
        |world| world.issuer.0 = Some("https://another.example.com".into()),
        BOTH("its certificate names two issuers"),
    );
    refused(
        |world| world.subject = SanType::DnsName("ci.example.com".try_into().unwrap()),
        BOTH("its certificate names nobody by a URI, an e-mail address or a name of the issuer's"),
    );
}

#[test]
fn an_authority_of_the_same_name_stands_in_nobodys_way() {
    let mut world = World::new();
    let (other, below, top) = authority("sigstore of ours");
    drop(other);
    let mut root: Value = serde_json::from_str(&world.root).unwrap();
    let certificate = |der: &[u8]| json!({"rawBytes": STANDARD.encode(der)});
    let other = json!({"certChain": {"certificates": [certificate(&below), certificate(&top)]}});
    let ours = root["certificateAuthorities"][0].clone();
    for both in [json!([other, ours]), json!([ours, other])] {
        root["certificateAuthorities"] = both;
        world.root = root.to_string();
        assert!(proved(&world, &self::ours()).iter().all(Result::is_ok));
    }
}

#[test]
fn a_trust_root_counts_for_its_time_only() {
    let until = |field: &str, end: &str, pointer: &str| {
        let mut world = World::new();
        let mut root: Value = serde_json::from_str(&world.root).unwrap();
        *root[field][0].pointer_mut(pointer).unwrap() = json!({"start": "2023-01-01T00:00:00Z", "end": end});
        world.root = root.to_string();
        proved(&world, &ours()).map(|found| found.err().unwrap_or_default())
    };
    let (before, after) = ("2024-03-19T11:59:59.999Z", "2024-03-19T12:00:00Z");
    for (field, pointer, why) in [
        (
            "tlogs",
            "/publicKey/validFor",
            "its signature was logged at a time that the log does not count for",
        ),
        (
            "ctlogs",
            "/publicKey/validFor",
            "its certificate was logged at a time that the log does not count for (SCT)",
        ),
        (
            "certificateAuthorities",
            "/validFor",
            "no authority that is trusted counts for the time of the signature",
        ),
    ] {
        assert_eq!(until(field, before, pointer), BOTH(why));
        assert_eq!(until(field, after, pointer), BOTH(""), "{field}");
    }
}

#[test]
fn an_entry_is_its_logs_and_of_this_signature() {
    let unsigned = "its log has not signed the time of its entry (SET)";
    refused(|world| world.signatures = key(), BOTH(unsigned));
    refused(
        |world| {
            world.signatures = key();
            world.id = vec![7; 32];
        },
        BOTH("its signature was logged where nobody is trusted"),
    );
    let seen = |why: &str| format!("of {SUBJECT} (issuer {ISSUER}): {why}");
    let logged = |logged: fn(&mut Value), why: &str| {
        refused(|world| world.logged = logged, [&seen(why), &seen(why)]);
    };
    let text = "its log entry is of another text";
    logged(
        |body| {
            let hash =
                if body["kind"] == "dsse" { "/spec/payloadHash/value" } else { "/spec/data/hash/value" };
            *body.pointer_mut(hash).unwrap() = json!("0".repeat(64));
        },
        text,
    );
    logged(
        |body| {
            let hash = if body["kind"] == "dsse" { "/spec/payloadHash" } else { "/spec/data/hash" };
            body.pointer_mut(hash).unwrap()["algorithm"] = json!("sha1");
        },
        text,
    );
    logged(
        |body| {
            let (pointer, field) = if body["kind"] == "dsse" {
                ("/spec/signatures/0", "signature")
            } else {
                ("/spec/signature", "content")
            };
            body.pointer_mut(pointer).unwrap()[field] = json!("AAAA");
        },
        "its log entry is of another signature",
    );
    logged(
        |body| {
            let (pointer, field) = if body["kind"] == "dsse" {
                ("/spec/signatures/0", "verifier")
            } else {
                ("/spec/signature/publicKey", "content")
            };
            body.pointer_mut(pointer).unwrap()[field] = json!("AAAA");
        },
        "its log entry is of another certificate",
    );
    logged(|body| body["spec"] = json!({}), "its log entry can't be read");
    logged(
        |body| body["kind"] = json!("alpine"),
        "its log entry is of a kind that is not supported: hashedrekord, dsse and intoto are",
    );
    logged(
        |body| body["apiVersion"] = json!("0.0.9"),
        "its log entry is of a version, or of a kind of signature, that is not supported",
    );
    refused(
        |world| world.other = Some(key()),
        [
            &seen("the key of its certificate has not signed it"),
            &seen("the key of its certificate has not signed it"),
        ],
    );
}

#[test]
fn a_proof_that_is_there_holds() {
    let bundle = |told: fn(&mut Value), why: &str| {
        let world = World { told, ..World::new() };
        let root = Root::read(&world.root).unwrap();
        let one = envelope(world.bundle(Digest::of(b"a manifest").text())).unwrap();
        let found = one.beside.prove(&one.signed, &one.signature, &root, &ours()).unwrap_err().to_string();
        assert!(found.ends_with(why), "{found:?} is not {why:?}");
    };
    const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";
    let proof = "the proof that its log holds it (inclusion proof) ";
    let does_not = format!("{proof}does not hold");
    bundle(|all| all.pointer_mut(PROOF).unwrap()["logIndex"] = json!("6"), &does_not);
    bundle(|all| all.pointer_mut(PROOF).unwrap()["treeSize"] = json!(5), &does_not);
    bundle(|all| all.pointer_mut(PROOF).unwrap()["rootHash"] = json!("A".repeat(43) + "="), &does_not);
    bundle(|all| all.pointer_mut(PROOF).unwrap()["hashes"] = json!([]), &does_not);
    bundle(
        |all| all.pointer_mut(PROOF).unwrap()["hashes"][0] = json!("AAAA"),
        &format!("{proof}can't be read"),
    );
    bundle(
        |all| {
            let checkpoint = &mut all.pointer_mut(PROOF).unwrap()["checkpoint"]["envelope"];
            *checkpoint = json!(checkpoint.as_str().unwrap().replacen("\n11\n", "\n12\n", 1));
        },
        "its log has not signed the checkpoint",
    );
    bundle(
        |all| {
            all.pointer_mut("/verificationMaterial/tlogEntries/0")
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove("inclusionProof");
        },
        "its log entry holds no proof that its log holds it (inclusion proof)",
    );
    bundle(
        |all| {
            all.pointer_mut("/verificationMaterial/tlogEntries/0")
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove("inclusionPromise");
        },
        "its log entry has no signed time (SET), and no timestamp stands beside it",
    );
    bundle(
        |all| {
            let entry = all.pointer("/verificationMaterial/tlogEntries/0").unwrap().clone();
            all["verificationMaterial"]["tlogEntries"] = json!(vec![entry; 9]);
        },
        "it carries more than 8 entries of logs",
    );
    bundle(
        |all| all["verificationMaterial"]["tlogEntries"] = json!([]),
        "it carries no entry of a log, and no log is asked for one",
    );
    bundle(
        |all| {
            all["messageSignature"] =
                json!({"messageDigest": {"algorithm": "SHA2_256", "digest": ""}, "signature": ""})
        },
        "its bundle holds no signature, or two",
    );
}

#[test]
fn an_entry_of_a_log_that_is_not_known_stands_beside_one_that_counts() {
    let told: fn(&mut Value) = |all| {
        let entries = &mut all["verificationMaterial"]["tlogEntries"];
        let mut other = entries[0].clone();
        other["logId"]["keyId"] = json!("A".repeat(43) + "=");
        *entries = json!([other, entries[0]]);
    };
    let world = World { told, ..World::new() };
    let root = Root::read(&world.root).unwrap();
    let one = envelope(world.bundle(Digest::of(b"a manifest").text())).unwrap();
    one.beside.prove(&one.signed, &one.signature, &root, &ours()).unwrap();
}

#[test]
fn expressions_and_trust_roots_that_make_no_sense_are_told() {
    let pair = |subject: &str| OidcIdentity { issuer: "a".into(), subject: subject.into() };
    let told = |wanted: &[OidcIdentity]| Identities::read(wanted).err().unwrap();
    assert!(told(&[pair("a(")]).starts_with("the subject \"a(\" is no regular expression: "));
    assert_eq!(told(&[pair(&"a".repeat(4097))]), "the expression of the subject is longer than 4 KiB");
    assert_eq!(told(&vec![pair("a"); 33]), "more than 32 identities are named");
    assert!(told(&[pair("((a{1000}){1000}){1000}")]).contains("is no regular expression"));

    let told = |text: &str| Root::read(text).err().unwrap();
    assert_eq!(told("{"), "is no trust root of sigstore's (line 1, column 1)");
    assert_eq!(told(r#"{"mediaType": "x"}"#), "is no trust root of sigstore's: its mediaType is another");
    let changed = |change: fn(&mut Value)| {
        let mut root: Value = serde_json::from_str(&World::new().root).unwrap();
        change(&mut root);
        told(&root.to_string())
    };
    assert_eq!(
        changed(|root| root["tlogs"][0]["hashAlgorithm"] = json!("SHA1")),
        "has tlogs with another hash than SHA2_256"
    );
    assert_eq!(
        changed(|root| root["ctlogs"] = json!([root["ctlogs"][0], root["ctlogs"][0]])),
        "has ctlogs with the same logId"
    );
    assert_eq!(
        changed(|root| root["tlogs"][0]["logId"]["keyId"] = json!("AAAA")),
        "has tlogs whose logId is no SHA-256"
    );
    assert_eq!(
        changed(|root| root["certificateAuthorities"][0]["validFor"]["start"] = json!("soon")),
        "has a time that is none of RFC 3339"
    );
    assert_eq!(
        changed(|root| root["certificateAuthorities"][0]["certChain"] = json!({})),
        "has a certificate authority of no certificate, or of more than 8"
    );
    assert_eq!(
        changed(|root| root["tlogs"] = json!(vec![root["tlogs"][0].clone(); 65])),
        "names more than 64 logs or authorities"
    );
    assert_eq!(told(&" ".repeat((1 << 20) + 1)), "is larger than 1 MiB");
}
