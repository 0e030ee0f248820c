//! Random documents that the real `sops` encrypts: ours decrypts them to the bytes that it decrypts them to.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::golden::{folder, keys};
use crate::{Format, Integrity, Limits, decrypt};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }
}

const SCALARS: [&str; 44] = [
    "plain",
    "\"quoted text\"",
    "''",
    "42",
    "-7",
    "0644",
    "0o17",
    "0x1F",
    "1_000",
    "1.5",
    "1e3",
    ".5",
    "-0.0",
    "1e-9",
    "123456789.25",
    "true",
    "False",
    "yes",
    "\"no\"",
    "null",
    "~",
    "",
    "2024-01-02",
    "2024-1-2",
    "\"2024-01-02\"",
    "2024-01-02T03:04:05Z",
    "12:30:45",
    "\"a: b\"",
    "\"# no comment\"",
    "'it''s'",
    "\"- dash\"",
    "\" blank\"",
    "\"end \"",
    "\"two\\nlines\"",
    "\"two\\nlines\\n\"",
    "\"many\\n\\n\\n\"",
    "\" lead\\nline\"",
    "\"tab\\there\"",
    "\"\\u00e9\\u2028\\U0001F600\"",
    "\"\\\\ \\\" \\a\"",
    "\"? x\"",
    "\"*a\"",
    "\"=\"",
    "<<x",
];
const NAMES: [&str; 14] = [
    "a",
    "name",
    "data",
    "stringData",
    "x_unencrypted",
    "y_secret",
    "\"yes\"",
    "\"12\"",
    "\"a b\"",
    "tls.crt",
    "k-1",
    "metadata",
    "\"c: d\"",
    "é",
];

/// A map's lines. Comments stand where a person would put them.
fn yaml(dice: &mut Dice, indent: usize, depth: u64, out: &mut String) {
    let pad = " ".repeat(indent);
    let mut names: Vec<&str> = Vec::new();
    for _ in 0..=dice.roll(5) {
        let name = dice.pick(&NAMES);
        if names.contains(&name) {
            continue;
        }
        names.push(name);
        if dice.roll(6) == 0 {
            writeln!(out, "{pad}# above {name} {}", dice.pick(&["", "enc", "clear"])).expect("text");
        }
        match dice.roll(if depth == 0 { 3 } else { 6 }) {
            0..3 => {
                let behind = if dice.roll(8) == 0 { " # behind" } else { "" };
                writeln!(out, "{pad}{name}: {}{behind}", dice.pick(&SCALARS)).expect("text");
            }
            3 => {
                writeln!(out, "{pad}{name}:").expect("text");
                list(dice, indent + 2, depth - 1, out);
            }
            4 => writeln!(out, "{pad}{name}: {}", dice.pick(&["{}", "[]", "{q: 1}", "[1, two]"]))
                .expect("text"),
            _ => {
                writeln!(out, "{pad}{name}:").expect("text");
                yaml(dice, indent + 2, depth - 1, out);
            }
        }
    }
    if dice.roll(10) == 0 {
        writeln!(out, "{pad}# end of a map").expect("text");
    }
}

fn list(dice: &mut Dice, indent: usize, depth: u64, out: &mut String) {
    let pad = " ".repeat(indent);
    for _ in 0..=dice.roll(3) {
        match dice.roll(if depth == 0 { 2 } else { 3 }) {
            0..2 => writeln!(out, "{pad}- {}", dice.pick(&SCALARS)).expect("text"),
            _ => {
                writeln!(out, "{pad}-").expect("text");
                yaml(dice, indent + 2, depth - 1, out);
            }
        }
    }
}

fn json(dice: &mut Dice, depth: u64) -> String {
    match dice.roll(if depth == 0 { 8 } else { 10 }) {
        0 => "null".into(),
        1 => "true".into(),
        2 => dice.pick(&["0", "12", "-3", "9007199254740993", "18446744073709551615"]).into(),
        3 => dice.pick(&["1.0", "0.1", "1e21", "1e-7", "-2.5e10", "123456.789"]).into(),
        4..8 => dice
            .pick(&["\"\"", "\"a\"", "\"<&>\"", "\"\\u2028\\n\"", "\"\\ud83d\\ude00\"", "\"\\u0001\""])
            .into(),
        8 => {
            let items: Vec<String> = (0..dice.roll(4)).map(|_| json(dice, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => object(dice, depth - 1),
    }
}

fn object(dice: &mut Dice, depth: u64) -> String {
    let members = (0..dice.roll(5))
        .map(|at| format!("\"{}{at}\": {}", dice.pick(&["a", "é_", "data"]), json(dice, depth)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn dotenv(dice: &mut Dice) -> String {
    let mut out = String::new();
    for at in 0..=dice.roll(6) {
        match dice.roll(5) {
            0 => out.push_str("# comment\n"),
            1 => out.push('\n'),
            _ => {
                let value = dice.pick(&["", "x", "a b", "a\\nb", "\"q\"", "é=1", "1", "true", "# no"]);
                writeln!(out, "N{at}{}={value}", dice.pick(&["", "_unencrypted", "_data"])).expect("text");
            }
        }
    }
    out
}

fn document(dice: &mut Dice, format: Format) -> Vec<u8> {
    match format {
        Format::Yaml => {
            let mut out = String::new();
            for at in 0..=dice.roll(2) {
                out.push_str(if at > 0 { "---\n" } else { "" });
                yaml(dice, 0, 3, &mut out);
            }
            out.into_bytes()
        }
        Format::Json => object(dice, 3).into_bytes(),
        Format::Dotenv => dotenv(dice).into_bytes(),
        Format::Binary | Format::Ini => (0..dice.roll(300)).map(|_| dice.roll(256) as u8).collect(),
    }
}

const RULES: [&str; 9] = [
    "",
    "",
    "encrypted_regex: '^(data|stringData)$'",
    "unencrypted_regex: '^(a|metadata)$'",
    "encrypted_suffix: a",
    "unencrypted_suffix: a",
    "encrypted_regex: 'a'\n    mac_only_encrypted: true",
    "encrypted_comment_regex: enc",
    "unencrypted_comment_regex: clear",
];

/// `None` where the tool refuses.
fn run(tool: &Path, at: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(at).env("SOPS_AGE_KEY_FILE", folder().join("keys.txt"));
    let output = command.stdin(Stdio::null()).output().expect("sops runs");
    output.status.success().then_some(output.stdout)
}

fn real() -> Option<PathBuf> {
    let tool = mainstay_harness::here!().join("../../target/real/sops");
    let found = std::env::var_os("MAINSTAY_SOPS").map(PathBuf::from).unwrap_or(tool);
    if !found.exists() {
        eprintln!(
            "SKIPPED: neither MAINSTAY_SOPS nor target/real/sops is there, so nothing was compared with it"
        );
        return None;
    }
    Some(found)
}

#[test]
fn random_documents_decrypt_as_the_real_sops_decrypts_them() {
    let Some(tool) = real() else { return };
    let count = std::env::var("MAINSTAY_SOPS_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
    let recipient = String::from_utf8(super::golden::read("keys.txt")).expect("text");
    let recipient = recipient.split_whitespace().find(|word| word.starts_with("age1")).expect("a recipient");
    let folder = tempfile::tempdir().expect("a folder");
    let (mut equal, mut refused, mut wrong) = (0, 0, Vec::new());
    for seed in 1..=count {
        let mut dice = Dice((seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let formats = [Format::Yaml, Format::Yaml, Format::Json, Format::Dotenv, Format::Binary];
        let format = formats[dice.roll(5) as usize];
        let name = ["x.bin", "x.env", "x.ini", "x.json", "x.yaml"][format as usize];
        let rule = dice.pick(&RULES);
        let plain = document(&mut dice, format);
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at(name), &plain).expect("written");
        let rules = format!("creation_rules:\n  - age: {recipient}\n    {rule}\n");
        std::fs::write(at(".sops.yaml"), rules).expect("written");
        let Some(encrypted) = run(&tool, folder.path(), &["encrypt", name]) else { continue };
        std::fs::write(at(name), &encrypted).expect("written");
        let theirs = run(&tool, folder.path(), &["decrypt", name]);
        let ours = decrypt(&encrypted, format, format, &keys(), Integrity::Document, &Limits::default());
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) if *ours == *theirs => equal += 1,
            (Err(_), None) => refused += 1,
            (ours, theirs) => wrong.push(format!(
                "seed {seed}, rule {rule:?}\n{}\nours: {:?}\n{}\ntheirs:\n{}",
                String::from_utf8_lossy(&plain),
                ours.as_ref().err(),
                ours.as_ref().map(|ours| String::from_utf8_lossy(ours).into_owned()).unwrap_or_default(),
                String::from_utf8_lossy(&theirs.unwrap_or_else(|| b"refused".to_vec())),
            )),
        }
    }
    println!(
        "random documents: {equal} equal, {refused} refused by both, {} differ, of {count}",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n=====\n"));
}
