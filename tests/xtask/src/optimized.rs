//! Chores that are programs of their own, because they link what no other chore needs: built optimized, then run.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace;

/// Runs a package's program.
pub fn run(package: &str, options: &[&str], complaint: &str) -> Result<()> {
    let program = build(package)?;
    let status = Command::new(&program)
        .args(options)
        .current_dir(workspace::root())
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(status.success(), "{complaint}");
    Ok(())
}

/// Built as a part of the workspace, so that it shares what its release was built from.
pub fn build(package: &str) -> Result<PathBuf> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--locked", "--workspace", "--bin", package])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace::root())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(built.status.success(), "{package} does not build");
    program(&built.stdout, package).with_context(|| format!("cargo built no {package}"))
}

/// Where Cargo's messages say that it put the program.
fn program(messages: &[u8], name: &str) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok()).find_map(|message| {
        let here = message.pointer("/target/name").and_then(Value::as_str) == Some(name);
        let path = message.get("executable").and_then(Value::as_str).filter(|_| here)?;
        Some(PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"a"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"b"},"executable":"/t/b"}"#,
            "\n",
        );
        assert_eq!(program(messages.as_bytes(), "b"), Some(PathBuf::from("/t/b")));
        assert_eq!(program(messages.as_bytes(), "a"), None);
    }
}
