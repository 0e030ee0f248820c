//! What SOPS notes down about a document: who can open it, what is encrypted, and the MAC.

use crate::rule::Rule;
use crate::stanza::Stanza;
use crate::tree::{Branch, Entry, Item, Value, member};
use crate::{Limits, SopsError};

pub(crate) struct Metadata {
    /// The stanzas of each key group. Of one group any stanza opens the data key, of several each opens a share.
    pub(crate) groups: Vec<Vec<Stanza>>,
    /// How many shares are needed; 0 where it is not stated.
    pub(crate) threshold: usize,
    pub(crate) rule: Rule,
    /// The MAC covers encrypted values alone.
    pub(crate) mac_only_encrypted: bool,
    pub(crate) mac: String,
    /// As the MAC is bound to it.
    pub(crate) last_modified: String,
}

impl Metadata {
    /// Takes the metadata out of a document's branches: that of the first counts.
    pub(crate) fn extract(branches: &mut [Branch], limits: &Limits) -> Result<Self, SopsError> {
        let mut found = None;
        for (at, branch) in branches.iter_mut().enumerate() {
            let is_metadata = |entry: &Entry| matches!(entry, Entry::Member(key, _) if key == "sops");
            if at == 0 && branch.iter().filter(|entry| is_metadata(entry)).count() > 1 {
                return Err(SopsError::TwoMetadata);
            }
            if at == 0 {
                found = member(branch, "sops").cloned();
            }
            branch.retain(|entry| !is_metadata(entry));
        }
        match found {
            Some(Value::Map(branch)) => Self::read(&branch, limits),
            Some(_) => Err(SopsError::Metadata("sops".to_owned(), "is not a map")),
            None => Err(SopsError::NotEncrypted),
        }
    }

    pub(crate) fn read(branch: &Branch, limits: &Limits) -> Result<Self, SopsError> {
        let own = group(branch)?;
        let groups = match items(branch, "key_groups")? {
            _ if !own.is_empty() => vec![own],
            groups => groups.into_iter().map(group).collect::<Result<_, _>>()?,
        };
        if groups.is_empty() {
            return Err(SopsError::Metadata("sops".to_owned(), "names no key"));
        }
        let last_modified = text(branch, "lastmodified")?;
        Ok(Self {
            groups,
            threshold: number(branch, "shamir_threshold")?,
            rule: rule(branch, limits)?,
            mac_only_encrypted: flag(branch, "mac_only_encrypted")?,
            mac: text(branch, "mac")?,
            last_modified: second(&last_modified)
                .ok_or_else(|| SopsError::Metadata("lastmodified".to_owned(), "is not a point in time"))?,
        })
    }
}

fn rule(branch: &Branch, limits: &Limits) -> Result<Rule, SopsError> {
    let mut rules = Vec::new();
    let mut add = |field: &'static str, make: &dyn Fn(String) -> Result<Rule, SopsError>| {
        let stated = text(branch, field)?;
        if !stated.is_empty() {
            rules.push(make(stated)?);
        }
        Ok(())
    };
    let compile = |text: String, field| Rule::compile(&text, field, limits);
    add("unencrypted_suffix", &|s| Ok(Rule::UnencryptedSuffix(s)))?;
    add("encrypted_suffix", &|s| Ok(Rule::EncryptedSuffix(s)))?;
    add("unencrypted_regex", &|s| compile(s, "unencrypted_regex").map(Rule::UnencryptedRegex))?;
    add("encrypted_regex", &|s| compile(s, "encrypted_regex").map(Rule::EncryptedRegex))?;
    add("unencrypted_comment_regex", &|s| {
        compile(s, "unencrypted_comment_regex").map(Rule::UnencryptedCommentRegex)
    })?;
    add("encrypted_comment_regex", &|s| {
        compile(s, "encrypted_comment_regex").map(Rule::EncryptedCommentRegex)
    })?;
    match rules.len() {
        0 => Ok(Rule::unstated()),
        1 => Ok(rules.remove(0)),
        many => Err(SopsError::Rules(many)),
    }
}

fn group(branch: &Branch) -> Result<Vec<Stanza>, SopsError> {
    let mut stanzas = Vec::new();
    for (field, make) in KINDS {
        for item in items(branch, field)? {
            stanzas.push(make(item)?);
        }
    }
    Ok(stanzas)
}

type Make = fn(&Branch) -> Result<Stanza, SopsError>;

const KINDS: [(&str, Make); 7] = [
    ("age", |b| Ok(Stanza::Age { recipient: text(b, "recipient")?, encrypted: text(b, "enc")? })),
    ("pgp", |b| Ok(Stanza::Pgp { fingerprint: text(b, "fp")?, encrypted: text(b, "enc")? })),
    ("kms", |b| Ok(Stanza::AwsKms { arn: text(b, "arn")?, encrypted: text(b, "enc")? })),
    ("gcp_kms", |b| Ok(Stanza::GcpKms { resource: text(b, "resource_id")?, encrypted: text(b, "enc")? })),
    ("azure_kv", |b| {
        Ok(Stanza::AzureKeyVault {
            url: text(b, "vault_url")?,
            name: text(b, "name")?,
            version: text(b, "version")?,
            encrypted: text(b, "enc")?,
        })
    }),
    ("hckms", |b| Ok(Stanza::HuaweiKms { key: text(b, "key_id")?, encrypted: text(b, "enc")? })),
    ("hc_vault", |b| {
        Ok(Stanza::Vault {
            address: text(b, "vault_address")?,
            engine: text(b, "engine_path")?,
            key: text(b, "key_name")?,
            encrypted: text(b, "enc")?,
        })
    }),
];

/// The maps of a list; none where it is absent.
fn items<'a>(branch: &'a Branch, field: &str) -> Result<Vec<&'a Branch>, SopsError> {
    let wrong = |why| Err(SopsError::Metadata(field.to_owned(), why));
    let list = match member(branch, field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::List(list)) => list,
        Some(_) => return wrong("is not a list"),
    };
    let mut found = Vec::new();
    for item in list {
        match item {
            Item::Comment(_) => {}
            Item::Value(Value::Map(branch)) => found.push(branch),
            Item::Value(_) => return wrong("holds something that is not a map"),
        }
    }
    Ok(found)
}

fn text(branch: &Branch, field: &str) -> Result<String, SopsError> {
    let wrong = || SopsError::Metadata(field.to_owned(), "is not text");
    match member(branch, field) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::Text(text)) => text.text().map(str::to_owned).ok_or_else(wrong),
        Some(Value::Time(time)) => Ok(time.clone()),
        Some(Value::Int(n)) => Ok(n.to_string()),
        Some(_) => Err(wrong()),
    }
}

/// In a dotenv file everything is text.
fn number(branch: &Branch, field: &str) -> Result<usize, SopsError> {
    let wrong = || SopsError::Metadata(field.to_owned(), "is not a number");
    match text(branch, field)?.as_str() {
        "" => Ok(0),
        digits => digits.parse().map_err(|_| wrong()),
    }
}

fn flag(branch: &Branch, field: &str) -> Result<bool, SopsError> {
    if let Some(Value::Bool(value)) = member(branch, field) {
        return Ok(*value);
    }
    match text(branch, field)?.as_str() {
        "true" | "True" | "1" => Ok(true),
        "" | "false" | "False" | "0" => Ok(false),
        _ => Err(SopsError::Metadata(field.to_owned(), "is neither true nor false")),
    }
}

/// A point in time to the second, as RFC 3339; UTC is `Z`.
fn second(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    if bytes.len() <= shape.len() || !text.is_ascii() || !bytes.iter().zip(shape).all(fits) {
        return None;
    }
    let (time, rest) = text.split_at(shape.len());
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    match zone {
        "Z" | "+00:00" => Some(format!("{time}Z")),
        _ if zone.len() == 6 && zone.starts_with(['+', '-']) && &zone[3..4] == ":" => {
            Some(format!("{time}{zone}"))
        }
        _ => None,
    }
}
