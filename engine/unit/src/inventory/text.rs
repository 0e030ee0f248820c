//! An entry as a line: what an API server stores of a unit is written at every apply, and a line costs it a tenth of what
//! an object with eight fields does.
//!
//! `apps/v1 Deployment web/nginx uid=… sent=… owned=… intended=…,… recovered hook`: version, kind and place, then what is known.

use super::InventoryEntry;
use mainstay_object::{Digest, ObjectKey};
use std::fmt::{self, Write};
use std::str::FromStr;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not an entry of an inventory")]
pub struct NotAnEntry(String);

impl fmt::Display for InventoryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.group().is_empty() {
            escaped(f, self.key.group())?;
            f.write_char('/')?;
        }
        escaped(f, &self.version)?;
        f.write_char(' ')?;
        escaped(f, self.key.kind())?;
        f.write_char(' ')?;
        if self.key.is_namespaced() {
            escaped(f, self.key.namespace())?;
            f.write_char('/')?;
        }
        escaped(f, self.key.name())?;
        if !self.uid.is_empty() {
            f.write_str(" uid=")?;
            escaped(f, &self.uid)?;
        }
        if let Some(digest) = &self.desired {
            write!(f, " sent={digest}")?;
        }
        if let Some(digest) = &self.owned {
            write!(f, " owned={digest}")?;
        }
        for (index, digest) in self.intended.iter().enumerate() {
            f.write_str(if index == 0 { " intended=" } else { "," })?;
            write!(f, "{digest}")?;
        }
        if self.recovered {
            f.write_str(" recovered")?;
        }
        if self.hook {
            f.write_str(" hook")?;
        }
        Ok(())
    }
}

/// Some names may hold spaces, and what is rendered may hold anything until a server has refused it.
fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            ' ' => f.write_str("%20")?,
            '%' => f.write_str("%25")?,
            '/' => f.write_str("%2F")?,
            other => f.write_char(other)?,
        }
    }
    Ok(())
}

fn plain(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    // `%25` last: what it stands for begins no other.
    text.replace("%20", " ").replace("%2F", "/").replace("%25", "%")
}

impl FromStr for InventoryEntry {
    type Err = NotAnEntry;

    fn from_str(line: &str) -> Result<Self, NotAnEntry> {
        parse(line).ok_or_else(|| NotAnEntry(line.chars().take(200).collect()))
    }
}

fn parse(line: &str) -> Option<InventoryEntry> {
    let mut words = line.split(' ');
    let (first, kind, place) = (words.next()?, words.next()?, words.next()?);
    let (group, version) = first.split_once('/').unwrap_or(("", first));
    let (namespace, name) = place.split_once('/').unwrap_or(("", place));
    let key = ObjectKey::new(plain(group), plain(kind), plain(namespace), plain(name));
    let mut entry = InventoryEntry::new(key, plain(version));
    for word in words {
        match word.split_once('=') {
            Some(("uid", uid)) => entry.uid = plain(uid),
            Some(("sent", digest)) => entry.desired = Some(Digest::of_hex(digest)?),
            Some(("owned", digest)) => entry.owned = Some(Digest::of_hex(digest)?),
            Some(("intended", digests)) => {
                entry.intended = digests.split(',').map(Digest::of_hex).collect::<Option<_>>()?;
            }
            None if word == "recovered" => entry.recovered = true,
            None if word == "hook" => entry.hook = true,
            Some(_) | None => return None,
        }
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest() -> impl Strategy<Value = Digest> {
        any::<[u8; 32]>().prop_map(Digest)
    }

    /// Whatever a document may hold, and what is close to the form's own signs.
    fn word() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[a-z %/=,.2F05]{0,12}"]
    }

    prop_compose! {
        fn entry()(
            parts in (word(), word(), word(), word(), word(), word()),
            desired in proptest::option::of(digest()),
            owned in proptest::option::of(digest()),
            intended in proptest::collection::vec(digest(), 0..4),
            recovered: bool,
            hook: bool,
        ) -> InventoryEntry {
            let (group, kind, namespace, name, version, uid) = parts;
            let key = ObjectKey::new(group, kind, namespace, name);
            InventoryEntry { key, version, uid, desired, owned, intended, recovered, hook }
        }
    }

    proptest! {
        #[test]
        fn a_line_says_everything_of_an_entry(entry in entry()) {
            prop_assert_eq!(entry.to_string().parse(), Ok(entry));
        }
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for line in ["", "v1", "v1 ConfigMap", "v1 ConfigMap n/a uid=1 other", "v1 ConfigMap n/a sent=12"] {
            assert!(line.parse::<InventoryEntry>().is_err(), "{line:?}");
        }
    }
}
