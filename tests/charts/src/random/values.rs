//! Random values: always the same keys, so that templates find something.

use fastrand::Rng;

const SCALARS: [&str; 24] = [
    "1",
    "0",
    "-7",
    "42",
    "2.5",
    "1.5e-7",
    "54321",
    "0.1",
    "true",
    "false",
    "null",
    "\"\"",
    "hello",
    "\"a b\"",
    "\"12\"",
    "\"yes\"",
    "\"1.5\"",
    "\"é ñ\"",
    "\"x: y\"",
    "\"a\\nb\\n\"",
    "99999.5",
    "\"v1.2.3\"",
    "\"-\"",
    "\"A-b_C\"",
];

pub(super) fn values(dice: &mut Rng) -> String {
    let mut text = String::new();
    for key in ["a", "b", "c", "d"] {
        text.push_str(&format!("{key}: {}\n", scalar(dice)));
    }
    text.push_str(&format!(
        "s: \"{}\"\ni: {}\n",
        ["", "word", "Some Text", "a,b,c", "x.y.z"][dice.usize(..5)],
        dice.i32(-9..99)
    ));
    text.push_str(&format!("t: {}\nl: {}\nm: {}\n", dice.bool(), list(dice, 2), map(dice, 3)));
    text.push_str(&format!("e: {{}}\nf: []\nz: {}\n", any(dice, 2)));
    text
}

fn scalar(dice: &mut Rng) -> &'static str {
    SCALARS[dice.usize(..SCALARS.len())]
}

fn any(dice: &mut Rng, depth: usize) -> String {
    match dice.usize(..4) {
        0 if depth > 0 => list(dice, depth - 1),
        1 if depth > 0 => map(dice, depth - 1),
        _ => scalar(dice).to_owned(),
    }
}

fn list(dice: &mut Rng, depth: usize) -> String {
    let items: Vec<String> = (0..dice.usize(..4)).map(|_| any(dice, depth)).collect();
    format!("[{}]", items.join(", "))
}

fn map(dice: &mut Rng, depth: usize) -> String {
    let keys = ["a", "b", "k", "x1", "x10"];
    let members: Vec<String> = keys.iter().filter(|_| dice.bool()).map(|key| (*key).to_owned()).collect();
    let members: Vec<String> =
        members.into_iter().map(|key| format!("{key}: {}", any(dice, depth.saturating_sub(1)))).collect();
    format!("{{{}}}", members.join(", "))
}
