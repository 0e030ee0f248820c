//! Whatever is read, it ends in plaintext or an error.

use proptest::prelude::*;

use super::golden::{keys, read};
use crate::{Format, Integrity, KeySource, Keys, Limits, Part, Refused, SopsError, Stanza, decrypt};

const FORMATS: [Format; 5] = [Format::Binary, Format::Dotenv, Format::Ini, Format::Json, Format::Yaml];

fn error(bytes: &[u8], format: Format, limits: &Limits) -> SopsError {
    decrypt(bytes, format, format, &keys(), Integrity::Document, limits).expect_err("an error")
}

#[test]
fn what_holds_no_metadata_is_not_encrypted() {
    let limits = Limits::default();
    for (text, format) in
        [("a: b\n", Format::Yaml), ("", Format::Yaml), ("{}", Format::Json), ("A=1\n", Format::Dotenv)]
    {
        assert_eq!(error(text.as_bytes(), format, &limits), SopsError::NotEncrypted, "{text}");
    }
    assert_eq!(error(b"[sops]\n", Format::Ini, &limits), SopsError::Format(Format::Ini));
}

#[test]
fn each_limit_is_an_error() {
    let limits = Limits::default();
    let json = read("types.json");
    let with = |limits: Limits| error(&json, Format::Json, &limits);
    assert_eq!(with(Limits { bytes: 100, ..limits }), SopsError::Limit("bytes"));
    assert_eq!(with(Limits { nodes: 5, ..limits }), SopsError::Limit("values"));
    assert_eq!(with(Limits { depth: 1, ..limits }), SopsError::Limit("levels of nesting"));
    assert_eq!(with(Limits { stanzas: 0, ..limits }), SopsError::Limit("keys"));
    assert_eq!(
        with(Limits { stanza_bytes: 10, ..limits }),
        SopsError::Limit("bytes in an encrypted data key")
    );
    let expression = error(&read("regex.yaml"), Format::Yaml, &Limits { expression_bytes: 10, ..limits });
    assert_eq!(expression, SopsError::Expression("encrypted_regex"));
    let yaml = error(&read("types.yaml"), Format::Yaml, &Limits { nodes: 20, ..limits });
    assert!(matches!(yaml, SopsError::Limit(_) | SopsError::Syntax { .. }), "{yaml}");
}

#[test]
fn depth_ends_in_an_error() {
    for depth in [90, 101, 127, 128, 100_000] {
        let json = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let yaml = format!("{}{}", "{a: ".repeat(depth), "}".repeat(depth));
        let list = format!("a: {}{}", "[".repeat(depth), "]".repeat(depth));
        for (text, format) in [(json, Format::Json), (yaml, Format::Yaml), (list, Format::Yaml)] {
            let error = error(text.as_bytes(), format, &Limits::default());
            assert!(
                matches!(error, SopsError::NotEncrypted | SopsError::Limit(_) | SopsError::Syntax { .. }),
                "{error}"
            );
        }
    }
}

/// Opens every data key, to zeros: for documents in which nothing is encrypted.
struct Zeros;

impl KeySource for Zeros {
    fn open(&self, _: &Stanza) -> Result<Part, Refused> {
        Ok(Part::new(vec![0; 32]))
    }
}

/// Reads and writes YAML in which a rule encrypts nothing.
fn written_again(text: &str, rule: &str) -> Result<Vec<u8>, SopsError> {
    let block = format!("sops:\n  age: [{{enc: x}}]\n  lastmodified: \"2024-01-02T03:04:05Z\"\n  {rule}\n");
    let text = format!("{text}{block}");
    let plain =
        decrypt(text.as_bytes(), Format::Yaml, Format::Yaml, &Zeros, Integrity::Values, &Limits::default());
    plain.map(|plain| plain.to_vec())
}

/// Minutes, if anything looked through the line once for each value, or through the comments.
#[test]
fn one_long_line_and_many_comments_cost_no_more_than_their_length() {
    let long = format!("a: [{}]\n", "é, ".repeat(200_000));
    assert!(written_again(&long, "encrypted_suffix: none").is_ok());
    let many = format!("{}a:\n{}", "# a\n".repeat(50_000), "  - b\n".repeat(50_000));
    assert_eq!(
        written_again(&many, "encrypted_comment_regex: x+y").map(|text| text.len()),
        Ok(many.len() + 100_000)
    );
}

#[test]
fn what_is_written_means_what_was_read_and_is_written_the_same_again() {
    let golden = ["types.yaml.plain", "regex.yaml.plain", "comment.yaml.plain"];
    for name in golden {
        let text = String::from_utf8(read(name)).expect("text");
        // Of several documents the first holds the metadata.
        let text = format!("{}\n", text.trim_end().split("\n---\n").next().expect("a document"));
        let again = written_again(&text, "encrypted_suffix: none").expect("written");
        assert_eq!(String::from_utf8(again).expect("text"), text, "{name}");
    }
}

#[test]
fn malformed_values_are_named_by_their_path() {
    let golden = String::from_utf8(read("types.json")).expect("text");
    let start = golden.find("\"z\": \"").expect("a value") + 6;
    let end = start + golden[start..].find('"').expect("its end");
    let iv = "A".repeat(43);
    for value in [
        "ENC[".to_owned(),
        "ENC[AES256_GCM]".to_owned(),
        "ENC[AES256_GCM,data:*,iv:*,tag:*,type:str]".to_owned(),
        "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]".to_owned(),
        format!("ENC[AES256_GCM,data:YQ==,iv:{iv}=,tag:YQ==,type:str]"),
        format!("ENC[AES256_GCM,data:YQ,iv:{iv}=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]"),
        format!("ENC[AES256_GCM,data:YQ==,iv:{iv}=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:other]"),
    ] {
        let mut changed = golden.clone();
        changed.replace_range(start..end, &value);
        let error = error(changed.as_bytes(), Format::Json, &Limits::default());
        assert!(matches!(&error, SopsError::Ciphertext(at, _) if at == "z"), "{value}: {error}");
    }
}

#[test]
fn metadata_that_makes_no_sense_is_an_error() {
    let with =
        |sops: &str| error(format!("{{\"sops\": {sops}}}").as_bytes(), Format::Json, &Limits::default());
    let key = r#""age": [{"recipient": "age1", "enc": "x"}], "lastmodified": "2024-01-02T03:04:05Z""#;
    assert!(matches!(with("1"), SopsError::Metadata(..)));
    assert!(matches!(with("{}"), SopsError::Metadata(..)));
    assert!(matches!(with(r#"{"age": 1}"#), SopsError::Metadata(..)));
    assert!(matches!(with(r#"{"age": [1]}"#), SopsError::Metadata(..)));
    assert!(matches!(with(r#"{"age": [{"enc": {}}]}"#), SopsError::Metadata(..)));
    assert!(matches!(with(r#"{"age": [{}], "lastmodified": "yesterday"}"#), SopsError::Metadata(..)));
    assert!(matches!(with(&format!("{{{key}, \"shamir_threshold\": -1}}")), SopsError::Metadata(..)));
    assert_eq!(
        with(&format!("{{{key}, \"encrypted_regex\": \"(\"}}")),
        SopsError::Expression("encrypted_regex")
    );
    let two = format!("{{{key}, \"encrypted_suffix\": \"a\", \"unencrypted_suffix\": \"b\"}}");
    assert_eq!(with(&two), SopsError::Rules(2));
    assert!(matches!(with(&format!("{{{key}}}")), SopsError::DataKey(_)));
    let twice = error(b"{\"sops\": {}, \"sops\": {}}", Format::Json, &Limits::default());
    assert_eq!(twice, SopsError::TwoMetadata);
    for env in
        ["sops_age__list_99__map_enc=1\n", "sops_age=1\nsops_age__map_x=2\n", "sops_x=1\nsops_x=2\n", "=\nx"]
    {
        let error = error(env.as_bytes(), Format::Dotenv, &Limits::default());
        assert!(matches!(error, SopsError::Metadata(..) | SopsError::Syntax { .. }), "{env}: {error}");
    }
}

#[test]
fn aliases_are_refused_as_sops_writes_none() {
    let text = "a: &x 1\nb: *x\nsops: {}\n";
    assert!(matches!(error(text.as_bytes(), Format::Yaml, &Limits::default()), SopsError::Syntax { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), to in 0_usize..5) {
        for format in FORMATS {
            let to = FORMATS[to];
            let _: Result<_, SopsError> =
                decrypt(&bytes, format, to, &Keys::default(), Integrity::Document, &Limits::default());
        }
    }

    #[test]
    fn no_edit_of_a_real_file_panics(
        which in 0_usize..6, at in any::<prop::sample::Index>(), with in "[\\x00-\\x7f]{0,4}", cut in 0_usize..40, to in 0_usize..5,
    ) {
        let names = ["types.yaml", "comment.yaml", "types.json", "vars.env", "blob.bin", "suffix.yaml"];
        let mut bytes = read(names[which]);
        let start = at.index(bytes.len());
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, with.bytes());
        let from = Format::of_path(names[which]);
        for integrity in [Integrity::Values, Integrity::Document] {
            let _: Result<_, SopsError> =
                decrypt(&bytes, from, FORMATS[to], &keys(), integrity, &Limits::default());
        }
    }
}
