//! Shell patterns, and what `${var#pattern}` cuts off.

/// Cuts a match off the front (`#`) or the end (`%`) of a value; doubled, the longest one.
pub(crate) fn trim(value: &str, pattern: &str, which: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let longest = which.len() == 2;
    let front = which.starts_with('#');
    let part = |n: usize| if front { &chars[..n] } else { &chars[chars.len() - n..] };
    let mut lengths: Vec<usize> = (1..=chars.len()).collect();
    if longest {
        lengths.reverse();
    }
    match lengths.into_iter().find(|n| matches(&pattern, part(*n))) {
        None => value.to_owned(),
        Some(n) if front => chars[n..].iter().collect(),
        Some(n) => chars[..chars.len() - n].iter().collect(),
    }
}

/// `*` is any text, `?` any character, `[a-z]` one of a set, `\` takes the next literally. Every pair of places is
/// looked at once.
fn matches(pattern: &[char], text: &[char]) -> bool {
    // The places in `text` that the pattern so far may end at.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    let mut rest = pattern;
    while let Some((first, more)) = rest.split_first() {
        let mut next = vec![false; text.len() + 1];
        let (accepts, more): (Box<dyn Fn(char) -> bool>, &[char]) = match first {
            '*' => {
                let from = ends.iter().position(|e| *e).unwrap_or(ends.len());
                ends.iter_mut().skip(from).for_each(|e| *e = true);
                rest = more;
                continue;
            }
            '?' => (Box::new(|_| true), more),
            '[' => {
                let Some((set, more)) = set(more) else { return false };
                (Box::new(move |c| set.holds(c)), more)
            }
            '\\' => match more.split_first() {
                None => return false,
                Some((literal, more)) => {
                    let literal = *literal;
                    (Box::new(move |c| c == literal), more)
                }
            },
            literal => {
                let literal = *literal;
                (Box::new(move |c| c == literal), more)
            }
        };
        for (at, c) in text.iter().enumerate() {
            next[at + 1] = ends[at] && accepts(*c);
        }
        ends = next;
        rest = more;
    }
    ends[text.len()]
}

struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Set {
    fn holds(&self, c: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != self.negated
    }
}

fn set(pattern: &[char]) -> Option<(Set, &[char])> {
    let (negated, mut rest) = match pattern.split_first() {
        Some(('^', rest)) => (true, rest),
        _ => (false, pattern),
    };
    let mut ranges = Vec::new();
    loop {
        let (low, more) = rest.split_first()?;
        if *low == ']' && !ranges.is_empty() {
            return Some((Set { negated, ranges }, more));
        }
        match more {
            ['-', high, more @ ..] if *high != ']' => {
                ranges.push((*low, *high));
                rest = more;
            }
            _ => {
                ranges.push((*low, *low));
                rest = more;
            }
        }
    }
}
