//! An index in JSON, read without a tree: what is not needed is never in memory.
use super::read::Raw;
use super::{Index, Version};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// `None` without an apiVersion; an error where it is no JSON, or JSON of another shape.
pub(super) fn index(bytes: &[u8]) -> serde_json::Result<Option<Index>> {
    let file: File = serde_json::from_slice(bytes)?;
    let charts = file.entries.unwrap_or_default().into_iter().map(|(name, versions)| (name, versions.0));
    let index = Index { charts: charts.collect() };
    Ok(file.api_version.filter(|version| !version.is_empty()).map(|_| index))
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    entries: Option<BTreeMap<String, Versions>>,
}

/// Those of a chart that count.
struct Versions(Vec<Version>);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    name: Text,
    #[serde(rename = "type")]
    kind: Text,
    version: Text,
    urls: First,
    digest: Text,
    created: Text,
}

/// Text, or empty for anything else.
#[derive(Default)]
struct Text(String);

/// The first text of a list.
#[derive(Default)]
struct First(String);

impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Versions;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of versions")
            }
            fn visit_unit<E>(self) -> Result<Versions, E> {
                Ok(Versions(Vec::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Versions, A::Error> {
                let mut found = Vec::new();
                while let Some(entry) = items.next_element::<Option<Entry>>()? {
                    let Some(Entry { name, kind, version, urls, digest, created }) = entry else { continue };
                    let raw = Raw {
                        name: &name.0,
                        kind: &kind.0,
                        version: &version.0,
                        url: &urls.0,
                        digest: &digest.0,
                        created: &created.0,
                    };
                    found.extend(raw.version());
                }
                Ok(Versions(found))
            }
        }
        from.deserialize_any(Each)
    }
}

/// Reads past everything but texts, which `text` takes.
struct Reader<const LIST: bool>;

impl<'de, const LIST: bool> Visitor<'de> for Reader<LIST> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(if LIST { String::new() } else { text.to_owned() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<String, A::Error> {
        let first = if LIST { items.next_element::<Text>()? } else { None };
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.unwrap_or_default().0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<String, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<String, E> {
        Ok(String::new())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader::<false>).map(Self)
    }
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader::<true>).map(Self)
    }
}
