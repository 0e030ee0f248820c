//! What the object model rests on: maps of JSON are sorted, numbers are numbers.

use crate::expect_none;
use crate::workspace::{array, metadata};
use serde_json::Value;
use std::process::Command;

/// With these, one crate of the graph would change what every other crate reads and writes.
const REFUSED: [&str; 3] = ["preserve_order", "arbitrary_precision", "unbounded_depth"];

#[test]
fn no_dependency_turns_on_a_feature_that_changes_json_values() {
    // Only this platform's packages: others need not have been downloaded.
    let graph = metadata(&["--filter-platform", &host()]);
    let resolved = array(&graph["resolve"]["nodes"])
        .iter()
        .find(|node| node["id"].as_str().is_some_and(|id| id.contains("serde_json@")))
        .expect("serde_json is in the graph");
    let on = array(&resolved["features"]).iter().filter_map(Value::as_str);
    let found = on.filter(|feature| REFUSED.contains(feature));
    expect_none(
        "serde_json is resolved with a feature that changes every value",
        "`cargo tree --workspace -e features -i serde_json` shows who asks for it; drop that feature or that crate",
        found.map(|feature| format!("Cargo.toml: serde_json/{feature}")).collect(),
    );
}

fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().expect("rustc starts");
    let text = String::from_utf8(output.stdout).expect("rustc prints text");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}
