use super::json;
use super::{Index, Version};
use mainstay_package::Version as Semver;
use mainstay_yaml::{Limits, Node, load};

/// Twice the largest public index, which has 20 MiB and half a million nodes.
const LIMITS: Limits = Limits {
    bytes: crate::charts::MOST_INDEX as usize,
    depth: 32,
    aliases: 1000,
    nodes: 2_000_000,
    documents: 1,
};

pub(super) fn index(bytes: &[u8]) -> Result<Index, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Err("it is empty".into());
    }
    // As Helm: what is valid JSON is read as JSON, everything else as YAML.
    if text.starts_with(b"{")
        && let Ok(read) = json::index(text)
    {
        return read.ok_or_else(|| "it has no apiVersion".into());
    }
    let loaded = load("index.yaml", bytes, &LIMITS);
    if let Some(problem) = loaded.diagnostics.errors().next() {
        let span = problem.location.as_ref().and_then(|location| location.span);
        let line = span.map_or(0, |span| span.start.line);
        // Where, but nothing of what stands there.
        return Err(format!("line {line}: {}", problem.code.title));
    }
    let document = loaded.documents.first().ok_or("it holds no document")?;
    yaml(&document.root)
}

fn yaml(root: &Node) -> Result<Index, String> {
    if root.as_mapping().is_none() {
        return Err("it is no map".into());
    }
    if root.get("apiVersion").and_then(Node::as_str).is_none_or(str::is_empty) {
        return Err("it has no apiVersion".into());
    }
    let mut index = Index::default();
    let Some(entries) = root.get("entries").filter(|entries| !entries.is_null()) else { return Ok(index) };
    for (key, versions) in entries.as_mapping().ok_or("its entries are no map")? {
        let versions = versions.as_sequence().unwrap_or_default();
        let read = versions.iter().filter_map(|entry| {
            let text = |key: &str| entry.get(key).and_then(Node::as_str).unwrap_or_default();
            let url = entry.get("urls").and_then(Node::as_sequence)?.first()?.as_str()?;
            let raw = Raw {
                name: text("name"),
                kind: text("type"),
                version: text("version"),
                url,
                digest: text("digest"),
                created: text("created"),
            };
            raw.version()
        });
        index.charts.insert(key.text.clone(), read.collect());
    }
    Ok(index)
}

/// An entry, absent fields empty.
#[derive(Default)]
pub(super) struct Raw<'a> {
    pub name: &'a str,
    pub kind: &'a str,
    pub version: &'a str,
    pub url: &'a str,
    pub digest: &'a str,
    pub created: &'a str,
}

impl Raw<'_> {
    /// None for what Helm's `loadIndex` passes over, and for what can't be fetched.
    pub fn version(&self) -> Option<Version> {
        let is_named = !matches!(self.name, "" | "." | "..") && !self.name.contains(['/', '\\']);
        let is_kind = matches!(self.kind, "" | "application" | "library");
        if !is_named || !is_kind || self.url.is_empty() || Semver::parse(self.version).is_err() {
            return None;
        }
        let created = self.created.parse::<jiff::Timestamp>().map_or(0, |time| time.as_millisecond());
        let [version, url, digest] = [self.version, self.url, self.digest].map(str::to_owned);
        Some(Version { version, url, digest, created })
    }
}
