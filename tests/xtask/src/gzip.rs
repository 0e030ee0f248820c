//! Gzip whose output depends on the input alone: no time stamp and no file name in the header.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use serde_json::Value;

/// Writes `document` as compact JSON with sorted keys, compressed; returns its size in bytes (plain, packed).
pub fn write_json(path: &Path, document: &Value) -> Result<(usize, usize)> {
    let plain = serde_json::to_vec(document)?;
    let packed = pack(&plain)?;
    std::fs::write(path, &packed).with_context(|| format!("cannot write {}", path.display()))?;
    Ok((plain.len(), packed.len()))
}

fn pack(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}
