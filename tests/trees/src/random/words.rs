//! What names and values are made of: few enough to meet again, and some that are hard to read or write.

use super::dice::Dice;
use super::yaml::{Yaml, raw, text};

pub const NAMES: [&str; 8] = ["web", "api", "db", "cache", "web-1", "a.b", "default", "worker"];
pub const NAMESPACES: [&str; 4] = ["default", "team-a", "team-b", "kube-system"];
pub const IMAGES: [&str; 10] = [
    "nginx",
    "nginx:1.25",
    "registry.example.com:5000/team/api:v1",
    "registry.example.com/team/api@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3",
    "redis:7@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3",
    "busybox",
    "ghcr.io/owner/app:latest",
    "nginxinc/nginx",
    "localhost:5000/db",
    "busybox:1.36.1-musl",
];
pub const KEYS: [&str; 9] =
    ["app", "tier", "app.kubernetes.io/name", "team", "a.b/c", "env", "yes", "1", "config.yaml"];

/// Texts that YAML takes for something else, or that are hard to write.
const TEXTS: [&str; 44] = [
    "x",
    "hello",
    "two words",
    "yes",
    "no",
    "on",
    "off",
    "true",
    "null",
    "~",
    "",
    " ",
    "1",
    "1.5",
    "1e3",
    "0x1F",
    "0o17",
    "017",
    "1_000",
    "-1",
    "+1",
    ".5",
    ".inf",
    ".nan",
    "2001-01-01",
    "2001-01-01T00:00:00Z",
    "12:30:45",
    "a: b",
    "a #b",
    "- a",
    "? a",
    "!tag",
    "&a",
    "*a",
    "%a",
    "@a",
    "`a",
    "{a}",
    "[a]",
    "it's",
    "say \"hi\"",
    "back\\slash",
    "ünï ✓ 😀",
    "trailing ",
];
const LONG: [&str; 9] = [
    "line one\nline two\n",
    "line one\nline two",
    "  indented\nnot\n",
    "a\n\nb\n\n",
    "tab\there",
    "key: value\nother:\n  - 1\n  - two\n",
    "one very long line that goes on and on beyond what anybody would want to read in a single line of a file, with more",
    "#!/bin/sh\nset -e\necho \"$HOME\" $(date)\n",
    "windows\r\nline\r\n",
];
/// Written without quotes.
const SCALARS: [&str; 34] = [
    "1",
    "0",
    "-7",
    "3.14",
    "1e3",
    "1E+3",
    "0x1F",
    "0o17",
    "017",
    "08",
    "1_000",
    "true",
    "false",
    "True",
    "yes",
    "No",
    "on",
    "null",
    "~",
    "",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "12:30",
    ".5",
    "1.",
    "1.0",
    "1.50",
    "100000000",
    "12345678901234567890",
    "0.1",
    "1e-7",
    "+5",
    "-0",
    "0b11",
];

/// Any string.
pub fn any_text(dice: &mut Dice) -> String {
    match dice.below(10) {
        0..=5 => (*dice.one(&NAMES.map(|n| n))).to_owned(),
        6..=8 => dice.one(&TEXTS).to_owned(),
        _ => dice.one(&LONG).to_owned(),
    }
}

/// A string, or a scalar without quotes.
pub fn any_scalar(dice: &mut Dice) -> Yaml {
    if dice.chance(25) { raw(dice.one(&SCALARS)) } else { text(any_text(dice)) }
}

pub fn name(dice: &mut Dice) -> String {
    dice.one(&NAMES).to_owned()
}

/// Labels or annotations.
pub fn pairs(dice: &mut Dice, hostile: bool) -> Yaml {
    let count = 1 + dice.below(3);
    let mut out = Yaml::Map(Vec::new());
    for _ in 0..count {
        let key = dice.one(&KEYS);
        let value = if hostile && dice.chance(40) { any_text(dice) } else { name(dice) };
        out.put(key, text(value));
    }
    out
}
