//! The real tool, as a process.

use crate::ours::{NAMESPACE, RELEASE};
use crate::outcome::Printed;
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Where `cargo xtask real` puts it.
pub fn helm() -> Option<PathBuf> {
    let tool = mainstay_harness::here!().join("../../target/real/helm");
    tool.exists().then_some(tool)
}

pub fn build(
    tool: &Path,
    chart: &Path,
    values: Option<&Path>,
    kube_version: Option<&str>,
) -> Result<Printed> {
    let mut more: Vec<&OsStr> = Vec::new();
    if let Some(values) = values {
        more.extend([OsStr::new("--values"), values.as_os_str()]);
    }
    if let Some(version) = kube_version {
        more.extend(["--kube-version", version].map(OsStr::new));
    }
    build_with(tool, chart, &more)
}

pub fn build_with(tool: &Path, chart: &Path, more: &[&OsStr]) -> Result<Printed> {
    let home = std::env::temp_dir().join("mainstay-charts-no-home");
    let mut command = Command::new(tool);
    command
        .args(["template", RELEASE])
        .arg(chart)
        .args(["--namespace", NAMESPACE, "--include-crds"])
        .args(more);
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME"] {
        command.env(variable, &home);
    }
    command.env_remove("KUBECONFIG").env("TZ", "UTC").stdin(Stdio::null());
    let started = Instant::now();
    let output = command.output().with_context(|| format!("cannot start {}", tool.display()))?;
    let took = started.elapsed();
    let result = if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = errors.lines().filter(|line| line.starts_with("Error:")).collect();
        Err(if last.is_empty() { errors.trim().to_owned() } else { last.join("\n") })
    };
    Ok(Printed { result, took })
}
