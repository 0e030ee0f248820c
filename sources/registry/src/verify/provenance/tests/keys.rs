//! What keys of OpenPGP sign for Helm.
pub use mainstay_harness::openpgp::{DAY, Key, NOON, lifetime, message, signs};

/// What Helm signs of a chart.
pub fn text(name: &str, version: &str, file: &str, digest: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: {version}\n\n...\nfiles:\n  {file}: {digest}\n")
}

/// The provenance of an archive, signed a day after the key was made.
pub fn provenance(key: &Key, name: &str, version: &str, archive: &[u8]) -> String {
    let digest = crate::digest::Digest::of(archive);
    let text = text(name, version, &format!("{name}-{version}.tgz"), digest.text());
    message(&text, vec![key.sign(&text, NOON + DAY, Vec::new())])
}
