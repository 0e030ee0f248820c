//! Who opens a document, and what is said when nobody does.

use super::golden::{keys, read};
use crate::{
    Format, Integrity, KeyError, KeySource, Keys, Limits, Part, Refused, SopsError, Stanza, decrypt,
};

fn open(name: &str, keys: &dyn KeySource) -> Result<Vec<u8>, SopsError> {
    let format = Format::of_path(name);
    let plain = decrypt(&read(name), format, format, keys, Integrity::Document, &Limits::default());
    plain.map(|plain| plain.to_vec())
}

/// Another throw-away key: no golden file needs it.
const OTHER: &str = "AGE-SECRET-KEY-1CHUM99Z9M6F3ML6CV7F2AG5WV0YD0EPRVGSHX59KEH3WXVTAZHES6T838L";

#[test]
fn a_secret_may_hold_several_identities_comments_and_other_keys() {
    let golden = read("keys.txt");
    let many = [b"# first\n\n".as_slice(), &golden, b"\r\n# last\n"].concat();
    let entries: [(&str, &[u8]); 4] =
        [("a.agekey", &many), ("b.agekey", &golden), ("c.asc", b"\xff"), ("notes", b"not a key")];
    let keys = Keys::from_secret(entries).expect("keys");
    assert_eq!(format!("{keys:?}"), "Keys(2 age identities)");
    assert!(open("types.json", &keys).is_ok());
}

#[test]
fn a_line_that_is_no_identity_is_named_by_its_place_alone() {
    let text = read("keys.txt");
    let broken = String::from_utf8(text).expect("text").replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1X");
    let error = Keys::from_secret([("x.agekey", broken.as_bytes())]).expect_err("an error");
    assert_eq!(error, KeyError::NotAnIdentity { entry: "x.agekey".into(), line: 4 });
    assert!(!error.to_string().contains("KEY-1X"), "{error}");
    let many = "AGE-PLUGIN-X-1\n".repeat(3);
    assert!(Keys::from_secret([("x.agekey", many.as_bytes())]).expect("keys").is_empty());
}

#[test]
fn without_the_identity_the_error_says_whom_the_document_is_for() {
    let none = open("types.json", &Keys::default()).expect_err("an error").to_string();
    assert!(none.contains("age recipient age1") && none.contains("no age identity is given"), "{none}");
    let pgp = Keys::from_secret([("k.asc", b"x".as_slice())]).expect("keys");
    let error = open("types.json", &pgp).expect_err("an error").to_string();
    assert!(error.contains("`k.asc` holds an OpenPGP key: not supported"), "{error}");
    let other = Keys::from_secret([("o.agekey", OTHER.as_bytes())]).expect("keys");
    let error = open("types.json", &other).expect_err("an error").to_string();
    assert!(error.contains("the one identity given is not for it"), "{error}");
}

fn with_stanzas(stanzas: &str) -> Vec<u8> {
    let text = String::from_utf8(read("types.json")).expect("text");
    text.replacen("\"sops\": {", &format!("\"sops\": {{{stanzas},"), 1).into_bytes()
}

const FOREIGN: &str = r#""pgp": [{"fp": "ABCD", "enc": "x", "created_at": ""}], "kms": [{"arn": "arn:aws:kms:x", "enc": "x"}],
    "gcp_kms": [{"resource_id": "projects/p", "enc": "x"}], "hc_vault": [{"vault_address": "https://v", "engine_path": "sops",
    "key_name": "k", "enc": "x"}], "azure_kv": [{"vault_url": "https://a", "name": "n", "version": "1", "enc": "x"}],
    "hckms": [{"key_id": "h", "enc": "x"}]"#;

#[test]
fn keys_that_are_not_supported_stop_nobody_who_has_an_age_identity() {
    let bytes = with_stanzas(FOREIGN);
    let plain = decrypt(&bytes, Format::Json, Format::Json, &keys(), Integrity::Document, &Limits::default());
    assert_eq!(plain.expect("plaintext").to_vec(), read("types.json.plain"));
}

#[test]
fn keys_that_are_not_supported_are_refused_by_name() {
    let bytes = with_stanzas(FOREIGN);
    let limits = Limits::default();
    let error = decrypt(&bytes, Format::Json, Format::Json, &Keys::default(), Integrity::Document, &limits);
    let error = error.expect_err("an error").to_string();
    for part in [
        "OpenPGP key ABCD: OpenPGP is not supported",
        "AWS KMS key arn:aws:kms:x: this needs a call to AWS",
        "Google Cloud KMS key projects/p: this needs a call to Google Cloud",
        "Azure Key Vault key https://a/keys/n/1: this needs a call to Azure",
        "Vault transit key https://v/v1/sops/keys/k: this needs a call to Vault",
        "Huawei Cloud KMS key h: this needs a call to Huawei Cloud",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// A key service that a caller with a network would be.
struct Service(Keys);

impl KeySource for Service {
    fn open(&self, stanza: &Stanza) -> Result<Part, Refused> {
        match stanza {
            Stanza::Age { recipient, encrypted } if encrypted.is_empty() => Err(Refused(recipient.clone())),
            other => self.0.open(other),
        }
    }
}

#[test]
fn another_source_of_keys_can_take_the_place_of_identities() {
    assert_eq!(open("types.json", &Service(keys())), Ok(read("types.json.plain")));
}

#[test]
fn a_data_key_shared_among_groups_needs_as_many_as_its_threshold_says() {
    assert_eq!(open("shamir.json", &keys()), Ok(read("shamir.json.plain")));
    assert_eq!(open("shamir.env", &keys()), Ok(read("shamir.env.plain")));
    let text = String::from_utf8(read("shamir.json")).expect("text");
    let more = text.replace("\"shamir_threshold\": 2", "\"shamir_threshold\": 3").into_bytes();
    let error = decrypt(&more, Format::Json, Format::Json, &keys(), Integrity::Document, &Limits::default());
    let error = error.expect_err("an error").to_string();
    assert!(error.contains("2 of 3 key groups opened, 3 needed"), "{error}");
}

#[test]
fn nothing_secret_is_shown() {
    let keys = keys();
    let identity = String::from_utf8(read("keys.txt")).expect("text");
    let identity = identity.lines().find(|line| line.starts_with("AGE-SECRET")).expect("an identity");
    let plain = decrypt(
        &read("types.yaml"),
        Format::Yaml,
        Format::Yaml,
        &keys,
        Integrity::Document,
        &Limits::default(),
    )
    .expect("plaintext");
    let shown = format!("{keys:?} {plain:?} {:?}", Part::new(b"canary".to_vec()));
    assert!(!shown.contains(identity) && !shown.contains("plain\n") && !shown.contains("canary"), "{shown}");
    assert_eq!(format!("{plain:?}"), format!("Plaintext({} bytes)", plain.len()));
}
