use crate::GitError;
use semver::Version;

/// A range of versions in the grammar of Masterminds/semver v3, which Flux uses: `1.2.x`, `~1.2`, `^1`,
/// `>=1.0 <2.0`, `1.2 - 1.4`, `!=1.3.0`, `a || b`. A bare version means exactly that one, unlike in Cargo.
///
/// A prerelease matches only where a comparator of the same conjunction names one (`>=1.0.0-0`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    any_of: Vec<Vec<Comparator>>,
}

const MAX_LENGTH: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparator {
    operator: Operator,
    version: Version,
    /// The first part that is missing or a wildcard.
    open: Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Tilde,
    Caret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Open {
    Major,
    Minor,
    Patch,
    Nothing,
}

impl Range {
    pub fn parse(text: &str) -> Result<Self, GitError> {
        let invalid = |why: &str| GitError::invalid(format!("the version range {text:?}"), why);
        if text.len() > MAX_LENGTH {
            return Err(GitError::invalid("the version range", "it has more than 512 characters"));
        }
        let any_of: Result<Vec<_>, _> =
            text.split("||").map(|part| conjunction(part).map_err(invalid)).collect();
        Ok(Self { any_of: any_of? })
    }

    pub fn matches(&self, version: &Version) -> bool {
        self.any_of.iter().any(|all_of| {
            let prereleases = all_of.iter().any(|c| !c.version.pre.is_empty());
            (version.pre.is_empty() || prereleases) && all_of.iter().all(|c| c.matches(version))
        })
    }
}

/// A tag as a version: strictly three numbers, with an optional `v` before them.
pub(crate) fn version_of_tag(tag: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
}

fn conjunction(text: &str) -> Result<Vec<Comparator>, &'static str> {
    let spaced = text.replace(',', " ");
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    if words.is_empty() {
        return Err("it is empty");
    }
    let mut out = Vec::new();
    while !words.is_empty() {
        if words.len() >= 3 && words[1] == "-" {
            out.push(Comparator { operator: Operator::GreaterEqual, ..Comparator::parse(words[0])? });
            out.push(Comparator { operator: Operator::LessEqual, ..Comparator::parse(words[2])? });
            words.drain(..3);
        } else if words.len() >= 2 && operator(words[0]).1.is_empty() {
            // "> 1.2": the operator and its version may stand apart.
            out.push(Comparator::parse(&format!("{}{}", words[0], words[1]))?);
            words.drain(..2);
        } else {
            out.push(Comparator::parse(words[0])?);
            words.drain(..1);
        }
    }
    Ok(out)
}

fn operator(word: &str) -> (Operator, &str) {
    const OPERATORS: [(&str, Operator); 11] = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterEqual),
        ("=>", Operator::GreaterEqual),
        ("<=", Operator::LessEqual),
        ("=<", Operator::LessEqual),
        ("~>", Operator::Tilde),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("=", Operator::Equal),
    ];
    OPERATORS
        .iter()
        .find_map(|(sign, operator)| word.strip_prefix(sign).map(|rest| (*operator, rest)))
        .unwrap_or((Operator::Equal, word))
}

impl Comparator {
    fn parse(word: &str) -> Result<Self, &'static str> {
        const WHY: &str = "a comparator is an operator (=, !=, >, >=, <, <=, ~, ^) and a version";
        let (operator, rest) = operator(word);
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        let tail_at = rest.find(['-', '+']).unwrap_or(rest.len());
        let (core, tail) = rest.split_at(tail_at);
        let parts: Vec<&str> = core.split('.').collect();
        if parts.len() > 3 || core.is_empty() {
            return Err(WHY);
        }
        let mut numbers = [0_u64; 3];
        let mut open = 3;
        for (at, part) in parts.iter().enumerate() {
            if matches!(*part, "x" | "X" | "*") {
                open = open.min(at);
            } else {
                numbers[at] = part.parse().map_err(|_| WHY)?;
            }
        }
        open = open.min(parts.len());
        numbers[open..].fill(0);
        let text = format!("{}.{}.{}{tail}", numbers[0], numbers[1], numbers[2]);
        let version = Version::parse(&text).map_err(|_| WHY)?;
        let open = [Open::Major, Open::Minor, Open::Patch, Open::Nothing][open];
        Ok(Self { operator, version, open })
    }

    fn matches(&self, v: &Version) -> bool {
        let c = &self.version;
        let order = v.cmp_precedence(c);
        let same_major = v.major == c.major;
        let same_minor = same_major && v.minor == c.minor;
        let within = match self.open {
            Open::Major => true,
            Open::Minor => same_major,
            Open::Patch => same_minor,
            Open::Nothing => order.is_eq(),
        };
        match self.operator {
            // A prerelease of 1.2.0 is not within 1.2.
            Operator::Equal => within && (self.open == Open::Nothing || order.is_ge()),
            Operator::NotEqual => !within,
            Operator::Greater => order.is_gt() && (self.open == Open::Nothing || !within),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le() || (self.open != Open::Nothing && within),
            Operator::Tilde => {
                order.is_ge()
                    && match self.open {
                        Open::Major => true,
                        Open::Minor => same_major,
                        Open::Patch | Open::Nothing => same_minor,
                    }
            }
            Operator::Caret => {
                order.is_ge()
                    && match self.open {
                        Open::Major => true,
                        Open::Minor => same_major,
                        Open::Patch | Open::Nothing if c.major > 0 => same_major,
                        Open::Patch => same_minor,
                        Open::Nothing if c.minor > 0 => same_minor,
                        Open::Nothing => same_minor && v.patch == c.patch,
                    }
            }
        }
    }
}
