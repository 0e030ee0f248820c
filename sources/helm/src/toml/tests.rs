use super::{MOST_BYTES, MOST_DEPTH, MOST_NAMES, read};

fn refused(text: &str) -> String {
    read(text.as_bytes()).map(|_| ()).unwrap_err()
}

#[test]
fn nothing_is_read_without_bounds() {
    let deep = format!("a = {}{}", "[".repeat(MOST_DEPTH + 1), "]".repeat(MOST_DEPTH + 1));
    assert!(refused(&deep).contains("deep"), "{}", refused(&deep));
    let inline = format!("a = {}", "{a=".repeat(100_000));
    assert!(refused(&inline).contains("parts"), "{}", refused(&inline));
    let long = format!("{}a = 1", "a.".repeat(MOST_DEPTH));
    assert!(refused(&long).contains("parts"), "{}", refused(&long));
    assert!(refused(&"#".repeat(MOST_BYTES + 1)).contains("bytes"));
    let names =
        format!("[{}]\n{}", "x".repeat(1000), (0..90_000).map(|i| format!("a{i}=[]\n")).collect::<String>());
    assert!(names.len() < MOST_BYTES && names.len() * 90 > MOST_NAMES);
    assert!(refused(&names).contains("names"), "{}", refused(&names));
}

#[test]
fn what_is_no_utf8_is_refused_where_it_is_reached() {
    let wrong = read(b"a = 1\nb = \"\xff\"").map(|_| ()).unwrap_err();
    assert_eq!(wrong, "toml: line 2 (last key \"b\"): invalid UTF-8 byte: 0xff");
    let null = read(b"\xff\xfea\0b\0").map(|_| ()).unwrap_err();
    assert!(null.starts_with("toml: line 1: files cannot contain NULL bytes"), "{null}");
}

proptest::proptest! {
    #[test]
    fn no_document_panics_the_reader(
        parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..24),
    ) {
        let _ = read(parts.concat().as_bytes());
    }
}

const PARTS: &[&str] = &[
    "a",
    ".",
    "=",
    " ",
    "\n",
    "\r\n",
    "\r",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\u00e9",
    "\\x4",
    "#",
    "1",
    "0",
    "0x",
    "-",
    "+",
    "_",
    "e",
    "inf",
    "nan",
    "true",
    "1979-05-27",
    "T",
    ":",
    "07:32",
    "Z",
    "é",
    "\u{0}",
];
