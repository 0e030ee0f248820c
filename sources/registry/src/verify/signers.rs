//! Who is trusted to sign a chart with cosign, and which of them has.

use super::identity::{Identities, Identity, Root};
use super::{Found, Keys, Signature, find};
use crate::RegistryError;
use crate::digest::Digest;
use mainstay_unit::{Content, OidcIdentity};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) enum Signers {
    /// One of these keys.
    Keys(Keys),
    /// Whoever has one of these names, as this root's authorities have it.
    Names(Identities, Arc<Root>),
}

/// The entry of a Secret that holds a trust root, as Flux reads it.
const ROOT: &str = "trusted_root.json";
/// Reasons that are told; the rest of them is counted.
const MOST_TOLD: usize = 5;

impl Signers {
    /// `secret` holds a trust root in the place of `root`, which stands in the place of the public one.
    pub fn names(
        what: &str,
        identities: &[OidcIdentity],
        secret: Option<&Content>,
        root: Option<&Arc<Root>>,
    ) -> Result<Self, RegistryError> {
        let fail = |why: String| RegistryError::unverified(what, &why);
        let root = match (secret, root) {
            (None, Some(root)) => Ok(root.clone()),
            (None, None) => Root::public().map_err(|why| fail(format!("the public trust root {why}"))),
            (Some(secret), _) => match secret.text(ROOT) {
                Err(why) => Err(fail(format!("the Secret of its trust root is not valid: {why}"))),
                Ok(None) => Err(fail(format!("the Secret of its trust root holds no {ROOT}"))),
                Ok(Some(text)) => Root::read(text).map(Arc::new).map_err(|why| fail(format!("{ROOT} {why}"))),
            },
        };
        Ok(Self::Names(Identities::read(identities).map_err(fail)?, root?))
    }

    /// What tells these from others, whatever they are called.
    pub fn parts(&self) -> Vec<&str> {
        match self {
            Self::Keys(keys) => keys.fingerprints(),
            Self::Names(identities, root) => {
                let mut parts = vec!["names", root.digest.text()];
                parts.extend(identities.parts());
                parts
            }
        }
    }

    /// Whether whoever was found before is among them, as [`Signers::prove`] has said it.
    pub fn include(&self, by: &str) -> bool {
        match self {
            Self::Keys(keys) => keys.fingerprints().contains(&by),
            Self::Names(identities, _) => {
                serde_json::from_str::<Identity>(by).is_ok_and(|identity| identities.admit(&identity, true))
            }
        }
    }

    /// Who of them has signed `digest`: for people, and to be remembered. The error is why nobody has.
    pub fn prove(&self, signatures: &[Signature], digest: &Digest) -> Result<(String, String), String> {
        match self {
            Self::Keys(keys) => by_key(signatures, keys, digest),
            Self::Names(identities, root) => by_name(signatures, identities, root, digest),
        }
    }
}

fn by_key(signatures: &[Signature], keys: &Keys, digest: &Digest) -> Result<(String, String), String> {
    let why = match find(signatures, keys, digest) {
        Found::By(key) => return Ok((key.shown(), key.fingerprint().to_owned())),
        Found::Another => "its signature is of another digest".to_owned(),
        Found::Strange if signatures.is_empty() => NOBODY.to_owned(),
        Found::Strange => {
            format!("none of its {} signatures is by a key that is trusted", signatures.len())
        }
    };
    Err(format!("{why}; tried were {}", keys.shown()))
}

const NOBODY: &str = "nobody has signed it with cosign";

fn by_name(
    signatures: &[Signature],
    identities: &Identities,
    root: &Root,
    digest: &Digest,
) -> Result<(String, String), String> {
    let mut whys = BTreeSet::new();
    for one in signatures {
        let why = match one.beside.prove(&one.signed, &one.signature, root, identities) {
            Ok(identity) if one.of.as_ref() == Some(digest) => {
                let kept = serde_json::to_string(&identity).map_err(|why| why.to_string())?;
                return Ok((identity.to_string(), kept));
            }
            Ok(identity) => format!("of {identity}: it is a signature of another digest, or an attestation"),
            Err(refused) => refused.to_string(),
        };
        whys.insert(why);
    }
    let wanted = identities.shown();
    if whys.is_empty() {
        return Err(format!("{NOBODY}; trusted is {wanted}"));
    }
    let mut told: Vec<String> = whys.iter().take(MOST_TOLD).cloned().collect();
    if whys.len() > MOST_TOLD {
        told.push(format!("and {} more reasons", whys.len() - MOST_TOLD));
    }
    let count = signatures.len();
    Err(format!("none of its {count} signatures counts ({}); trusted is {wanted}", told.join("; ")))
}
