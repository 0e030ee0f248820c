//! Registries as they are and as they should not be.
mod agree;
mod artifacts;
mod cosign;
mod files;
mod hostile;
mod http;
mod index;
mod keeping;
mod keyless;
mod oci;
mod proven;
mod real;
mod registry;
mod server;
mod verified;

use crate::{Charts, Options, RegistryError};
use flate2::Compression;
use flate2::write::GzEncoder;
use mainstay_unit::{ChartArchive, ChartCredentials, ChartRequest, ChartVersion, Content, Registry};
use server::told;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Charts that ask anew each time, and the folder that they are kept in.
fn charts() -> (Charts, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (opened(&folder, Duration::ZERO), folder)
}

fn opened(folder: &TempDir, fresh: Duration) -> Charts {
    Charts::open(&folder.path().join("charts"), Options { fresh, ..Options::default() }).unwrap()
}

fn http(url: &str, chart: &str, range: &str) -> ChartRequest {
    ChartRequest {
        registry: Registry::Http,
        url: url.into(),
        chart: chart.into(),
        version: ChartVersion::Range { range: range.into(), filter: None },
        secret: None,
        certificates: None,
        pass_credentials: false,
        insecure: false,
        timeout: Duration::from_secs(5),
        verify: None,
    }
}

fn oci(url: &str, chart: &str, version: ChartVersion) -> ChartRequest {
    ChartRequest { registry: Registry::Oci, insecure: true, version, ..http(url, chart, "") }
}

fn range(range: &str) -> ChartVersion {
    ChartVersion::Range { range: range.into(), filter: None }
}

fn get(charts: &Charts, request: &ChartRequest) -> Result<Arc<ChartArchive>, String> {
    charts.chart(request, ChartCredentials::default()).map_err(|error| told(&error))
}

/// With `user` and `hunter2`.
fn get_as_user(charts: &Charts, request: &ChartRequest) -> Result<Arc<ChartArchive>, RegistryError> {
    let secret = secret(&[("username", "user"), ("password", "hunter2")]);
    charts.chart(request, ChartCredentials { secret: Some(&secret), ..ChartCredentials::default() })
}

fn secret(entries: &[(&str, &str)]) -> Content {
    entries.iter().copied().collect()
}

/// An archive of a chart.
pub(crate) fn tgz(name: &str, version: &str) -> Vec<u8> {
    let own = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let template = "kind: ConfigMap\nmetadata: {name: a}\n";
    packed(&[(&format!("{name}/Chart.yaml"), &own), (&format!("{name}/templates/a.yaml"), template)])
}

fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, text) in files {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(text.as_bytes());
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&tar).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    crate::digest::Digest::of(bytes).text().to_owned()
}

/// An index of a chart's versions, each at `<name>-<version>.tgz`, with digests.
fn index(name: &str, versions: &[&str]) -> String {
    let mut out = format!("apiVersion: v1\nentries:\n  {name}:\n");
    for version in versions {
        let digest = digest(&tgz(name, version));
        let digits = digest.trim_start_matches("sha256:");
        out.push_str(&format!(
            "  - apiVersion: v2\n    name: {name}\n    version: {version}\n    created: \"2024-01-02T03:04:05Z\"\n    \
             digest: {digits}\n    urls:\n    - {name}-{version}.tgz\n"
        ));
    }
    out
}
