//! Any bytes as a YAML file: nothing panics, nothing takes long, and what is read and printed is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_yaml::{Limits, emit_documents, load};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { nodes: 50_000, ..Limits::default() };
    let loaded = load("fuzz.yaml", bytes, &limits);
    assert_eq!(loaded.complete, loaded.diagnostics.is_empty());
    let values: Vec<Value> = loaded.documents.iter().map(|document| document.root.to_json()).collect();
    for (document, value) in loaded.documents.iter().zip(&values) {
        assert!(document.span.start <= document.span.end);
        assert_eq!(document.root.pointer("").map(|node| node.to_json()).as_ref(), Some(value));
        document.root.nearest("/metadata/name/0");
    }
    let text = emit_documents(&values);
    // Printing indents, so it may be larger than a limit on the input.
    let again = load("again.yaml", text.as_bytes(), &Limits { bytes: usize::MAX, ..limits });
    assert!(again.complete, "{:?}\n{text}", again.diagnostics);
    let read: Vec<Value> = again.documents.iter().map(|document| document.root.to_json()).collect();
    assert_eq!(read, values, "{text}");
});
