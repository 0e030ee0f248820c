//! `cargo xtask differential`: builds and runs `tests/differential`, optimized. It is a crate of its own because it
//! links the embedded control plane, which no other chore needs.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

pub fn run(options: &[&str]) -> Result<()> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "--locked", "--package", "mainstay-differential", "--"])
        .args(options)
        .current_dir(workspace::root())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the servers differ, or could not be compared");
    Ok(())
}
