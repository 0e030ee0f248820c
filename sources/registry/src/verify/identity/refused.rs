//! Why a signature proves nothing.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Whom a certificate names, once its authority has vouched for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its alternative names: a URI, an e-mail address, or a name of the issuer's.
    pub subjects: Vec<String>,
    /// Who has seen the subject prove itself: the URL of an OpenID provider.
    pub issuer: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The check that failed, in words of ours alone.
    pub why: Cow<'static, str>,
    /// Known from the point on at which the certificate has proved to be its authority's.
    pub seen: Option<Identity>,
}

const MOST_SHOWN: usize = 200;

impl Refused {
    pub fn seeing(mut self, identity: &Identity) -> Self {
        self.seen = Some(identity.clone());
        self
    }
}

pub fn refused<T>(why: impl Into<Cow<'static, str>>) -> Result<T, Refused> {
    Err(Refused { why: why.into(), seen: None })
}

/// Nothing where there should be something is why.
pub trait Required<T> {
    fn required(self, why: &'static str) -> Result<T, Refused>;
}

impl<T> Required<T> for Option<T> {
    fn required(self, why: &'static str) -> Result<T, Refused> {
        self.map_or_else(|| refused(why), Ok)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (issuer {})", shown(&self.subjects.join(", ")), shown(&self.issuer))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.seen {
            None => f.write_str(&self.why),
            Some(identity) => write!(f, "of {identity}: {}", self.why),
        }
    }
}

/// Whoever gets a certificate chooses a part of its names.
fn shown(text: &str) -> String {
    let clean = text.chars().filter(|c| !c.is_control());
    let mut out: String = clean.clone().take(MOST_SHOWN).collect();
    if clean.count() > MOST_SHOWN {
        out.push('…');
    }
    out
}
