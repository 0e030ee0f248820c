use mainstay_kustomize::{Build, Limits, ParseCache, Printed, print};
use mainstay_unit::tree::{MemoryTree, TreePath};

/// So that no input that fits takes long.
const LIMITS: Limits = Limits {
    file_bytes: 1 << 16,
    file_nodes: 20_000,
    aliases: 100,
    depth: 50,
    nesting: 8,
    kustomizations: 50,
    objects: 200,
    folder_files: 100,
    total_bytes: 1 << 20,
};

/// Builds a tree: the same comes of it each time, it is read again as what it is, and a problem says where it is.
pub fn check_building(tree: &MemoryTree) {
    let cache = ParseCache::new(100);
    let first = build(tree, None);
    for again in [None, Some(&cache), Some(&cache)] {
        assert_eq!(build(tree, again), first, "it is built alike");
    }
    match first {
        Ok(printed) => {
            let limits = mainstay_yaml::Limits { bytes: usize::MAX, ..mainstay_yaml::Limits::default() };
            let read = mainstay_yaml::load("printed.yaml", printed.text.as_bytes(), &limits);
            assert!(read.complete, "{:?}\n{}", read.diagnostics, printed.text);
            let values: Vec<_> = read.documents.iter().map(|document| document.root.to_json()).collect();
            assert_eq!(mainstay_yaml::emit_documents(&values), printed.text);
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "a failure says why");
        }
    }
}

fn build(tree: &MemoryTree, cache: Option<&ParseCache>) -> Result<Printed, Vec<String>> {
    let root = TreePath::root();
    let request = Build { limits: LIMITS, cache, ..Build::new(tree, &root) };
    print(&request).map_err(|failed| {
        let told = failed.diagnostics.iter().inspect(|d| assert!(d.location.is_some(), "{d} has no place"));
        told.map(ToString::to_string).collect()
    })
}
