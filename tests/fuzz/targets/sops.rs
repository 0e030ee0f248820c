//! Any bytes as a document for SOPS: nothing panics, and YAML that is read and written is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_secrets::{Format, Integrity, KeySource, Limits, Part, Refused, Stanza, decrypt};
use serde_json::Value;

/// Opens every data key, to zeros.
struct Zeros;

impl KeySource for Zeros {
    fn open(&self, _: &Stanza) -> Result<Part, Refused> {
        Ok(Part::new(vec![0; 32]))
    }
}

/// Encrypts nothing.
const BLOCK: &str =
    "sops:\n  age: [{enc: x}]\n  lastmodified: \"2024-01-02T03:04:05Z\"\n  encrypted_suffix: \" none\"\n";

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { nodes: 50_000, ..Limits::default() };
    for from in [Format::Binary, Format::Dotenv, Format::Ini, Format::Json, Format::Yaml] {
        for to in [from, Format::Json, Format::Yaml] {
            for integrity in [Integrity::Document, Integrity::Values] {
                match decrypt(bytes, from, to, &Zeros, integrity, &limits) {
                    Ok(plain) => drop(plain),
                    Err(error) => drop(error.to_string()),
                }
            }
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // Of several documents the first would hold the block.
    if text.contains("---") {
        return;
    }
    let Some(once) = written(text, &limits) else { return };
    let Some(twice) = written(&once, &limits) else { panic!("not read again:\n{once}") };
    assert_eq!(values(&once), values(&twice), "{once}\n=====\n{twice}");
});

fn written(text: &str, limits: &Limits) -> Option<String> {
    let text = format!("{text}\n{BLOCK}");
    let plain =
        decrypt(text.as_bytes(), Format::Yaml, Format::Yaml, &Zeros, Integrity::Values, limits).ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

fn values(text: &str) -> Vec<Value> {
    let loaded = mainstay_yaml::load("once.yaml", text.as_bytes(), &mainstay_yaml::Limits::default());
    assert!(loaded.complete, "{:?}\n{text}", loaded.diagnostics);
    loaded.documents.into_iter().map(|document| document.root.into_json()).collect()
}
