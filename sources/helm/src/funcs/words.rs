//! Words and their case.
use super::Type::Text;
use super::strings::{lower, upper};
use super::{Function, args, pure};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("title", &[Text], |args| Ok(title(&args::text(args, 0)).into())),
    pure("untitle", &[Text], |args| Ok(untitle(&args::text(args, 0)).into())),
    pure("swapcase", &[Text], |args| Ok(swap_case(&args::text(args, 0)).into())),
    pure("initials", &[Text], |args| Ok(initials(args::bytes(args, 0)).into())),
    pure("camelcase", &[Text], |args| Ok(pascal(&args::text(args, 0)).into())),
    pure("snakecase", &[Text], |args| Ok(Words::lower(&args::text(args, 0), '_').into())),
    pure("kebabcase", &[Text], |args| Ok(Words::lower(&args::text(args, 0), '-').into())),
];

/// Go's strings.Title: a capital behind everything that is neither letter, digit, `_` nor, of ASCII, anything else.
fn title(text: &str) -> String {
    let mut before = ' ';
    let map = |c| {
        let starts = is_separator(before);
        before = c;
        if starts { upper(c) } else { c }
    };
    text.chars().map(map).collect()
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !c.is_alphanumeric() && c.is_whitespace()
}

fn untitle(text: &str) -> String {
    let mut starts = true;
    let map = |c: char| {
        let first = starts && !c.is_whitespace();
        starts = c.is_whitespace();
        if first { lower(c) } else { c }
    };
    text.chars().map(map).collect()
}

fn swap_case(text: &str) -> String {
    let mut blank = true;
    let map = |c: char| {
        if c.is_uppercase() {
            blank = false;
            lower(c)
        } else if c.is_lowercase() {
            blank = false;
            upper(c)
        } else {
            blank = c.is_whitespace();
            c
        }
    };
    text.chars().map(map).collect()
}

/// Byte by byte, as upstream.
fn initials(bytes: &[u8]) -> String {
    let mut gap = true;
    let mut out = String::new();
    for byte in bytes {
        let c = char::from(*byte);
        if c.is_whitespace() {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(c);
        }
    }
    out
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

fn pascal(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    let mut now = '\0';
    let mut found = false;
    let mut was_upper = false;
    for c in rest.by_ref() {
        if !is_connector(c) {
            was_upper = c.is_uppercase();
            now = upper(c);
            found = true;
            break;
        }
        out.push(c);
        now = c;
    }
    let rest: Vec<char> = rest.collect();
    if rest.is_empty() {
        // Upstream writes the last connector twice.
        if found || !text.is_empty() {
            out.push(now);
        }
        return out;
    }
    for c in rest {
        let before = std::mem::replace(&mut now, c);
        if is_connector(now) && is_connector(before) {
            out.push(before);
        } else if is_connector(before) {
            was_upper = now.is_uppercase();
            now = upper(now);
        } else {
            if was_upper {
                if now.is_uppercase() {
                    now = lower(now);
                } else {
                    was_upper = false;
                }
            }
            out.push(before);
        }
    }
    out.push(now);
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing is left.
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// Cuts a text into words at changes of case.
struct Words<'a> {
    rest: &'a [char],
}

impl<'a> Words<'a> {
    fn lower(text: &str, connector: char) -> String {
        let chars: Vec<char> = text.chars().collect();
        if chars.is_empty() {
            return String::new();
        }
        let mut words = Words { rest: &chars };
        let mut out = String::new();
        let (mut kind, mut word) = words.next();
        while !words.rest.is_empty() {
            if kind != Kind::Connector {
                push(&mut out, kind, word, connector);
            }
            let (before, last) = (kind, word);
            (kind, word) = words.next();
            match before {
                Kind::Number => {
                    while matches!(kind, Kind::Alphabet | Kind::Number) {
                        push(&mut out, kind, word, connector);
                        (kind, word) = words.next();
                    }
                    if !matches!(kind, Kind::Invalid | Kind::Punctuation | Kind::Connector) {
                        out.push(connector);
                    }
                }
                Kind::Connector => push(&mut out, before, last, connector),
                Kind::Punctuation => {}
                Kind::Invalid | Kind::Upper | Kind::Alphabet | Kind::Other => {
                    if kind != Kind::Number {
                        if !matches!(kind, Kind::Connector | Kind::Punctuation) {
                            out.push(connector);
                        }
                        continue;
                    }
                    if words.rest.is_empty() {
                        continue;
                    }
                    let number = word;
                    (kind, word) = words.next();
                    if kind != Kind::Alphabet {
                        push(&mut out, Kind::Number, number, connector);
                        if !matches!(kind, Kind::Connector | Kind::Punctuation) {
                            out.push(connector);
                        }
                        continue;
                    }
                    out.push(connector);
                    push(&mut out, Kind::Number, number, connector);
                    while matches!(kind, Kind::Alphabet | Kind::Number) {
                        push(&mut out, kind, word, connector);
                        (kind, word) = words.next();
                    }
                    if !matches!(kind, Kind::Invalid | Kind::Connector | Kind::Punctuation) {
                        out.push(connector);
                    }
                }
            }
        }
        push(&mut out, kind, word, connector);
        out
    }

    fn next(&mut self) -> (Kind, &'a [char]) {
        let Some((first, rest)) = self.rest.split_first() else { return (Kind::Invalid, &[]) };
        let run = |accepts: fn(char) -> bool| 1 + rest.iter().take_while(|c| accepts(**c)).count();
        let is_small = |c: char| c.is_alphabetic() && !c.is_uppercase();
        let (kind, length) = match *first {
            c if is_connector(c) => (Kind::Connector, run(is_connector)),
            c if is_punctuation(c) => (Kind::Punctuation, run(is_punctuation)),
            c if c.is_uppercase() => {
                let length = match rest.first() {
                    Some(c) if c.is_uppercase() => {
                        let length = run(char::is_uppercase);
                        // The last capital begins the next word.
                        if self.rest.get(length).is_some_and(|c| c.is_alphabetic()) {
                            length - 1
                        } else {
                            length
                        }
                    }
                    Some(c) if c.is_alphabetic() => run(is_small),
                    Some(_) | None => 1,
                };
                (Kind::Upper, length)
            }
            c if c.is_alphabetic() => (Kind::Alphabet, run(is_small)),
            c if c.is_numeric() => (Kind::Number, run(char::is_numeric)),
            _ => (Kind::Other, run(|c| !(is_connector(c) || c.is_alphanumeric() || is_punctuation(c)))),
        };
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        (kind, word)
    }
}

/// Unicode's category P, of ASCII.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
}

fn push(out: &mut String, kind: Kind, word: &[char], connector: char) {
    let changes = matches!(kind, Kind::Upper | Kind::Connector);
    out.extend(word.iter().map(|c| match c {
        c if !changes => *c,
        c if is_connector(*c) => connector,
        c => lower(*c),
    }));
}
