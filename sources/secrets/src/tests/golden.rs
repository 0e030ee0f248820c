//! Files that the real `sops` encrypted, with what it decrypts them to.

use std::path::PathBuf;

use crate::{Format, Integrity, Keys, Limits, decrypt};

pub(super) fn folder() -> PathBuf {
    mainstay_harness::here!().join("src/tests/golden")
}

pub(super) fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect("a golden file")
}

/// The throw-away identity that all golden files are encrypted for.
pub(super) fn keys() -> Keys {
    let text = read("keys.txt");
    Keys::from_secret([("golden.agekey", text.as_slice())]).expect("an identity")
}

#[test]
fn files_of_every_format_and_rule_decrypt_to_what_sops_prints() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        if name.ends_with(".plain") || name == "keys.txt" {
            continue;
        }
        count += 1;
        let format = Format::of_path(&name);
        let got = decrypt(&read(&name), format, format, &keys(), Integrity::Document, &Limits::default());
        match got {
            Ok(plain) if *plain == *read(&format!("{name}.plain")) => {}
            Ok(plain) => wrong.push(difference(&name, &plain)),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 9, "only {count} files");
}

fn difference(name: &str, got: &[u8]) -> String {
    let want = read(&format!("{name}.plain"));
    let (got, want) = (String::from_utf8_lossy(got), String::from_utf8_lossy(&want));
    let differs = got.lines().zip(want.lines()).find(|(got, want)| got != want);
    format!("{name}: {} and {} lines, {differs:?}", got.lines().count(), want.lines().count())
}
