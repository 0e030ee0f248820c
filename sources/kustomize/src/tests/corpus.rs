//! Real trees with what the real kustomize printed.
use crate::{Build, ParseCache, build, emit};
use mainstay_unit::tree::{EntryKind, IndexedTree, TreePath};
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Files = Vec<(TreePath, EntryKind, Arc<[u8]>)>;

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MAINSTAY_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: MAINSTAY_CORPORA is not set, so the kustomize corpus was not built");
    }
    folder.map(|f| f.join("kustomize"))
}

fn load(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a type");
        let relative = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let at = TreePath::parse(&relative).expect("a path");
        if kind.is_symlink() {
            let target = std::fs::read_link(&path).expect("a link");
            files.push((at, EntryKind::Symlink, target.to_string_lossy().as_bytes().into()));
        } else if kind.is_dir() {
            load(root, &path, files);
        } else {
            files.push((at, EntryKind::File, std::fs::read(&path).expect("a file").into()));
        }
    }
}

#[test]
fn real_trees_build_to_what_kustomize_printed() {
    let Some(corpus) = folder() else { return };
    let cases = std::fs::read_to_string(corpus.join("cases.tsv")).expect("the corpus has cases");
    let trees: Vec<String> = std::fs::read_dir(corpus.join("trees"))
        .expect("trees")
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    let mut counts = [0usize; 5];
    let cache = ParseCache::new(100_000);
    let only = std::env::var("MAINSTAY_KUSTOMIZE_ONLY").ok();
    for name in trees {
        let root = corpus.join("trees").join(&name);
        let mut files = Vec::new();
        load(&root, &root, &mut files);
        let tree = IndexedTree::new(files);
        for line in
            cases.lines().filter(|l| l.split('/').next().is_some_and(|t| t.split('\t').next() == Some(&name)))
        {
            let (case, expected) = line.split_once('\t').expect("two columns");
            if only.as_ref().is_some_and(|o| !case.contains(o.as_str())) {
                continue;
            }
            let path = TreePath::parse(case.strip_prefix(&name).expect("its tree")).expect("a path");
            let request = Build { cache: Some(&cache), ..Build::new(&tree, &path) };
            let built = build(&request);
            match (expected, built) {
                ("ok", Ok(built)) => {
                    let golden = std::fs::read_to_string(corpus.join("golden").join(format!("{case}.yaml")));
                    let ours = emit(&built.objects);
                    if golden.is_ok_and(|g| g == ours) {
                        counts[0] += 1;
                    } else {
                        counts[1] += 1;
                        eprintln!("different: {case}");
                        if let Some(out) = std::env::var_os("MAINSTAY_KUSTOMIZE_OUT") {
                            let file = PathBuf::from(out).join(format!("{}.yaml", case.replace('/', "_")));
                            std::fs::write(file, ours).expect("written");
                        }
                    }
                }
                ("ok", Err(failed)) => {
                    counts[2] += 1;
                    for d in failed.diagnostics.iter() {
                        eprintln!("refused: {case}: {d}");
                    }
                }
                (_, Err(_)) => counts[3] += 1,
                (_, Ok(_)) => {
                    counts[4] += 1;
                    eprintln!("printed: {case}");
                }
            }
        }
    }
    let [equal, different, unsupported, failed, printed] = counts;
    println!(
        "kustomize corpus: ok equal/different/unsupported {equal}/{different}/{unsupported}, error failed/printed {failed}/{printed}"
    );
    assert_eq!((different, printed), (0, 0), "never print something else");
    if only.is_none() {
        assert!(equal * 100 >= (equal + unsupported) * 98, "only {equal} are equal");
    }
}
