//! Any bytes as an object and a patch of it, strategic or of operations: it is applied without a panic, alike each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_fuzz::{check_building, repository};
use mainstay_unit::tree::TreePath;

/// Whatever is in the file is patched, and so is what the patch names.
const KUSTOMIZATION: &[u8] =
    b"resources: [object.yaml]\npatches: [{path: patch.yaml, target: {name: .*}}]\nnamespace: other\n";

fuzz_target!(|bytes: &[u8]| {
    let mut tree = repository(bytes, "object.yaml");
    if let Ok(path) = TreePath::parse("kustomization.yaml") {
        tree.insert(path, KUSTOMIZATION.into());
    }
    check_building(&tree);
});
