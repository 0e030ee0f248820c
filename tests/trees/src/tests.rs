use crate::{case, play, random, real};
use mainstay_harness::Requirement;
use std::collections::BTreeSet;

#[test]
fn a_seed_is_the_same_tree_twice_and_what_is_left_out_changes_nothing_else() {
    let nothing = BTreeSet::new();
    let (files, places) = random::tree(7, &nothing);
    let (again, same) = random::tree(7, &nothing);
    assert_eq!((&files, &places), (&again, &same));
    let last = places.last().expect("something can be left out").clone();
    let (fewer, _) = random::tree(7, &BTreeSet::from([last]));
    assert!(fewer.keys().all(|path| files.contains_key(path)), "nothing new appears");
}

#[test]
fn random_trees_are_built_to_the_bytes_that_the_real_kustomize_prints() {
    let Some(tool) = real::kustomize() else {
        return mainstay_harness::skip(
            Requirement::Real,
            "random trees",
            "target/real/kustomize is not built",
        );
    };
    let keep = std::env::temp_dir().join(format!("mainstay-random-trees-{}", std::process::id()));
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() as u64).min(10);
    let each = TREES.div_ceil(threads);
    let play = |at: u64| {
        let keep = keep.join(at.to_string());
        let asked =
            play::Asked { trees: each, seed: 1 + at * 1_000_000, builds: 0, findings: 3, loud: false, keep };
        play::play(&asked, &tool).expect("they are compared")
    };
    let play = &play;
    let played: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|at| scope.spawn(move || play(at))).collect();
        running.into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    let mut counts = play::Counts::new();
    let mut told = Vec::new();
    for (some, findings) in played {
        some.into_iter().for_each(|(outcome, n)| *counts.entry(outcome).or_default() += n);
        told.extend(findings.into_iter().map(|f| {
            format!("seed {}: {}, in {}\n{}", f.seed, f.outcome.word(), f.folder.display(), f.says)
        }));
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    let shown: Vec<String> = counts.iter().map(|(outcome, n)| format!("{n} {}", outcome.word())).collect();
    println!("random kustomize trees: {}", shown.join(", "));
    std::fs::remove_dir_all(keep).expect("it was made here");
}

const TREES: u64 = 300;

#[test]
fn a_folder_is_one_tree_with_a_root_for_every_kustomization_that_is_no_component() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("a/kustomization.yaml", "namePrefix: x-\n");
    write("a/b/kustomization.yml", "namePrefix: x-\n");
    write("c/kustomization.yaml", "kind: Component\n");
    let groups = case::find(folder.path()).expect("it is read");
    let roots: Vec<&str> = groups.iter().flat_map(|g| &g.roots).map(|(root, _)| root.as_str()).collect();
    assert_eq!(roots, ["a", "a/b"]);
}
