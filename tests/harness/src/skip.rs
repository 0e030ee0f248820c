//! Tests that need something which may be absent say so aloud, and fail where it must be present.

use std::io::Write as _;
use std::path::PathBuf;

use crate::server::RealServer;
use crate::tools::{Tools, tools};

/// What a machine may lack. `MAINSTAY_REQUIRE` is a comma list of these words: `real,corpora,browser,cosign`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    Real,
    Corpora,
    Browser,
    /// A tool that takes long to build, and is built when it is named: `cargo xtask real cosign`.
    Cosign,
}

/// The real server of this test binary, started by the first test that asks.
///
/// # Panics
/// If the tools are there and the server does not start, or `MAINSTAY_REQUIRE` names `real`.
pub fn real_or_skip(test: &str) -> Option<&'static RealServer> {
    tools_or_skip(test)?;
    Some(RealServer::shared())
}

/// The real tools, for a test that needs no running server.
///
/// # Panics
/// If they are absent and `MAINSTAY_REQUIRE` names `real`.
pub fn tools_or_skip(test: &str) -> Option<&'static Tools> {
    let found = tools();
    if found.is_none() {
        skip(Requirement::Real, test, "no etcd, kube-apiserver and kubectl: run `cargo xtask real`");
    }
    found
}

/// The real cosign.
///
/// # Panics
/// If it is absent and `MAINSTAY_REQUIRE` names `cosign`.
pub fn cosign_or_skip(test: &str) -> Option<PathBuf> {
    let found = crate::tools::optional("cosign");
    if found.is_none() {
        skip(Requirement::Cosign, test, "no cosign: run `cargo xtask real cosign`");
    }
    found
}

/// The folder of public repositories that Mainstay is tried on, from `MAINSTAY_CORPORA`.
///
/// # Panics
/// If it is absent and `MAINSTAY_REQUIRE` names `corpora`.
pub fn corpora_or_skip(test: &str) -> Option<PathBuf> {
    let found = std::env::var_os("MAINSTAY_CORPORA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if found.is_none() {
        skip(Requirement::Corpora, test, "MAINSTAY_CORPORA names no folder");
    }
    found
}

/// Reports that `test` does not run; the caller then returns.
///
/// # Panics
/// If `MAINSTAY_REQUIRE` names what is missing.
pub fn skip(missing: Requirement, test: &str, why: &str) {
    let required = std::env::var("MAINSTAY_REQUIRE").unwrap_or_default();
    assert!(!names(&required, missing), "{test} must run, MAINSTAY_REQUIRE={required}: {why}");
    // Not `eprintln`: the test runner swallows that for tests that pass. A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

fn names(required: &str, missing: Requirement) -> bool {
    let word = match missing {
        Requirement::Real => "real",
        Requirement::Corpora => "corpora",
        Requirement::Browser => "browser",
        Requirement::Cosign => "cosign",
    };
    required.split(',').any(|entry| entry.trim() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_words_are_whole_and_separated_by_commas() {
        assert!(names("corpora, real", Requirement::Real));
        assert!(!names("realistic", Requirement::Real));
        assert!(!names("", Requirement::Browser));
    }
}
