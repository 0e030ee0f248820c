use super::support::{Place, author, fetched, never, path};
use crate::{GitError, Reference, Remote, commit, init, push};
use git2::{Oid, Repository};
use mainstay_unit::tree::Tree;

#[test]
fn commits_change_add_and_remove_files_without_a_checkout() {
    let place = Place::new();
    place.commit("main", "apps/a.yaml", "1");
    let first = place.commit("main", "apps/b.yaml", "2");
    let changes = [
        (path("apps/a.yaml"), None),
        (path("apps/b.yaml"), Some(b"3".to_vec())),
        (path("new/deep/c.yaml"), Some(b"4".to_vec())),
    ];
    let id = commit(&place.origin, "main", &changes, "many", &author()).unwrap();
    let mut mirror = place.main();
    fetched(&mut mirror);
    let tree = mirror.tree(&id).unwrap();
    assert_eq!(tree.entry(&path("apps/a.yaml")).unwrap(), None);
    assert_eq!(&*tree.read(&path("apps/b.yaml")).unwrap(), b"3");
    assert_eq!(&*tree.read(&path("new/deep/c.yaml")).unwrap(), b"4");
    assert!(mirror.is_ancestor(&first, &id).unwrap());
}

#[test]
fn a_change_that_changes_nothing_makes_no_commit() {
    let place = Place::new();
    let first = place.commit("main", "a", "1");
    assert_eq!(place.commit("main", "a", "1"), first);
}

#[test]
fn removing_what_is_not_there_is_an_error() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let result = commit(&place.origin, "main", &[(path("b"), None)], "m", &author());
    assert!(matches!(result, Err(GitError::NotFound { .. })), "{result:?}");
}

#[test]
fn a_branch_that_moved_is_not_overwritten() {
    let place = Place::new();
    let old = Oid::from_str(&place.commit("main", "a", "1")).unwrap();
    let new = Oid::from_str(&place.commit("main", "a", "2")).unwrap();
    let repository = place.repository();
    for before in [None, Some(old)] {
        let result = crate::write::advance(&repository, "refs/heads/main", old, before);
        assert!(matches!(result, Err(GitError::Rejected { .. })), "{result:?}");
    }
    assert_eq!(repository.refname_to_id("refs/heads/main").unwrap(), new);
}

#[test]
fn a_push_moves_the_remote_branch_and_a_stale_one_is_rejected() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let clone = place.dir.path().join("clone");
    Repository::clone(place.origin.to_str().unwrap(), &clone).unwrap();
    let mine = commit(&clone, "main", &[(path("b"), Some(b"mine".to_vec()))], "mine", &author()).unwrap();
    let remote = Remote::new(place.origin.to_str().unwrap(), Reference::Branch("main".into()));
    push(&clone, &remote, "refs/heads/main:refs/heads/main", &never).unwrap();
    assert_eq!(place.repository().refname_to_id("refs/heads/main").unwrap().to_string(), mine);

    let theirs = place.commit("main", "c", "theirs");
    commit(&clone, "main", &[(path("b"), Some(b"again".to_vec()))], "mine", &author()).unwrap();
    let result = push(&clone, &remote, "refs/heads/main:refs/heads/main", &never);
    assert!(matches!(result, Err(GitError::Rejected { .. })), "{result:?}");
    assert_eq!(place.repository().refname_to_id("refs/heads/main").unwrap().to_string(), theirs);
}

#[test]
fn a_fresh_repository_is_clean_and_overwrites_nothing() {
    let place = Place::new();
    let dir = place.dir.path().join("demo");
    let files = [(path("README.md"), b"hello\r\n".to_vec()), (path("apps/a.yaml"), b"a: 1\n".to_vec())];
    let id = init(&dir, &files, "first", &author()).unwrap();
    let repository = Repository::open(&dir).unwrap();
    assert_eq!(repository.head().unwrap().name().unwrap(), "refs/heads/main");
    assert_eq!(repository.head().unwrap().target().unwrap().to_string(), id);
    let statuses = repository.statuses(None).unwrap();
    assert!(statuses.is_empty(), "{:?}", statuses.iter().map(|s| s.status()).collect::<Vec<_>>());
    assert_eq!(init(&place.dir.path().join("again"), &files, "first", &author()).unwrap(), id);

    assert!(matches!(init(&dir, &files, "m", &author()), Err(GitError::Invalid { .. })));
    let other = place.dir.path().join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("README.md"), "mine").unwrap();
    assert!(matches!(init(&other, &files, "m", &author()), Err(GitError::Invalid { .. })));
    assert_eq!(std::fs::read_to_string(other.join("README.md")).unwrap(), "mine");
    assert!(!other.join(".git").exists());
}
