//! A chart rendered in this process.

use crate::outcome::Printed;
use anyhow::Result;
use mainstay_helm::{Capabilities, Limits, Release, RenderError, Rendered, Request, Values, print, render};
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
    Ok(build_with(files, &values_of(values)?, kube_version))
}

/// Those of a file, or none.
pub fn values_of(file: Option<&Path>) -> Result<Values> {
    let Some(path) = file else { return Ok(Values::default()) };
    let bytes = std::fs::read(path)?;
    let loaded = mainstay_yaml::load_last_wins("values", &bytes, &mainstay_yaml::Limits::default());
    let first = loaded.documents.into_iter().next().map(|document| document.root.into_json());
    Ok(Values::read(first.unwrap_or_default())?)
}

pub fn build_with(files: &BTreeMap<String, Vec<u8>>, values: &Values, kube_version: Option<&str>) -> Printed {
    let started = Instant::now();
    let result = rendered(files, values, kube_version).map(|rendered| print(&rendered, true));
    let limited = result.as_ref().is_err_and(RenderError::is_limit);
    Printed { result: result.map_err(|error| error.to_string()), limited, took: started.elapsed() }
}

pub fn rendered(
    files: &BTreeMap<String, Vec<u8>>,
    values: &Values,
    kube_version: Option<&str>,
) -> Result<Rendered, RenderError> {
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
        short_keys: false,
        limits: Limits::default(),
    };
    render(&request)
}
