//! The habits of this repository as tests.
//!
//! Nothing here compiles or runs Mainstay: the rules read `cargo metadata`, ARCHITECTURE.md and the files as text.
//! No rule has a switch to turn it off; the few exceptions are listed beside their rule, each with its reason.

mod clock;
mod edges;
mod features;
mod files;
mod modules;
mod naming;
mod purity;
mod source;
mod table;
mod words;
mod workspace;

/// Fails with everything that was found, so that one run shows all of it.
fn expect_none(rule: &str, mend: &str, mut found: Vec<String>) {
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "\n{rule}:\n  {}\nto mend: {mend}\n", found.join("\n  "));
}
