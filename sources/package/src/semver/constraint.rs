use super::Version;
use super::version::compare_pre;
use regex::Regex;
use std::cmp::Ordering;
use std::sync::OnceLock;

const LONGEST: usize = 512;
const MOST_GROUPS: usize = 32;

/// `>= 1.2, < 2 || ^3.1`: alternatives of conditions that must all hold.
#[derive(Debug, Clone)]
pub struct Constraint {
    alternatives: Vec<Vec<Condition>>,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    version: Version,
    /// Any minor, any patch: left out or `x`.
    any_minor: bool,
    any_patch: bool,
    dirty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

struct Patterns {
    one: Regex,
    range: Regex,
    find: Regex,
    valid: Regex,
}

fn patterns() -> Result<&'static Patterns, String> {
    static PATTERNS: OnceLock<Result<Patterns, String>> = OnceLock::new();
    let version = r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";
    let operators = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
    let made = PATTERNS.get_or_init(|| {
        let regex = |pattern: String| Regex::new(&pattern).map_err(|error| error.to_string());
        Ok(Patterns {
            one: regex(format!(r"^\s*({operators})\s*({version})\s*$"))?,
            range: regex(format!(r"\s*({version})\s+-\s+({version})\s*"))?,
            find: regex(format!(r"({operators})\s*({version})"))?,
            valid: regex(format!(
                r"^(\s*({operators})\s*({version})\s*)((?:\s+|,\s*)({operators})\s*({version})\s*)*$"
            ))?,
        })
    });
    made.as_ref().map_err(Clone::clone)
}

impl Constraint {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("constraint string is too long (max {LONGEST} bytes)"));
        }
        let patterns = patterns()?;
        let mut rewritten = text.to_owned();
        for found in patterns.range.captures_iter(text) {
            let group = |at| found.get(at).map_or("", |part| part.as_str());
            let range = format!(">= {}, <= {} ", group(1), group(11));
            rewritten = rewritten.replacen(group(0), &range, 1);
        }
        let groups: Vec<&str> = rewritten.split("||").collect();
        if groups.len() > MOST_GROUPS {
            return Err(format!("too many constraint groups (max {MOST_GROUPS})"));
        }
        let alternatives = groups.into_iter().map(|group| {
            if !patterns.valid.is_match(group) {
                return Err(format!("improper constraint: {group:?}"));
            }
            let conditions = patterns.find.find_iter(group);
            conditions.map(|found| Condition::parse(found.as_str(), patterns)).collect()
        });
        Ok(Self { alternatives: alternatives.collect::<Result<_, _>>()? })
    }

    pub fn allows(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|conditions| {
            let pre = conditions.iter().any(|condition| !condition.version.pre.is_empty());
            conditions.iter().all(|condition| condition.allows(version, pre))
        })
    }
}

impl Condition {
    fn parse(text: &str, patterns: &Patterns) -> Result<Self, String> {
        let improper = || format!("improper constraint: {text:?}");
        let found = patterns.one.captures(text).ok_or_else(improper)?;
        let group = |at| found.get(at).map_or("", |part| part.as_str());
        let operator = match group(1) {
            "" | "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            ">=" | "=>" => Operator::GreaterEqual,
            "<=" | "=<" => Operator::LessEqual,
            "~" | "~>" => Operator::Tilde,
            _ => Operator::Caret,
        };
        let is_any = |part: &str| matches!(part.trim_start_matches('.'), "" | "x" | "X" | "*");
        let (major, minor, patch, pre) = (group(3), group(4), group(5), group(6));
        let (mut any_minor, mut any_patch) = (false, false);
        let dirty = is_any(major) || is_any(minor) || is_any(patch);
        let version = if is_any(major) {
            format!("0.0.0{pre}")
        } else if is_any(minor) {
            any_minor = true;
            format!("{major}.0.0{pre}")
        } else if is_any(patch) {
            any_patch = true;
            format!("{major}{minor}.0{pre}")
        } else {
            group(2).to_owned()
        };
        let version = Version::parse(&version).map_err(|_| "constraint parser error".to_owned())?;
        Ok(Self { operator, version, any_minor, any_patch, dirty })
    }

    fn allows(&self, v: &Version, pre: bool) -> bool {
        if !v.pre.is_empty() && !pre {
            return false;
        }
        let c = &self.version;
        let order = v.compare(c);
        match self.operator {
            Operator::Equal if !self.dirty => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.tilde(v, order),
            Operator::NotEqual => !self.dirty && order != Ordering::Equal || self.dirty && self.differs(v),
            Operator::Greater if !self.dirty => order == Ordering::Greater,
            Operator::Greater => {
                if v.major != c.major {
                    return v.major > c.major;
                }
                if self.any_minor {
                    return false;
                }
                if self.any_patch { v.minor > c.minor } else { order == Ordering::Greater }
            }
            Operator::Less => order == Ordering::Less,
            Operator::GreaterEqual => order != Ordering::Less,
            Operator::LessEqual if !self.dirty => order != Ordering::Greater,
            Operator::LessEqual => {
                v.major < c.major || v.major == c.major && (v.minor <= c.minor || self.any_minor)
            }
            Operator::Caret => self.caret(v, order),
        }
    }

    fn differs(&self, v: &Version) -> bool {
        let c = &self.version;
        if c.major != v.major || (c.minor != v.minor && !self.any_minor) {
            return true;
        }
        if self.any_minor {
            return false;
        }
        if c.patch != v.patch && !self.any_patch {
            return true;
        }
        if self.any_patch {
            let pre = !v.pre.is_empty() || !c.pre.is_empty();
            return pre && compare_pre(&v.pre, &c.pre) != Ordering::Equal;
        }
        v.compare(c) != Ordering::Equal
    }

    fn tilde(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if order == Ordering::Less {
            return false;
        }
        // `~0.0.0` and `*` allow everything above.
        if (c.major, c.minor, c.patch) == (0, 0, 0) && !self.any_minor && !self.any_patch {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.any_minor)
    }

    fn caret(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if order == Ordering::Less || v.major != c.major {
            return false;
        }
        if c.major > 0 || self.any_minor {
            return true;
        }
        if c.minor > 0 || self.any_patch {
            return v.minor == c.minor;
        }
        v.minor == 0 && v.patch == c.patch
    }
}
