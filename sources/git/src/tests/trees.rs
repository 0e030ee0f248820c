use super::support::{Place, fetched, path};
use crate::{GitTree, Limits};
use git2::{Oid, Repository};
use mainstay_unit::tree::{EntryKind, Tree, TreeError};

/// Commits a folder of every kind of entry.
fn every_kind() -> (Place, GitTree) {
    let place = Place::new();
    let repository = place.repository();
    let file = repository.blob(b"kind: Module\n").unwrap();
    let target = repository.blob(b"../../etc/passwd").unwrap();
    let folder = write(&repository, &[("inner", file, 0o100_644)]);
    let foreign = Oid::from_str("0123456789012345678901234567890123456789").unwrap();
    let root = write(
        &repository,
        &[
            ("a", folder, 0o040_000),
            ("a.yaml", file, 0o100_644),
            ("link", target, 0o120_000),
            ("run", file, 0o100_755),
            ("sub", foreign, 0o160_000),
        ],
    );
    let who = git2::Signature::new("a", "a@b", &git2::Time::new(1, 0)).unwrap();
    let tree = repository.find_tree(root).unwrap();
    repository.commit(Some("refs/heads/main"), &who, &who, "m", &tree, &[]).unwrap();
    let mut mirror = place.main();
    let head = fetched(&mut mirror);
    let tree = mirror.tree(&head.commit).unwrap();
    (place, tree)
}

fn write(repository: &Repository, entries: &[(&str, Oid, i32)]) -> Oid {
    let mut builder = repository.treebuilder(None).unwrap();
    for (name, id, mode) in entries {
        builder.insert(*name, *id, *mode).unwrap();
    }
    builder.write().unwrap()
}

#[test]
fn entries_are_listed_by_the_bytes_of_their_names() {
    let (_place, tree) = every_kind();
    let list = tree.list(&path("")).unwrap();
    let seen: Vec<_> = list.iter().map(|(name, entry)| (name.as_str(), entry.kind, entry.size)).collect();
    assert_eq!(
        seen,
        [
            ("a", EntryKind::Folder, 0),
            ("a.yaml", EntryKind::File, 13),
            ("link", EntryKind::Symlink, 16),
            ("run", EntryKind::Executable, 13),
            ("sub", EntryKind::Submodule, 0),
        ]
    );
    assert_eq!(tree.id(), tree.root.to_string());
}

#[test]
fn symlinks_are_shown_and_never_followed() {
    let (_place, tree) = every_kind();
    assert_eq!(&*tree.read(&path("link")).unwrap(), b"../../etc/passwd");
    assert_eq!(tree.entry(&path("link/passwd")).unwrap(), None);
    assert_eq!(tree.list(&path("link")), Err(TreeError::NotAFolder(path("link"))));
}

#[test]
fn submodules_are_shown_and_hold_nothing() {
    let (_place, tree) = every_kind();
    assert_eq!(tree.read(&path("sub")), Err(TreeError::NotAFile(path("sub"))));
    assert_eq!(tree.list(&path("sub")), Err(TreeError::NotAFolder(path("sub"))));
}

#[test]
fn a_path_that_is_absent_is_told_from_one_of_another_kind() {
    let (_place, tree) = every_kind();
    assert_eq!(tree.entry(&path("nope")).unwrap(), None);
    assert_eq!(tree.entry(&path("a.yaml/x")).unwrap(), None);
    assert_eq!(tree.entry(&path("")).unwrap().unwrap().kind, EntryKind::Folder);
    assert_eq!(tree.read(&path("nope")), Err(TreeError::NotFound(path("nope"))));
    assert_eq!(tree.list(&path("nope")), Err(TreeError::NotFound(path("nope"))));
    assert_eq!(tree.read(&path("a")), Err(TreeError::NotAFile(path("a"))));
    assert_eq!(&*tree.read(&path("a/inner")).unwrap(), b"kind: Module\n");
}

#[test]
fn a_big_file_is_listed_and_not_read() {
    let place = Place::new();
    place.commit("main", "big", &"x".repeat(2000));
    let mut mirror = place.limited(Limits { max_file: 1000, ..Limits::default() });
    let head = fetched(&mut mirror);
    let tree = mirror.tree(&head.commit).unwrap();
    assert_eq!(tree.entry(&path("big")).unwrap().unwrap().size, 2000);
    let refused = TreeError::TooLarge { path: path("big"), size: 2000, limit: 1000 };
    assert_eq!(tree.read(&path("big")), Err(refused));
}

#[test]
fn a_tree_is_read_by_many_threads_and_outlives_its_mirror() {
    let (_place, tree) = every_kind();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(tree.read(&path("a/inner")).unwrap().len(), 13);
                }
            });
        }
    });
}

#[test]
fn a_name_that_could_mean_another_file_breaks_its_folder_alone() {
    let place = Place::new();
    let repository = place.repository();
    let blob = repository.blob(b"x").unwrap();
    let mut raw = Vec::new();
    raw.extend_from_slice(b"100644 caf\xe9\0");
    raw.extend_from_slice(blob.as_bytes());
    let odd = repository.odb().unwrap().write(git2::ObjectType::Tree, &raw).unwrap();
    let root = write(&repository, &[("fine", blob, 0o100_644), ("odd", odd, 0o040_000)]);
    let tree = repository.find_tree(root).unwrap();
    let who = git2::Signature::new("a", "a@b", &git2::Time::new(1, 0)).unwrap();
    repository.commit(Some("refs/heads/main"), &who, &who, "m", &tree, &[]).unwrap();
    let mut mirror = place.main();
    let head = fetched(&mut mirror);
    let tree = mirror.tree(&head.commit).unwrap();
    assert_eq!(tree.list(&path("")).unwrap().len(), 2);
    assert!(matches!(tree.list(&path("odd")), Err(TreeError::Broken { .. })));
}
