//! Any bytes as a document for SOPS, in each format and to each: nothing panics, nothing takes long, and an error can be
//! shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_secrets::{Format, Integrity, KeySource, Limits, Part, Refused, Stanza, decrypt};

/// Opens every data key, to zeros.
struct Zeros;

impl KeySource for Zeros {
    fn open(&self, _: &Stanza) -> Result<Part, Refused> {
        Ok(Part::new(vec![0; 32]))
    }
}

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
});
