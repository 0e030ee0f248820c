//! Our own charts, each with what the real helm prints for it: `expected.yaml`, or nothing if it refuses.

use crate::find::{self, Found};
use crate::real;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

pub fn all() -> Result<Vec<Found>> {
    let mut found = find::find(&mainstay_harness::here!().join("cases"))?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Where the result of a chart with a file of values is kept: beside the chart, so that no template sees it.
pub fn golden(chart: &Found, values: Option<&Path>) -> PathBuf {
    let stem = values.and_then(Path::file_stem).map(|stem| format!(".{}", stem.to_string_lossy()));
    let folder = mainstay_harness::here!().join("goldens");
    folder.join(format!("{}{}.yaml", chart.name, stem.unwrap_or_default()))
}

/// Writes every golden anew.
pub fn record() -> Result<()> {
    let tool = real::helm().context("target/real/helm is not built: cargo xtask real")?;
    for chart in all()? {
        for values in &chart.values {
            let path = golden(&chart, values.as_deref());
            match real::build(&tool, &chart.folder, values.as_deref(), None)?.result {
                Ok(text) => std::fs::write(&path, text)?,
                Err(_) if path.exists() => std::fs::remove_file(&path)?,
                Err(_) => {}
            }
        }
    }
    Ok(())
}
