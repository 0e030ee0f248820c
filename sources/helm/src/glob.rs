//! Patterns of `.Files.Glob`: `*` and `?` stop at slashes, `**` does not.
use regex::Regex;

pub(crate) struct Glob(Regex);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let mut out = String::from("^(?s:");
        let chars: Vec<char> = pattern.chars().collect();
        let mut at = 0;
        let mut open = 0;
        while let Some(c) = chars.get(at) {
            at += 1;
            match c {
                '*' => {
                    let stars = 1 + chars[at..].iter().take_while(|c| **c == '*').count();
                    at += stars - 1;
                    out.push_str(if stars > 1 { ".*" } else { "[^/]*" });
                }
                '?' => out.push_str("[^/]"),
                '\\' => {
                    if let Some(c) = chars.get(at) {
                        out.push_str(&regex::escape(&c.to_string()));
                        at += 1;
                    }
                }
                '{' => {
                    open += 1;
                    out.push_str("(?:");
                }
                '}' if open > 0 => {
                    open -= 1;
                    out.push(')');
                }
                ',' if open > 0 => out.push('|'),
                '[' => {
                    let Some(end) = chars[at..].iter().position(|c| *c == ']') else {
                        return Err("unexpected end of input".into());
                    };
                    out.push_str(&class(&chars[at..at + end])?);
                    at += end + 1;
                }
                c => out.push_str(&regex::escape(&c.to_string())),
            }
        }
        out.push_str(")$");
        Regex::new(&out).map(Self).map_err(|error| error.to_string())
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// `a-z`, `abc`, each perhaps behind `!`.
fn class(inside: &[char]) -> Result<String, String> {
    let (not, inside) = match inside {
        ['!', rest @ ..] => ("^", rest),
        _ => ("", inside),
    };
    let quoted = |c: &char| regex::escape(&c.to_string());
    match inside {
        [] => Err("expected text".into()),
        [low, '-', high] => Ok(format!("[{not}{}-{}]", quoted(low), quoted(high))),
        chars => Ok(format!("[{not}{}]", chars.iter().map(quoted).collect::<String>())),
    }
}
