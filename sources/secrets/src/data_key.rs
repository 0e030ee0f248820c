//! The data key: of each group of holders one opens its share, an age identity first.

use crate::cipher::Cipher;
use crate::metadata::Metadata;
use crate::shamir;
use crate::stanza::{KeySource, Part, Stanza};
use crate::{Limits, SopsError};

/// An error lists no more stanzas than help.
const MOST_SHOWN: usize = 8;

pub(crate) fn open(metadata: &Metadata, keys: &dyn KeySource, limits: &Limits) -> Result<Cipher, SopsError> {
    let stanzas = || metadata.groups.iter().flatten();
    if stanzas().count() > limits.stanzas {
        return Err(SopsError::Limit("keys"));
    }
    if stanzas().any(|stanza| stanza.encrypted().len() > limits.stanza_bytes) {
        return Err(SopsError::Limit("bytes in an encrypted data key"));
    }
    let mut parts = Vec::new();
    let mut refusals = Vec::new();
    for group in &metadata.groups {
        parts.extend(open_one(group, keys, &mut refusals));
    }
    let needed = metadata.threshold.min(metadata.groups.len());
    let key = match metadata.groups.len() {
        1 => parts.pop(),
        _ if parts.len() < needed => None,
        // Where no threshold is stated SOPS splits so that every group is needed.
        _ if needed == 0 && parts.len() < metadata.groups.len() => None,
        _ => shamir::combine(&parts),
    };
    let key = key.ok_or_else(|| SopsError::DataKey(explain(metadata, parts.len(), &refusals)))?;
    Cipher::new(key.bytes()).ok_or(SopsError::DataKeyLength(key.bytes().len()))
}

fn open_one(group: &[Stanza], keys: &dyn KeySource, refusals: &mut Vec<String>) -> Option<Part> {
    let (age, other): (Vec<_>, Vec<_>) =
        group.iter().partition(|stanza| matches!(stanza, Stanza::Age { .. }));
    for stanza in age.into_iter().chain(other) {
        match keys.open(stanza) {
            Ok(part) => return Some(part),
            Err(refused) => refusals.push(format!("{stanza}: {refused}")),
        }
    }
    None
}

fn explain(metadata: &Metadata, opened: usize, refusals: &[String]) -> String {
    let mut text = refusals[..refusals.len().min(MOST_SHOWN)].join("; ");
    if refusals.len() > MOST_SHOWN {
        text.push_str(&format!("; and {} more", refusals.len() - MOST_SHOWN));
    }
    if metadata.groups.len() > 1 {
        let groups = metadata.groups.len();
        let needed = if metadata.threshold == 0 { groups } else { metadata.threshold };
        let shares = format!("{opened} of {groups} key groups opened, {needed} needed");
        text = if text.is_empty() { shares } else { format!("{shares}: {text}") };
    }
    text
}
