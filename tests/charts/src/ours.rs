//! A chart rendered in this process.

use crate::outcome::Printed;
use anyhow::Result;
use mainstay_helm::{Capabilities, Limits, Release, Request, Values, print, render};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// What both sides call the release and its namespace.
pub const RELEASE: &str = "release-name";
pub const NAMESPACE: &str = "default";

pub fn build(
    files: &BTreeMap<String, Vec<u8>>,
    values: Option<&Path>,
    kube_version: Option<&str>,
) -> Result<Printed> {
    let values = match values {
        None => Values::default(),
        Some(path) => {
            let bytes = std::fs::read(path)?;
            let loaded = mainstay_yaml::load_last_wins("values", &bytes, &mainstay_yaml::Limits::default());
            let first = loaded.documents.into_iter().next().map(|document| document.root.into_json());
            Values::read(first.unwrap_or_default())?
        }
    };
    Ok(build_with(files, &values, kube_version))
}

pub fn build_with(files: &BTreeMap<String, Vec<u8>>, values: &Values, kube_version: Option<&str>) -> Printed {
    let release =
        Release { name: RELEASE.into(), namespace: NAMESPACE.into(), revision: 1, is_upgrade: false };
    let mut capabilities = Capabilities::default();
    if let Some(version) = kube_version.and_then(Capabilities::parse_kube_version) {
        capabilities.kube_version = version;
    }
    let request = Request {
        files,
        values,
        release: &release,
        capabilities: &capabilities,
        lookup: None,
        now: 1_700_000_000,
        seed: b"",
        limits: Limits::default(),
    };
    let started = Instant::now();
    let result = render(&request).map(|rendered| print(&rendered, true)).map_err(|error| error.to_string());
    Printed { result, took: started.elapsed() }
}
