//! Names that may be written only in certain places.

use crate::expect_none;
use crate::source::{Source, is_test, line};
use crate::workspace::{files, rust_files, text};

const FLUX: &str = "fluxcd.io";

/// Who may name Flux's API groups: the dialect, the table of kinds whose health is known, and tests.
const NAMES_FLUX: [&str; 4] = [
    "sources/flux/",
    "engine/health/",
    // The one exception: annotations by which users of Flux say how an object is applied and whether it is deleted.
    "engine/unit/src/policy.rs",
    "tests/",
];

#[test]
fn flux_api_groups_are_named_only_in_the_dialect_and_in_health_tables() {
    let mut found = Vec::new();
    let elsewhere = |path: &&str| !is_test(path) && !NAMES_FLUX.iter().any(|place| path.starts_with(place));
    for path in rust_files().filter(elsewhere) {
        let text = Source::new(&text(path).unwrap()).without_tests().text;
        found.extend(text.match_indices(FLUX).map(|(at, _)| format!("{path}:{}: `{FLUX}`", line(&text, at))));
    }
    expect_none(
        "Flux's API groups are named outside of the dialect",
        "let sources/flux turn it into a value of engine/unit, or decide by that value",
        found,
    );
}

/// Written in halves, so that this file does not name them.
const REGISTRIES: [(&str, &str); 16] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pypi", ".python.org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("yarnpkg", ".com"),
    ("rubygems", ".org"),
    ("proxy.golang", ".org"),
    ("sum.golang", ".org"),
    ("goproxy", ".io"),
    ("goproxy", ".cn"),
    ("repo.maven.apache", ".org"),
    ("packagist", ".org"),
    ("nuget", ".org"),
    ("hackage.haskell", ".org"),
];

#[test]
fn no_file_names_the_host_of_a_package_registry() {
    let mut found = Vec::new();
    // cargo writes the lock files and names its registry there.
    for path in files().iter().filter(|path| !path.ends_with("Cargo.lock")) {
        let Some(text) = text(path) else { continue };
        for (name, end) in REGISTRIES {
            let host = format!("{name}{end}");
            found.extend(
                text.match_indices(&host).map(|(at, _)| format!("{path}:{}: `{host}`", line(&text, at))),
            );
        }
    }
    expect_none(
        "a file names the host of a package registry",
        "leave it out: which registry or mirror answers is the machine's configuration",
        found,
    );
}
