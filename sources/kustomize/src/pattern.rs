//! Regular expressions of selectors. Most are names and kinds, a few of them with `.*` or `|`: those are matched without
//! making an automaton of them.
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use regex::Regex;

#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// Any of these.
    Simple(Vec<Vec<Step>>),
    Regex(Regex),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    This(char),
    /// `.`
    One,
    /// `.*`
    Many,
}

impl Pattern {
    /// Which the whole text must fit.
    pub(crate) fn anchored(pattern: &str) -> Result<Self, Problem> {
        match simple(pattern) {
            Some(alternatives) => Ok(Self::Simple(alternatives)),
            None => regex(&format!("^(?:{pattern})$")).map(Self::Regex),
        }
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Simple(alternatives) => alternatives.iter().any(|steps| fits(steps, text)),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// Bounded in size, and linear in time by construction.
pub(crate) fn regex(pattern: &str) -> Result<Regex, Problem> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| Problem::new(&codes::INVALID, format!("{pattern:?} is not a valid regular expression")))
}

/// Nothing where more is meant than letters, digits, dashes, `.`, `.*` and `|`.
fn simple(pattern: &str) -> Option<Vec<Vec<Step>>> {
    let mut alternatives = vec![Vec::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let steps = alternatives.last_mut()?;
        match c {
            '|' => alternatives.push(Vec::new()),
            '.' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek().is_some_and(|c| matches!(c, '*' | '?' | '+')) {
                    return None;
                }
                steps.push(Step::Many);
            }
            '.' => steps.push(Step::One),
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':' | '@') => {
                steps.push(Step::This(c))
            }
            _ => return None,
        }
        if matches!(steps_end(&alternatives), Some(Step::This(_) | Step::One))
            && chars.peek().is_some_and(|c| matches!(c, '*' | '?' | '+'))
        {
            return None;
        }
    }
    Some(alternatives)
}

/// What is left of a text behind a pattern without `.*` and `|`; the outer nothing where the pattern is more than that.
pub(crate) fn behind<'t>(pattern: &str, text: &'t str) -> Option<Option<&'t str>> {
    let mut alternatives = simple(pattern)?;
    let steps = alternatives.pop().filter(|_| alternatives.is_empty())?;
    let mut rest = text.chars();
    for step in steps {
        let fits = match (step, rest.next()) {
            (Step::Many, _) => return None,
            (Step::This(c), found) => found == Some(c),
            (Step::One, found) => found.is_some_and(|c| c != '\n'),
        };
        if !fits {
            return Some(None);
        }
    }
    Some(Some(rest.as_str()))
}

fn steps_end(alternatives: &[Vec<Step>]) -> Option<Step> {
    alternatives.last().and_then(|steps| steps.last()).copied()
}

/// In as many comparisons as the product of both lengths at most.
fn fits(steps: &[Step], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut step, mut at) = (0, 0);
    // The last `.*`, and how far it reaches.
    let mut many: Option<(usize, usize)> = None;
    while at < text.len() {
        let fits = match steps.get(step) {
            Some(Step::Many) => {
                many = Some((step, at));
                step += 1;
                continue;
            }
            Some(Step::One) => text[at] != '\n',
            Some(Step::This(c)) => text[at] == *c,
            None => false,
        };
        if fits {
            step += 1;
            at += 1;
            continue;
        }
        match many {
            Some((star, reach)) if text[reach] != '\n' => {
                many = Some((star, reach + 1));
                (step, at) = (star + 1, reach + 1);
            }
            Some(_) | None => return false,
        }
    }
    steps.get(step..).unwrap_or_default().iter().all(|step| *step == Step::Many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_simple_fits_what_the_expression_fits() {
        let patterns =
            ["", "a", "a.c", ".*", "a.*c", ".*b.*", "a|bc|", "a..", "a.*|.*c", "v1.2", "x-.*-y", ".*a.*a"];
        let texts = [
            "", "a", "abc", "ac", "a.c", "bc", "c", "b", "a\nc", "\n", "v1.2", "v1x2", "x--y", "x-y", "aa",
            "äbc",
        ];
        for pattern in patterns {
            let quick = Pattern::anchored(pattern).expect("valid");
            assert!(matches!(quick, Pattern::Simple(_)), "{pattern}");
            let slow = regex(&format!("^(?:{pattern})$")).expect("valid");
            for text in texts {
                assert_eq!(quick.is_match(text), slow.is_match(text), "{pattern:?} on {text:?}");
            }
        }
        for pattern in ["a+", "a?", "(a|b)", "a*", "[ab]", "^a$", "a.+", r"a\.b", "a.*?", "a{2}"] {
            assert!(matches!(Pattern::anchored(pattern), Ok(Pattern::Regex(_))), "{pattern}");
        }
        assert!(Pattern::anchored("(").is_err());
    }

    #[test]
    fn what_is_behind_a_pattern_is_the_rest() {
        assert_eq!(behind("ngin.", "nginx:1"), Some(Some(":1")));
        assert_eq!(behind("nginx", "redis:1"), Some(None));
        assert_eq!(behind("", "redis"), Some(Some("redis")));
        for pattern in ["a|b", "a.*", "a+"] {
            assert_eq!(behind(pattern, "ab"), None, "{pattern}");
        }
    }
}
