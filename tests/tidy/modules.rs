//! No file without a module: what cargo's targets do not reach is neither compiled nor tested.

use crate::expect_none;
use crate::source::{Source, line};
use crate::workspace::{packages, rust_files, text};
use std::collections::BTreeSet;

#[test]
fn every_rust_file_is_reached_by_a_module() {
    let workspace = packages().iter().flat_map(|package| package.targets.iter().map(|t| t.source.clone()));
    let mut open: Vec<String> = workspace.chain(fuzz_targets()).collect();
    let mut reached: BTreeSet<String> = open.iter().cloned().collect();
    let roots = reached.clone();
    while let Some(path) = open.pop() {
        let Some(raw) = text(&path) else { continue };
        for child in children(&path, &raw, roots.contains(&path)) {
            if reached.insert(child.clone()) {
                open.push(child);
            }
        }
    }
    let lost = rust_files().filter(|path| !reached.contains(*path));
    expect_none(
        "a file belongs to no module",
        "declare it with `mod` in its parent, or remove it",
        lost.map(|path| format!("{path}:1: no `mod` leads here")).collect(),
    );
}

/// The fuzz targets are a workspace of their own, so cargo's description of this one does not name them.
fn fuzz_targets() -> Vec<String> {
    let manifest = text("tests/fuzz/Cargo.toml").unwrap_or_default();
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = "));
    paths.map(|path| format!("tests/fuzz/{}", path.trim().trim_matches('"'))).collect()
}

/// Every file that a file's `mod` lines may mean.
fn children(path: &str, raw: &str, is_root: bool) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.trim_end_matches(".rs");
    let own = if is_root || stem == "mod" { folder.to_owned() } else { format!("{folder}/{stem}") };
    let source = Source::new(raw);
    let mut found = Vec::new();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    let bytes = source.code.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                inline.retain(|(_, opened)| *opened <= depth);
            }
            _ => {}
        }
        let starts =
            source.code[at..].starts_with("mod ") && (at == 0 || bytes[at - 1].is_ascii_whitespace());
        if !starts {
            at += 1;
            while !source.code.is_char_boundary(at) {
                at += 1;
            }
            continue;
        }
        let rest = &source.code[at + 4..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += 4 + name.len();
        match source.code[at..].trim_start().chars().next() {
            Some('{') => inline.push((name, depth + 1)),
            Some(';') => {
                let mut base = own.clone();
                for (outer, _) in &inline {
                    base = format!("{base}/{outer}");
                }
                match path_attribute(raw, line(&source.code, at)) {
                    Some(given) => found.push(normal(&format!("{folder}/{given}"))),
                    None => found.extend([format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]),
                }
            }
            _ => {}
        }
    }
    found
}

/// The file that `#[path = "..."]` on the lines right before line `number` names.
fn path_attribute(raw: &str, number: usize) -> Option<String> {
    let lines: Vec<&str> = raw.lines().collect();
    let before = lines[..number].iter().rev().skip(1).take_while(|line| line.trim_start().starts_with("#["));
    before.chain([&lines[number - 1]]).find_map(|line| {
        let (_, rest) = line.split_once("#[path = \"")?;
        rest.split_once('"').map(|(path, _)| path.to_owned())
    })
}

/// Without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn modules_are_found_where_rust_looks_for_them() {
    let of = |path, raw, root| children(path, raw, root).join(" ");
    assert_eq!(of("a/src/lib.rs", "pub mod x;", true), "a/src/x.rs a/src/x/mod.rs");
    assert_eq!(of("a/src/x.rs", "mod y;\n// mod z;\n", false), "a/src/x/y.rs a/src/x/y/mod.rs");
    assert_eq!(
        of("a/src/lib.rs", "mod i { mod j; }\nmod k;", true),
        "a/src/i/j.rs a/src/i/j/mod.rs a/src/k.rs a/src/k/mod.rs"
    );
    assert_eq!(of("a/src/x/mod.rs", "#[path = \"../w.rs\"]\nmod y;", false), "a/src/w.rs");
}
