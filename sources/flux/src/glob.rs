/// A path pattern: `*` and `?` within a part, `**` over parts, `[a-z]` and `[^a]` classes, `{a,b}` alternatives, `\`
/// before a character that is meant literally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<Vec<String>>);

/// Alternatives multiply: a pattern that expands to more is refused.
const ALTERNATIVES: usize = 256;

impl Glob {
    /// `None` for an unclosed class or brace, a trailing backslash, or too many alternatives.
    pub fn parse(pattern: &str) -> Option<Self> {
        if pattern.len() > 1024 {
            return None;
        }
        let expanded = expand(pattern)?;
        let sound = |part: &String| part == "**" || tokens(part).is_some();
        let all: Vec<Vec<String>> =
            expanded.iter().map(|p| p.split('/').map(str::to_owned).collect()).collect();
        all.iter().flatten().all(sound).then_some(Self(all))
    }

    pub fn matches(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        self.0.iter().any(|pattern| parts_match(pattern, &parts))
    }

    pub fn is_literal(pattern: &str) -> bool {
        !pattern.contains(['*', '?', '[', ']'])
    }
}

fn expand(pattern: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(next) = open.pop() {
        if done.len() + open.len() > ALTERNATIVES {
            return None;
        }
        let Some(start) = next.find('{') else {
            done.push(next);
            continue;
        };
        let end = matching(&next, start)?;
        for choice in choices(&next[start + 1..end]) {
            open.push(format!("{}{choice}{}", &next[..start], &next[end + 1..]));
        }
    }
    Some(done)
}

fn matching(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, c) in text.char_indices().skip_while(|(i, _)| *i < start) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(i),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn choices(inside: &str) -> Vec<&str> {
    let (mut out, mut depth, mut from) = (Vec::new(), 0usize, 0);
    for (i, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(&inside[from..i]);
                from = i + 1;
            }
            _ => {}
        }
    }
    out.push(&inside[from..]);
    out
}

fn parts_match(pattern: &[String], parts: &[&str]) -> bool {
    // reached[j]: the pattern so far matches the first j parts.
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    for piece in pattern {
        let mut next = vec![false; parts.len() + 1];
        if piece == "**" {
            let mut any = false;
            for j in 0..=parts.len() {
                any |= reached[j];
                next[j] = any;
            }
        } else {
            for (j, part) in parts.iter().enumerate() {
                next[j + 1] = reached[j] && part_matches(piece, part);
            }
        }
        reached = next;
    }
    reached[parts.len()]
}

enum Token {
    Literal(char),
    AnyChar,
    AnyRun,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn tokens(part: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Token::AnyRun,
            '?' => Token::AnyChar,
            '\\' => Token::Literal(chars.next()?),
            '[' => class(&mut chars)?,
            other => Token::Literal(other),
        });
    }
    Some(out)
}

fn class(chars: &mut std::str::Chars<'_>) -> Option<Token> {
    let mut body: Vec<char> = Vec::new();
    let mut negated = false;
    loop {
        match chars.next()? {
            ']' if !body.is_empty() => break,
            '^' | '!' if body.is_empty() && !negated => negated = true,
            '\\' => body.push(chars.next()?),
            c => body.push(c),
        }
    }
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < body.len() {
        if i + 2 < body.len() && body[i + 1] == '-' {
            ranges.push((body[i], body[i + 2]));
            i += 3;
        } else {
            ranges.push((body[i], body[i]));
            i += 1;
        }
    }
    Some(Token::Class { negated, ranges })
}

fn part_matches(pattern: &str, part: &str) -> bool {
    let Some(tokens) = tokens(pattern) else { return false };
    let chars: Vec<char> = part.chars().collect();
    let mut reached = vec![false; chars.len() + 1];
    reached[0] = true;
    for token in &tokens {
        let mut next = vec![false; chars.len() + 1];
        match token {
            Token::AnyRun => {
                let mut any = false;
                for j in 0..=chars.len() {
                    any |= reached[j];
                    next[j] = any;
                }
            }
            Token::Literal(_) | Token::AnyChar | Token::Class { .. } => {
                for (j, c) in chars.iter().enumerate() {
                    next[j + 1] = reached[j] && one_matches(token, *c);
                }
            }
        }
        reached = next;
    }
    reached[chars.len()]
}

fn one_matches(token: &Token, c: char) -> bool {
    match token {
        Token::Literal(literal) => *literal == c,
        Token::AnyChar | Token::AnyRun => true,
        Token::Class { negated, ranges } => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
    }
}
