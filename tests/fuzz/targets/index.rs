//! Any bytes as the index of a repository of charts: nothing panics, nothing takes long, and what is found has a name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_registry::Index;

fuzz_target!(|bytes: &[u8]| {
    let first = Index::read(bytes);
    assert_eq!(Index::read(bytes), first, "it is read alike");
    let Ok(index) = first else { return };
    for version in index.charts.values().flatten() {
        assert!(
            !version.url.is_empty() && mainstay_package::Version::parse(&version.version).is_ok(),
            "{version:?}"
        );
    }
    let kept = serde_json::to_vec(&index).expect("an index is JSON");
    let again: Index = serde_json::from_slice(&kept).expect("what was kept is read");
    assert_eq!(again, index);
});
