//! What was changed after it was encrypted is refused.

use super::golden::{keys, read};
use crate::{Format, Integrity, Limits, SopsError, decrypt};

fn open(name: &str, text: &str, integrity: Integrity) -> Result<Vec<u8>, SopsError> {
    let format = Format::of_path(name);
    let plain = decrypt(text.as_bytes(), format, format, &keys(), integrity, &Limits::default());
    plain.map(|plain| plain.to_vec())
}

fn text(name: &str) -> String {
    String::from_utf8(read(name)).expect("text")
}

#[test]
fn every_changed_character_of_a_ciphertext_is_noticed() {
    let golden = text("maconly.yaml");
    let start = golden.find("ENC[").expect("a value");
    let end = start + golden[start..].find(']').expect("its end");
    for at in start..end {
        let with = if &golden[at..=at] == "A" { "B" } else { "A" };
        let mut changed = golden.clone();
        changed.replace_range(at..=at, with);
        let result = open("maconly.yaml", &changed, Integrity::Values);
        let harmless = result == Ok(read("maconly.yaml.plain"));
        assert!(!harmless, "the character at {at} may be changed");
    }
}

#[test]
fn a_value_does_not_decrypt_under_another_name() {
    let golden = text("regex.yaml");
    let moved = golden.replacen("password:", "passwort:", 1);
    let error = open("regex.yaml", &moved, Integrity::Values).expect_err("an error");
    assert_eq!(error, SopsError::Forged("stringData.passwort".into()));
}

#[test]
fn what_is_in_the_clear_is_covered_by_the_mac_alone() {
    let golden = text("regex.yaml");
    for (from, to) in [
        ("name: mysecret", "name: yoursecret"),
        ("x: \"1\"", "x: \"1\"\n        y: z"),
        ("apiVersion: v1\nkind: Secret\n", "kind: Secret\napiVersion: v1\n"),
        ("type: Opaque\n", ""),
    ] {
        let changed = golden.replacen(from, to, 1);
        assert_ne!(changed, golden, "{from}");
        let whole = open("regex.yaml", &changed, Integrity::Document);
        assert_eq!(whole, Err(SopsError::MacMismatch), "{from}");
        assert!(open("regex.yaml", &changed, Integrity::Values).is_ok(), "{from}");
    }
    // Only what is encrypted counts where the metadata says so.
    let changed = text("maconly.yaml").replacen("name: mysecret", "name: yoursecret", 1);
    assert!(open("maconly.yaml", &changed, Integrity::Document).is_ok());
}

#[test]
fn the_mac_itself_its_time_and_its_rules_cannot_be_changed() {
    let golden = text("types.json");
    let time = golden.find("\"lastmodified\": \"20").expect("a time") + "\"lastmodified\": \"20".len();
    let mut later = golden.clone();
    later.replace_range(time..time + 1, "3");
    assert_eq!(open("types.json", &later, Integrity::Document), Err(SopsError::Forged("sops.mac".into())));
    let mac = golden.find("\"mac\": \"").expect("a MAC") + "\"mac\": \"".len();
    let end = mac + golden[mac..].find('"').expect("its end");
    let mut none = golden.clone();
    none.replace_range(mac..end, "");
    assert_eq!(open("types.json", &none, Integrity::Document), Err(SopsError::NoMac));
    let other = golden.replacen("_unencrypted\",", "_other\",", 1);
    let error = open("types.json", &other, Integrity::Document).expect_err("an error");
    assert!(matches!(error, SopsError::InTheClear(..) | SopsError::Ciphertext(..)), "{error}");
}

#[test]
fn a_value_that_was_put_in_the_clear_is_refused_without_showing_it() {
    let golden = text("types.yaml");
    let start = golden.find("text: ENC[").expect("a value") + "text: ".len();
    let end = start + golden[start..].find('\n').expect("its end");
    for (clear, kind) in [("canary", "malformed"), ("4711", "in the clear"), ("true", "in the clear")] {
        let mut changed = golden.clone();
        changed.replace_range(start..end, clear);
        let error = open("types.yaml", &changed, Integrity::Values).expect_err("an error").to_string();
        assert!(error.contains("`text`") && error.contains(kind) && !error.contains(clear), "{error}");
    }
}

#[test]
fn a_changed_key_stanza_is_refused() {
    let golden = text("types.json");
    let begin = golden.find("BEGIN AGE ENCRYPTED FILE-----\\n").expect("a stanza") + 31;
    for at in [begin + 40, begin + 100, begin + 200] {
        let mut changed = golden.clone();
        let with = if &golden[at..=at] == "Q" { "R" } else { "Q" };
        changed.replace_range(at..=at, with);
        let error = open("types.json", &changed, Integrity::Document).expect_err("an error");
        assert!(matches!(error, SopsError::DataKey(_)), "{error}");
    }
}
