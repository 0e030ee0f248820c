//! Words for messages.

/// `/spec/dependsOn/0/name` as people write it: `spec.dependsOn[0].name`.
pub fn dotted(pointer: &str) -> String {
    let mut out = String::new();
    for part in pointer.split('/').skip(1) {
        if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) {
            out.push_str(&format!("[{part}]"));
            continue;
        }
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(&part.replace("~1", "/").replace("~0", "~"));
    }
    out
}

/// The name that a typing error most probably meant: at most a third of its letters away.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase();
    names
        .map(|name| (distance(&lower, &name.to_lowercase()), !starts_alike(word, name), name))
        .filter(|(distance, _, name)| *distance <= (name.len().max(word.len())).div_ceil(3))
        .min()
        .map(|(.., name)| name)
}

/// People rarely mistype the first letter.
fn starts_alike(a: &str, b: &str) -> bool {
    let first = |text: &str| text.chars().next().map(|c| c.to_ascii_lowercase());
    first(a) == first(b)
}

/// Levenshtein's, on characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
