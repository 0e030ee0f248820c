//! Just enough of Rust's lexical rules to read code without its comments, strings and tests.
//!
//! Every form keeps the text's lines, so that a line number found in one is a line number in the file.

/// One file in the forms that rules ask for.
pub struct Source {
    /// Comments blanked; strings kept.
    pub text: String,
    /// Comments and the contents of strings and characters blanked.
    pub code: String,
    /// Only the comments.
    pub comments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
}

impl Source {
    pub fn new(raw: &str) -> Source {
        let parts = parts(raw.as_bytes());
        let keep = |wanted: &[Part]| -> String {
            let bytes = raw.bytes().zip(&parts);
            let kept = bytes.map(|(byte, part)| match byte {
                b'\n' => b'\n',
                _ if wanted.contains(part) => byte,
                _ => b' ',
            });
            String::from_utf8_lossy(&kept.collect::<Vec<u8>>()).into_owned()
        };
        Source {
            text: keep(&[Part::Code, Part::Literal]),
            code: keep(&[Part::Code]),
            comments: keep(&[Part::Comment]),
        }
    }

    /// The same without what is compiled only for tests.
    pub fn without_tests(mut self) -> Source {
        for (start, end) in test_items(&self.code) {
            for form in [&mut self.text, &mut self.code, &mut self.comments] {
                let blank: String =
                    form[start..end].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
                form.replace_range(start..end, &blank);
            }
        }
        self
    }
}

/// Whether a file as a whole is test code: below a folder `tests`, or a module file `tests.rs` or `*_tests.rs`.
pub fn is_test(path: &str) -> bool {
    let mut segments = path.split('/');
    let file = segments.next_back().unwrap_or_default();
    segments.any(|segment| segment == "tests") || file == "tests.rs" || file.ends_with("_tests.rs")
}

/// The 1-based line of a byte offset.
pub fn line(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
}

/// Offsets of `needle` where it is not part of a longer name.
pub fn words<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let in_name = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = text.as_bytes();
    text.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|i| bytes.get(i));
        let ends_in_name = needle.bytes().last().is_some_and(|b| in_name(Some(&b)));
        !(in_name(before) || ends_in_name && in_name(bytes.get(at + needle.len())))
    })
}

fn parts(raw: &[u8]) -> Vec<Part> {
    let mut parts = vec![Part::Code; raw.len()];
    let mut at = 0;
    while at < raw.len() {
        let (end, part) = match raw[at] {
            b'/' if raw.get(at + 1) == Some(&b'/') => (line_end(raw, at), Part::Comment),
            b'/' if raw.get(at + 1) == Some(&b'*') => (block_end(raw, at), Part::Comment),
            b'"' => (string_end(raw, at + 1), Part::Literal),
            b'r' if !in_word(raw, at) => match raw_string_end(raw, at + 1) {
                Some(end) => (end, Part::Literal),
                None => (at + 1, Part::Code),
            },
            b'\'' => match char_end(raw, at) {
                Some(end) => (end, Part::Literal),
                None => (at + 1, Part::Code),
            },
            _ => (at + 1, Part::Code),
        };
        parts[at..end].fill(part);
        at = end;
    }
    parts
}

/// Whether the byte at `at` continues a name; `br"` and `cr"` do not count as such.
fn in_word(raw: &[u8], at: usize) -> bool {
    let name = |i: usize| raw[i].is_ascii_alphanumeric() || raw[i] == b'_';
    match at {
        0 => false,
        1 => name(0) && !matches!(raw[0], b'b' | b'c'),
        _ => name(at - 1) && (name(at - 2) || !matches!(raw[at - 1], b'b' | b'c')),
    }
}

fn line_end(raw: &[u8], at: usize) -> usize {
    raw[at..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |n| at + n)
}

fn block_end(raw: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < raw.len() {
        match raw.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    raw.len()
}

fn string_end(raw: &[u8], mut at: usize) -> usize {
    while at < raw.len() {
        match raw[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    raw.len()
}

/// `at` is behind the `r`. `None` where no string begins (a raw name, or just a name with an r).
fn raw_string_end(raw: &[u8], at: usize) -> Option<usize> {
    let hashes = raw[at..].iter().take_while(|byte| **byte == b'#').count();
    if raw.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let body = at + hashes + 1;
    let mut close = vec![b'#'; hashes];
    close.insert(0, b'"');
    let found = raw[body..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(raw.len(), |n| body + n + close.len()))
}

/// `None` where the quote begins a lifetime.
fn char_end(raw: &[u8], at: usize) -> Option<usize> {
    if raw.get(at + 1) == Some(&b'\\') {
        // Behind the escaped character, so that '\'' ends at its last quote.
        let close = raw.get(at + 3..)?.iter().take(12).position(|byte| *byte == b'\'')?;
        return Some(at + 3 + close + 1);
    }
    let width = match raw.get(at + 1)? {
        0..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (raw.get(at + 1 + width) == Some(&b'\'')).then_some(at + 2 + width)
}

/// The ranges of items behind `#[cfg(test)]` and `#[test]`-like attributes that stand outside of such an item.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    let mut items: Vec<(usize, usize)> = Vec::new();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        if items.last().is_none_or(|(_, end)| at >= *end) {
            items.push((at, item_end(code, at)));
        }
    }
    items
}

/// The end of the item at `at`: its semicolon, or the brace that closes its body.
fn item_end(code: &str, at: usize) -> usize {
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (n, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'{' => braces += 1,
            b'}' => braces -= 1,
            b'[' | b'(' => others += 1,
            b']' | b')' => others -= 1,
            _ => {}
        }
        let outside = braces == 0 && others == 0;
        if outside && (byte == b'}' || byte == b';') {
            return n + 1;
        }
    }
    code.len()
}

#[test]
fn comments_strings_and_tests_are_told_from_code() {
    let raw = "let a = \"tokio // no\"; // tokio\nlet q = '\"'; /* a /* b */ c */ fn f<'a>() {}\n\
               let r = br#\"x\"y\"#; let s = '\\''; up(r\"\\\");\n#[cfg(test)]\nmod tests {\n    fn g() { h(\"}\") }\n}\nfn k() {}\n";
    let source = Source::new(raw);
    assert_eq!(source.code.len(), raw.len());
    assert!(!source.code.contains("tokio") && source.text.contains("tokio // no"));
    assert!(source.comments.contains("// tokio") && source.comments.contains("c */"));
    assert!(source.code.contains("fn f<'a>() {}") && !source.code.contains('x'));
    let without = source.without_tests();
    assert!(!without.code.contains("fn g") && without.code.contains("fn k() {}"));
    assert_eq!(line(&without.code, without.code.find("fn k").unwrap()), 8);
}

#[test]
fn a_word_is_not_found_within_a_longer_name() {
    assert_eq!(words("rand operand rand_core brand rand", "rand").collect::<Vec<_>>(), [0, 29]);
}
