//! The text that is signed: a chart's metadata, `...`, and the digests of files, both YAML.

use crate::metadata::Metadata;
use mainstay_yaml::{Limits, Node};
use std::collections::BTreeMap;

pub(super) struct Sums {
    /// `sha256:...` by the names of files.
    pub files: BTreeMap<String, String>,
    pub metadata: Metadata,
}

/// The error says what the text is or has.
pub(super) fn parse(text: &str) -> Result<Sums, String> {
    let text = text.replace("\r\n", "\n");
    let parts: Vec<&str> = text.split("\n...\n").collect();
    let [metadata, sums] = parts.as_slice() else {
        return Err("has not the two parts that Helm writes, metadata and digests".to_owned());
    };
    let metadata = yaml(metadata).and_then(|root| Metadata::read(&root));
    let metadata = metadata.ok_or_else(|| "has no metadata with a name and a version".to_owned())?;
    let files = yaml(sums).and_then(|root| files(&root));
    let files = files.ok_or_else(|| "has no list of files with their digests".to_owned())?;
    Ok(Sums { files, metadata })
}

/// One document, in which no key is set twice.
fn yaml(text: &str) -> Option<Node> {
    let loaded = mainstay_yaml::load("provenance", text.as_bytes(), &Limits::default());
    let [document] = <[_; 1]>::try_from(loaded.documents).ok()?;
    loaded.complete.then_some(document.root)
}

fn files(root: &Node) -> Option<BTreeMap<String, String>> {
    let text = |node: &Node| node.as_str().map(str::to_owned);
    let entries = root.get("files")?.as_mapping()?.iter();
    entries.map(|(name, digest)| Some((name.text.clone(), text(digest)?))).collect()
}
