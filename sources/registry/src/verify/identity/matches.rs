//! Who is trusted: pairs of regular expressions, any of which may match, as `matchOIDCIdentity` of Flux has them.

use super::refused::Identity;
use mainstay_package::re2;
use mainstay_unit::OidcIdentity;
use regex::bytes::Regex;

const MOST: usize = 32;
const MOST_BYTES: usize = 4 << 10;

pub struct Identities(Vec<Pair>);

struct Pair {
    issuer: Regex,
    subject: Regex,
    text: OidcIdentity,
}

impl Identities {
    /// None is anyone whom the authorities have given a certificate: see [`Identities::admit`].
    pub fn read(wanted: &[OidcIdentity]) -> Result<Self, String> {
        if wanted.len() > MOST {
            return Err(format!("more than {MOST} identities are named"));
        }
        let expression = |name: &str, text: &str| {
            if text.len() > MOST_BYTES {
                return Err(format!("the expression of the {name} is longer than 4 KiB"));
            }
            // Unanchored, as cosign matches: what is written is what is meant.
            re2::compile(text).map_err(|why| format!("the {name} {text:?} is no regular expression: {why}"))
        };
        let pair = |text: &OidcIdentity| {
            let (issuer, subject) =
                (expression("issuer", &text.issuer)?, expression("subject", &text.subject)?);
            Ok(Pair { issuer, subject, text: text.clone() })
        };
        wanted.iter().map(pair).collect::<Result<_, String>>().map(Self)
    }

    /// `anyone`: whether it will do that nobody is named. Behind its tag it does for cosign, and so for Flux; in a bundle
    /// both issuer and subject have to be named.
    pub fn admit(&self, seen: &Identity, anyone: bool) -> bool {
        let matches = |pair: &Pair| {
            let named = |name: &String| pair.subject.is_match(name.as_bytes());
            let is_named = !pair.text.issuer.is_empty() && !pair.text.subject.is_empty();
            let fits = pair.issuer.is_match(seen.issuer.as_bytes()) && seen.subjects.iter().any(named);
            fits && (anyone || is_named)
        };
        anyone && self.0.is_empty() || self.0.iter().any(matches)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What tells these from others.
    pub fn parts(&self) -> Vec<&str> {
        self.0.iter().flat_map(|pair| [pair.text.issuer.as_str(), pair.text.subject.as_str()]).collect()
    }

    pub fn shown(&self) -> String {
        let all = self.0.iter().map(|pair| format!("{} (issuer {})", pair.text.subject, pair.text.issuer));
        match all.collect::<Vec<_>>().as_slice() {
            [] => "anyone".to_owned(),
            some => some.join(", "),
        }
    }
}
