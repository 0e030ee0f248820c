//! Which values of a document are encrypted: by the names on their path, or by the comments above them.

use regex::bytes::{Regex, RegexBuilder};

use crate::{Limits, SopsError};

pub(crate) enum Rule {
    /// All but what is below a name with this ending.
    UnencryptedSuffix(String),
    EncryptedSuffix(String),
    UnencryptedRegex(Regex),
    EncryptedRegex(Regex),
    UnencryptedCommentRegex(Regex),
    EncryptedCommentRegex(Regex),
}

/// The comments above the current value, outermost level first. Each is matched once, however much stands below it.
pub(crate) type Comments = Vec<Level>;

/// Of one level the comments since its last value: whether any but the last matches, and whether the last does.
#[derive(Clone, Copy, Default)]
pub(crate) struct Level {
    earlier: bool,
    last: bool,
}

impl Level {
    pub(crate) fn add(&mut self, matches: bool) {
        self.earlier |= self.last;
        self.last = matches;
    }

    fn any(self) -> bool {
        self.earlier || self.last
    }
}

impl Rule {
    /// What holds where the metadata states no rule.
    pub(crate) fn unstated() -> Self {
        Rule::UnencryptedSuffix("_unencrypted".to_owned())
    }

    pub(crate) fn compile(text: &str, field: &'static str, limits: &Limits) -> Result<Regex, SopsError> {
        let built = RegexBuilder::new(text).size_limit(limits.expression_bytes).build();
        built.map_err(|_| SopsError::Expression(field))
    }

    /// Whether a name is one that the rule is about. What is below such a name is, too.
    pub(crate) fn names(&self, key: &str) -> bool {
        match self {
            Rule::UnencryptedSuffix(suffix) | Rule::EncryptedSuffix(suffix) => key.ends_with(suffix.as_str()),
            Rule::UnencryptedRegex(regex) | Rule::EncryptedRegex(regex) => regex.is_match(key.as_bytes()),
            Rule::UnencryptedCommentRegex(_) | Rule::EncryptedCommentRegex(_) => false,
        }
    }

    /// Whether a comment is one that the rule is about; `None` where it is about none.
    pub(crate) fn matches(&self, comment: &[u8]) -> Option<bool> {
        match self {
            Rule::UnencryptedCommentRegex(regex) | Rule::EncryptedCommentRegex(regex) => {
                Some(regex.is_match(comment))
            }
            Rule::UnencryptedSuffix(_)
            | Rule::EncryptedSuffix(_)
            | Rule::UnencryptedRegex(_)
            | Rule::EncryptedRegex(_) => None,
        }
    }

    pub(crate) fn needs_comments(&self) -> bool {
        self.matches(b"").is_some()
    }

    /// Whether a value is encrypted. `named` is whether a name on its path is one that the rule is about. A comment is
    /// the last of `comments` itself.
    pub(crate) fn encrypts(&self, named: bool, comments: &Comments, is_comment: bool) -> bool {
        match self {
            Rule::UnencryptedSuffix(_) | Rule::UnencryptedRegex(_) => !named,
            Rule::EncryptedSuffix(_) | Rule::EncryptedRegex(_) => named,
            Rule::UnencryptedCommentRegex(_) => !comments.iter().any(|level| level.any()),
            // The comment that asks for encryption stays readable itself.
            Rule::EncryptedCommentRegex(_) => match comments.split_last() {
                Some((own, above)) if is_comment => own.earlier || above.iter().any(|level| level.any()),
                Some(_) | None => comments.iter().any(|level| level.any()),
            },
        }
    }
}
