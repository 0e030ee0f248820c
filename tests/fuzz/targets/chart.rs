//! Any bytes as files of a chart: it is rendered without a panic, alike each time, within its limits, and a failure says
//! why. What is no file's head is a template.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_helm::{Capabilities, Form, Limits, Release, Request, Values, render};
use std::collections::BTreeMap;

const LIMITS: Limits = Limits {
    steps: 20_000,
    bytes: 1 << 20,
    release_bytes: 1 << 20,
    depth: 20,
    nesting: 100,
    chart_bytes: 1 << 18,
    chart_files: 100,
    chart_depth: 4,
};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut files = BTreeMap::from([
        ("Chart.yaml".to_owned(), b"apiVersion: v2\nname: c\nversion: 0.1.0\n".to_vec()),
        ("values.yaml".to_owned(), b"a: 1\nb: [x, {y: z}]\nc: {d: null, e: 2.5}\n".to_vec()),
    ]);
    let mut path = "templates/fuzz.yaml".to_owned();
    let mut values = Values::default();
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("=== ") {
            path = head.trim_end().to_owned();
        } else if let Some(set) = line.strip_prefix("--set ") {
            let refused = values.set(Form::Typed, set.trim_end()).err();
            assert!(refused.is_none_or(|error| !error.to_string().is_empty()));
        } else {
            files.entry(path.clone()).or_default().extend_from_slice(line.as_bytes());
        }
    }
    let release = Release { name: "r".into(), namespace: "ns".into(), revision: 1, is_upgrade: false };
    let request = Request {
        files: &files,
        values: &values,
        release: &release,
        capabilities: &Capabilities::default(),
        lookup: None,
        now: 1_700_000_000,
        seed: b"seed",
        short_keys: false,
        limits: LIMITS,
    };
    let first = render(&request);
    assert_eq!(render(&request), first, "it is rendered alike");
    if let Err(error) = first {
        assert!(!error.to_string().is_empty());
    }
});
