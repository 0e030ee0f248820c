mod corpora;
mod diagnostics;
mod emit;
mod kubectl;
mod limits;
mod load;
mod pointer;

use crate::{Limits, Loaded, Node};
use serde_json::Value;

fn read(text: &str) -> Loaded {
    crate::load("f.yaml", text.as_bytes(), &Limits::default())
}

fn root(text: &str) -> Node {
    let loaded = read(text);
    assert!(loaded.complete, "{:?}", loaded.diagnostics);
    assert_eq!(loaded.documents.len(), 1, "{text}");
    loaded.documents.into_iter().next().unwrap().root
}

fn values(text: &str) -> Vec<Value> {
    read(text).documents.iter().map(|document| document.root.to_json()).collect()
}

/// `line:column code` of every diagnostic.
fn problems(text: &str) -> Vec<String> {
    let sorted = read(text).diagnostics.sorted();
    let place = |d: &mainstay_diagnostic::Diagnostic| d.location.as_ref().unwrap().span.unwrap().start;
    sorted.iter().map(|d| format!("{} {}", place(d), d.code)).collect()
}
