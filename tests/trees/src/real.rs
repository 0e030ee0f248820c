//! The real tool, as a process.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub struct Printed {
    /// What it printed, or why it did not.
    pub result: Result<String, String>,
    pub took: Duration,
}

/// Where `cargo xtask real` puts it.
pub fn kustomize() -> Option<PathBuf> {
    let tool = mainstay_harness::here!().join("../../target/real/kustomize");
    tool.exists().then_some(tool)
}

pub fn build(tool: &Path, folder: &Path, flags: &[String]) -> Result<Printed> {
    let started = Instant::now();
    let output = Command::new(tool)
        .arg("build")
        .arg(folder)
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", tool.display()))?;
    let took = started.elapsed();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return match String::from_utf8(output.stdout) {
            Ok(text) => Ok(Printed { result: Ok(text), took }),
            Err(_) => bail!("{} prints what is no text for {}", tool.display(), folder.display()),
        };
    }
    let complaint = |line: &&str| !line.starts_with('#') && !line.starts_with("Flag --");
    let lines: Vec<&str> = errors.lines().filter(complaint).collect();
    Ok(Printed { result: Err(lines.join("\n")), took })
}
