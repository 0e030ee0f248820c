//! What real tools printed. `MAINSTAY_CORPORA` names the folder of corpora; without it these tests are skipped.
use crate::{Limits, emit_documents, load};
use mainstay_harness::corpora_or_skip;
use std::path::{Path, PathBuf};

#[test]
fn what_kustomize_printed_is_printed_the_same_after_reading_it() {
    let test = "what_kustomize_printed_is_printed_the_same_after_reading_it";
    let Some(corpora) = corpora_or_skip(test) else { return };
    let files = yaml_files(&corpora.join("kustomize/golden"));
    assert!(files.len() > 100, "only {} goldens", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let name = file.display().to_string();
        let bytes = std::fs::read(file).unwrap();
        let limits = Limits { bytes: 64 << 20, nodes: 10_000_000, ..Limits::default() };
        let loaded = load(&name, &bytes, &limits);
        let values: Vec<_> = loaded.documents.iter().map(|d| d.root.to_json()).collect();
        if !loaded.complete {
            wrong.push(format!("{:?}", loaded.diagnostics.sorted()));
        } else if emit_documents(&values).as_bytes() != bytes {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}
