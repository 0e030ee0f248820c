//! Go's filepath.Match, of which ignore files are made.

/// Whether a name, or a path, is what a pattern means: `*` and `?` but for slashes, classes, `\` before what is meant
/// literally. `None`: the pattern is malformed.
pub fn path_match(pattern: &str, name: &str) -> Option<bool> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    check(&pattern)?;
    Some(matches(&pattern, &name))
}

fn check(pattern: &[char]) -> Option<()> {
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            '\\' => {
                pattern.get(at + 1)?;
                at += 2;
            }
            '[' => at += class(&pattern[at..], None)?.0,
            _ => at += 1,
        }
    }
    Some(())
}

/// The length of a class, and whether it holds a character.
fn class(pattern: &[char], c: Option<char>) -> Option<(usize, bool)> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut found = false;
    let mut first = true;
    loop {
        if *pattern.get(at)? == ']' && !first {
            return Some((at + 1, found != negated));
        }
        first = false;
        let low = class_bound(pattern, &mut at)?;
        let mut high = low;
        if pattern.get(at) == Some(&'-') {
            at += 1;
            high = class_bound(pattern, &mut at)?;
        }
        found |= c.is_some_and(|c| (low..=high).contains(&c));
    }
}

fn class_bound(pattern: &[char], at: &mut usize) -> Option<char> {
    let mut bound = *pattern.get(*at)?;
    if matches!(bound, '-' | ']') {
        return None;
    }
    if bound == '\\' {
        *at += 1;
        bound = *pattern.get(*at)?;
    }
    *at += 1;
    Some(bound)
}

/// The usual walk with one place to come back to: the last star.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((p + 1, n));
                Some((1, 0))
            }
            (Some('?'), Some(c)) => (*c != '/').then_some((1, 1)),
            (Some('['), Some(c)) => {
                class(&pattern[p..], Some(*c)).filter(|(_, held)| *held).map(|(length, _)| (length, 1))
            }
            (Some('\\'), Some(c)) => (pattern.get(p + 1) == Some(c)).then_some((2, 1)),
            (Some(wanted), Some(c)) => (wanted == c).then_some((1, 1)),
            (None, Some(_)) | (Some(_), None) => None,
        };
        match (step, star) {
            (Some((by, over)), _) => {
                p += by;
                n += over;
            }
            // The star takes one more character, but no slash.
            (None, Some((behind, from))) if name.get(from).is_some_and(|c| *c != '/') => {
                star = Some((behind, from + 1));
                p = behind;
                n = from + 1;
            }
            (None, _) => return false,
        }
    }
}
