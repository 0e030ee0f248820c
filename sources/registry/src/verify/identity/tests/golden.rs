//! Real signatures of sigstore's public instance, and what its conformance suite has made of them: see `golden/README.md`.

use crate::verify::identity::{Beside, Identities, Root};
use mainstay_unit::OidcIdentity;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

const ISSUER: &str = "^https://token\\.actions\\.githubusercontent\\.com$";
const SUBJECT: &str = "^https://github\\.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/";

/// What the suite takes, and with which trust root; the public one where none is named.
const GOOD: [(&str, &str); 19] = [
    ("happy-path-v0.1", ""),
    ("happy-path-v0.2", ""),
    ("happy-path-v0.3", ""),
    ("happy-path-v0.3-new-mediaType", ""),
    ("happy-path-intoto-in-dsse-v3", ""),
    ("intoto-with-custom-trust-root", "intoto"),
    // Signed in the very last second that the log counts for.
    ("happy-path-v0.1", "trust-root-tlog-validity-end-inclusive"),
    ("bundle-with-sct-with-extensions", "bundle-with-sct-with-extensions"),
    ("rekor2-checkpoint-cosigned", "rekor2-happy-path"),
    ("rekor2-checkpoint-multiple-cosigs", "rekor2-happy-path"),
    ("rekor2-checkpoint-origin-not-first", "rekor2-happy-path"),
    ("rekor2-checkpoint-two-sigs-cosigned", "rekor2-happy-path"),
    ("rekor2-checkpoint-two-sigs-from-origin", "rekor2-happy-path"),
    ("rekor2-dsse-happy-path", "rekor2-dsse-happy-path"),
    ("rekor2-happy-path", "rekor2-happy-path"),
    ("rekor2-timestamp-with-embedded-cert", "rekor2-happy-path"),
    ("rekor2-timestamp-with-expired-cert-chain", "rekor2-timestamp-outside-tsa-cert-validity"),
    ("rekor2-timestamp-without-embedded-cert", "rekor2-happy-path"),
    // Seen in the very last second that the authority for timestamps counts for.
    ("rekor2-happy-path", "trust-root-tsa-validity-end-inclusive"),
];

/// What it refuses, with its trust root and our reason.
const BAD: [(&str, &str, &str); 47] = [
    ("bundle-empty-certificate-chain", "", "its bundle holds an empty chain of certificates"),
    ("bundle-from-wrong-instance", "", "its signature was logged where nobody is trusted"),
    ("bundle-invalid-base64-signature", "", "its bundle can't be read"),
    ("bundle-malformed-json", "", "its bundle can't be read"),
    ("bundle-negative-log-index", "", "its bundle can't be read"),
    ("bundle-unknown-version", "", "its bundle is of a version that is not supported: 0.1 to 0.3 are"),
    ("bundle-with-root-cert", "", "its bundle holds an authority's root, which nobody may bring along"),
    ("checkpoint-bad-keyhint", "", "its log has not signed the checkpoint"),
    (
        "checkpoint-wrong-roothash",
        "",
        "the proof that its log holds it (inclusion proof) is of another tree than the checkpoint",
    ),
    ("dsse-invalid-sig", "", "its log entry is of another signature"),
    ("dsse-mismatch-envelope", "", "its log entry is of another signature"),
    ("dsse-mismatch-sig", "", "its log entry is of another signature"),
    ("inclusion-proof-corrupted-hash", "", "the proof that its log holds it (inclusion proof) does not hold"),
    ("incorrect-public-key", "", "its log has not signed the time of its entry (SET)"),
    (
        "integrated-time-in-future",
        "",
        "its certificate is not valid: it had expired when its signature was logged",
    ),
    (
        "intoto-expired-certificate",
        "intoto",
        "its certificate is not valid: its signature was logged before it was issued",
    ),
    ("intoto-log-entry-mismatch", "intoto", "its log entry can't be read"),
    (
        "intoto-missing-inclusion-proof",
        "intoto",
        "its log entry holds no proof that its log holds it (inclusion proof)",
    ),
    (
        "intoto-set-outside-signing-cert-validity",
        "intoto",
        "its certificate is not valid: it had expired when its signature was logged",
    ),
    ("invalid-checkpoint-signature", "", "its log has not signed the checkpoint"),
    ("invalid-ct-key", "invalid-ct-key", "its certificate was logged where nobody is trusted (SCT)"),
    (
        "invalid-inclusion-proof",
        "",
        "the proof that its log holds it (inclusion proof) comes without a checkpoint",
    ),
    ("message-digest-mismatch", "", "its signature is of something else"),
    ("set-invalid-signature", "", "its log has not signed the time of its entry (SET)"),
    ("signature-mismatch", "", "its log entry is of another signature"),
    (
        "rekor2-happy-path",
        "trust-root-tlog-missing-validity-start",
        "has tlogs whose key says no validFor.start",
    ),
    ("wrong-hashedrekord-artifact", "", "its log entry is of another signature"),
    ("wrong-hashedrekord-cert-and-sig", "", "its log entry is of another signature"),
    ("wrong-hashedrekord-entry", "", "its log entry is of another signature"),
    ("wrong-material", "", "its signature is of something else"),
    (
        "intoto-tsa-timestamp-outside-cert-validity",
        "intoto",
        "its certificate is not valid: it had expired when its signature was logged",
    ),
    ("rekor2-checkpoint-missing-log-signature", "rekor2-happy-path", "its log has not signed the checkpoint"),
    ("rekor2-checkpoint-missing-origin", "rekor2-happy-path", "the checkpoint is of another log"),
    ("rekor2-checkpoint-missing-root-hash", "rekor2-happy-path", "its log has not signed the checkpoint"),
    ("rekor2-checkpoint-missing-size", "rekor2-happy-path", "its log has not signed the checkpoint"),
    ("rekor2-checkpoint-no-matching-signature", "rekor2-happy-path", "the checkpoint is of another log"),
    ("rekor2-dsse-invalid-sig", "rekor2-dsse-happy-path", "its log entry is of another signature"),
    ("rekor2-dsse-mismatch-envelope", "rekor2-dsse-happy-path", "its log entry is of another signature"),
    ("rekor2-dsse-mismatch-sig", "rekor2-dsse-happy-path", "its log entry is of another signature"),
    (
        "rekor2-no-inclusion-proof",
        "rekor2-happy-path",
        "its log entry holds no proof that its log holds it (inclusion proof)",
    ),
    (
        "rekor2-no-timestamp",
        "rekor2-happy-path",
        "its log entry has no signed time (SET), and no timestamp stands beside it",
    ),
    (
        "rekor2-happy-path",
        "rekor2-timestamp-outside-trust-root-tsa-validity",
        "its timestamp is of a time that its authority does not count for",
    ),
    (
        "rekor2-timestamp-outside-tsa-cert-validity",
        "rekor2-timestamp-outside-tsa-cert-validity",
        "the certificate of its timestamp's authority is not valid",
    ),
    ("rekor2-timestamp-payload-mismatch", "rekor2-happy-path", "its timestamp is of something else"),
    (
        "rekor2-timestamp-untrusted-tsa-with-embedded-cert",
        "rekor2-happy-path",
        "its timestamp is of no authority that is trusted",
    ),
    (
        "rekor2-timestamp-untrusted-tsa-without-embedded-cert",
        "rekor2-happy-path",
        "its timestamp is of no authority that is trusted",
    ),
    (
        "rekor2-timestamp-with-incorrect-time",
        "rekor2-happy-path",
        "its certificate is not valid: it had expired when its signature was logged",
    ),
];

/// What it takes and we do not: who asks for an identity gets no key.
const UNSUPPORTED: [(&str, &str, &str); 1] = [(
    "managed-key-and-trusted-root",
    "managed-key-and-trusted-root",
    "it carries no certificate: it was signed with a key",
)];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/verify/identity/tests/golden")
}

fn file(name: &str) -> Option<Vec<u8>> {
    std::fs::read(folder().join(name)).ok()
}

fn text(name: &str) -> String {
    String::from_utf8(file(name).unwrap()).unwrap()
}

fn trusted(issuer: &str, subject: &str) -> Identities {
    let wanted = OidcIdentity { issuer: issuer.to_owned(), subject: subject.to_owned() };
    Identities::read(&[wanted]).unwrap()
}

/// Who has signed, in words.
fn prove(case: &str, root: &str, trusted: &Identities) -> Result<String, String> {
    let root = match root {
        "" => Root::public().unwrap(),
        name => Arc::new(Root::read(&text(&format!("{name}.root.json")))?),
    };
    let artifact = file(&format!("{case}.artifact")).or_else(|| file("artifact")).unwrap();
    let bundle = Beside::Bundle(file(&format!("{case}.json")).unwrap());
    let proved = bundle.prove(&artifact, b"", &root, trusted);
    proved.map(|who| who.to_string()).map_err(|refused| refused.to_string())
}

#[test]
fn the_conformance_suite_is_passed_and_each_refusal_says_what_failed() {
    let trusted = trusted(ISSUER, SUBJECT);
    for (case, root) in GOOD {
        let who = prove(case, root, &trusted).unwrap_or_else(|why| panic!("{case}: {why}"));
        assert!(who.ends_with("(issuer https://token.actions.githubusercontent.com)"), "{case}: {who}");
    }
    for (case, root, why) in BAD.iter().chain(&UNSUPPORTED) {
        let found = prove(case, root, &trusted).expect_err(case);
        assert!(found.ends_with(why), "{case}: {found}");
    }
    let cases =
        GOOD.iter().map(|(case, _)| case).chain(BAD.iter().chain(&UNSUPPORTED).map(|(case, _, _)| case));
    let tried: BTreeSet<String> = cases.map(|case| format!("{case}.json")).collect();
    let there =
        std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let is_case =
        |name: &String| name.ends_with(".json") && !name.ends_with(".root.json") && name != "classic.json";
    assert_eq!(tried, there.filter(is_case).collect(), "each file is a case");
}

#[test]
fn whoever_is_not_named_is_shown_and_refused() {
    let by = "of https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/\
              extremely-dangerous-oidc-beacon.yml@refs/heads/main (issuer https://token.actions.githubusercontent.com)";
    for (issuer, subject) in [("google", SUBJECT), (ISSUER, "someone@example.com"), (ISSUER, "beacon$")] {
        let found = prove("happy-path-v0.3", "", &trusted(issuer, subject)).unwrap_err();
        assert_eq!(found, format!("{by}: nobody who is trusted"));
    }
    // As Go matches: anywhere, unless it is anchored.
    prove("happy-path-v0.3", "", &trusted("actions.git", "-oidc-beacon\\.\\Qyml@\\E")).unwrap();
    prove("happy-path-v0.3", "", &trusted(".", "")).unwrap_err();
    let found = prove("happy-path-v0.3", "", &Identities::read(&[]).unwrap()).unwrap_err();
    assert_eq!(found, format!("{by}: a bundle counts only where it is named who may sign"));
}

/// Each byte of what a registry answers may be anybody's.
#[test]
fn no_byte_that_is_another_makes_a_signature_somebody_elses_or_ends_a_process() {
    let everyone = trusted(".", ".");
    let artifact = file("artifact").unwrap();
    for case in ["happy-path-v0.1", "happy-path-v0.3", "happy-path-intoto-in-dsse-v3", "rekor2-happy-path"] {
        let root = file(&format!("{case}.root.json")).map(|text| String::from_utf8(text).unwrap());
        let root = root.map_or_else(|| Root::public().unwrap(), |text| Arc::new(Root::read(&text).unwrap()));
        let good = text(&format!("{case}.json")).trim_end().as_bytes().to_vec();
        let prove = |text: Vec<u8>| Beside::Bundle(text).prove(&artifact, b"", &root, &everyone);
        let who = prove(good.clone()).unwrap();
        let mut refused = 0;
        for at in (0..good.len()).step_by(7) {
            let mut changed = good.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            match prove(changed) {
                Ok(found) => assert_eq!(found, who, "{case} at {at}"),
                Err(_) => refused += 1,
            }
            assert!(prove(good[..at].to_vec()).is_err());
        }
        // What is left over is a name that nobody reads, or a certificate that a timestamp brings along.
        assert!(refused * 10 > good.len() / 7 * 9, "{case}: {refused} of {}", good.len() / 7);
    }
}

/// The annotations, and what was signed.
fn classic() -> (BTreeMap<String, String>, Vec<u8>) {
    (serde_json::from_str(&text("classic.json")).unwrap(), file("classic.artifact").unwrap())
}

#[test]
fn what_cosign_2_put_behind_a_tag_is_proved_and_nothing_of_it_can_be_another() {
    let root = Root::public().unwrap();
    let trusted = trusted(ISSUER, "^https://github\\.com/salrashid123/go-bazel-github-workflow/");
    let prove = |annotations: BTreeMap<String, String>, payload: &[u8]| {
        let signature = crate::verify::simple_signing(payload.to_vec(), annotations).unwrap();
        let proved = signature.beside.prove(&signature.signed, &signature.signature, &root, &trusted);
        proved.map(|_| signature.of.unwrap().text().to_owned()).map_err(|refused| refused.to_string())
    };
    let (annotations, payload) = classic();
    let of = prove(annotations.clone(), &payload).unwrap();
    assert_eq!(of, "sha256:c05263d2ff654c3a94243662440913f045075d59c436e2c69e9145ec2b87a321");
    let refused = |key: &str, from: &str, to: &str, why: &str| {
        let mut changed = annotations.clone();
        let value = changed.get_mut(key).unwrap();
        assert!(value.contains(from), "{value}");
        *value = value.replacen(from, to, 1);
        let found = prove(changed, &payload).unwrap_err();
        assert!(found.ends_with(why), "{found}");
    };
    let bundle = "dev.sigstore.cosign/bundle";
    let unsigned = "its log has not signed the time of its entry (SET)";
    refused(bundle, "1772216446", "1772216447", unsigned);
    refused(bundle, "\"logIndex\":1", "\"logIndex\":2", unsigned);
    refused(bundle, "c0d23d6a", "c0d23d6b", "its signature was logged where nobody is trusted");
    refused(bundle, "SignedEntryTimestamp", "Signed", "its log entry can't be read");
    let other = "of another signature";
    refused("dev.cosignproject.cosign/signature", "MEUCIFxT", "MEUCIFxU", other);
    let certificate = "dev.sigstore.cosign/certificate";
    refused(certificate, "BEGIN", "BEGUN", "its certificate can't be read");
    let changed = prove(annotations.clone(), &[payload.as_slice(), b" "].concat());
    assert!(changed.unwrap_err().ends_with("its log entry is of another text"));
    for (key, why) in [
        (bundle, "it carries no entry of a log, and no log is asked for one"),
        (certificate, "it carries no certificate: it was signed with a key"),
    ] {
        let mut without = annotations.clone();
        without.remove(key);
        assert_eq!(prove(without, &payload).unwrap_err(), why);
    }
}
