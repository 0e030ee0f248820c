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

/// The comments above the current value, outermost level first: of each level those since its last value.
pub(crate) type Comments = Vec<Vec<Vec<u8>>>;

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

    pub(crate) fn needs_comments(&self) -> bool {
        match self {
            Rule::UnencryptedCommentRegex(_) | Rule::EncryptedCommentRegex(_) => true,
            Rule::UnencryptedSuffix(_)
            | Rule::EncryptedSuffix(_)
            | Rule::UnencryptedRegex(_)
            | Rule::EncryptedRegex(_) => false,
        }
    }

    /// Whether a value is encrypted. `named` is whether a name on its path is one that the rule is about. A comment is
    /// the last of `comments` itself.
    pub(crate) fn encrypts(&self, named: bool, comments: &Comments, is_comment: bool) -> bool {
        match self {
            Rule::UnencryptedSuffix(_) | Rule::UnencryptedRegex(_) => !named,
            Rule::EncryptedSuffix(_) | Rule::EncryptedRegex(_) => named,
            Rule::UnencryptedCommentRegex(regex) => {
                !comments.iter().flatten().any(|comment| regex.is_match(comment))
            }
            // The comment that asks for encryption stays readable itself.
            Rule::EncryptedCommentRegex(regex) => {
                let all = comments.iter().map(Vec::len).sum::<usize>();
                let own = usize::from(is_comment && comments.last().is_some_and(|level| !level.is_empty()));
                comments.iter().flatten().take(all - own).any(|comment| regex.is_match(comment))
            }
        }
    }
}
