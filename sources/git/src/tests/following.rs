use super::support::{Place, fetched, never, packs, path};
use crate::{GitError, Moved, Reference};
use mainstay_diagnostic::Fault;
use mainstay_unit::tree::Tree;

#[test]
fn a_branch_is_followed_commit_by_commit() {
    let place = Place::new();
    let first = place.commit("main", "a", "1");
    let mut mirror = place.main();
    assert_eq!(mirror.head(), None);

    let head = fetched(&mut mirror);
    assert_eq!((head.commit, head.moved), (first.clone(), Moved::First));
    assert_eq!((head.reference.as_str(), head.time), ("refs/heads/main", 1_700_000_000));
    assert_eq!(fetched(&mut mirror).moved, Moved::Unchanged);

    let second = place.commit("main", "b", "2");
    let head = fetched(&mut mirror);
    assert_eq!((head.commit, head.moved), (second.clone(), Moved::Forward));
    assert!(mirror.is_ancestor(&first, &second).unwrap());
    assert!(!mirror.is_ancestor(&second, &first).unwrap());
    assert_eq!(mirror.resolve("HEAD").unwrap(), second);
    assert_eq!(mirror.resolve(&first[..10]).unwrap(), first);
}

#[test]
fn a_forced_branch_is_told_from_one_that_went_on() {
    let place = Place::new();
    let first = place.commit("main", "a", "1");
    let second = place.commit("main", "a", "2");
    let mut mirror = place.main();
    fetched(&mut mirror);

    place.point("refs/heads/main", &first);
    let head = fetched(&mut mirror);
    assert_eq!((head.commit.as_str(), head.moved), (first.as_str(), Moved::Rewound));

    let other = place.commit("other", "z", "1");
    place.point("refs/heads/main", &other);
    assert_eq!(fetched(&mut mirror).moved, Moved::Rewound);
    assert!(mirror.commit_info(&second).is_ok(), "what was read before is still there");
}

#[test]
fn a_folder_that_is_not_there_is_said_to_be_missing() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let mut mirror = place.main();
    fetched(&mut mirror);
    std::fs::remove_dir_all(&place.origin).unwrap();
    let error = mirror.fetch(&never).unwrap_err();
    assert!(
        error.to_string().ends_with("can't be reached: there is no such folder on this machine"),
        "{error}"
    );
    assert_eq!(error.fault(), Fault::Environment);
}

#[test]
fn the_last_head_survives_the_branch_and_a_restart() {
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let mut mirror = place.main();
    fetched(&mut mirror);
    place.repository().find_reference("refs/heads/main").unwrap().delete().unwrap();

    let error = mirror.fetch(&never).unwrap_err();
    assert!(matches!(&error, GitError::NotFound { reference, .. } if reference == "branch main"), "{error}");
    assert_eq!(error.fault(), Fault::User);
    drop(mirror);
    let mirror = place.main();
    assert_eq!(mirror.head().unwrap().commit, commit);
    assert_eq!(&*mirror.tree(&commit).unwrap().read(&path("a")).unwrap(), b"1");
}

#[test]
fn an_unreachable_repository_is_the_environments_fault_and_loses_nothing() {
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let mut mirror = place.main();
    fetched(&mut mirror);
    std::fs::rename(&place.origin, place.dir.path().join("moved")).unwrap();
    let error = mirror.fetch(&never).unwrap_err();
    assert_eq!(error.fault(), Fault::Environment, "{error:?}");
    assert_eq!(mirror.head().unwrap().commit, commit);
}

#[test]
fn tags_are_followed_through_their_annotation() {
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    place.annotated_tag("v1.0.0", &commit);
    place.commit("main", "a", "2");
    let head = fetched(&mut place.mirror(Reference::Tag("v1.0.0".into())));
    assert_eq!((head.commit, head.reference.as_str()), (commit, "refs/tags/v1.0.0"));
}

#[test]
fn the_highest_tag_in_the_range_is_taken() {
    let place = Place::new();
    let one = place.commit("main", "a", "1");
    let two = place.commit("main", "a", "2");
    place.tag("v1.9.0", &one);
    place.annotated_tag("v1.10.0", &two);
    place.tag("2.0.0-rc.1", &one);
    place.tag("not-a-version", &one);
    let range = |range: &str| Reference::Semver { range: range.into() };

    let mut mirror = place.mirror(range("^1"));
    let head = fetched(&mut mirror);
    assert_eq!((head.commit, head.reference.as_str()), (two.clone(), "refs/tags/v1.10.0"));
    place.tag("1.11.0", &one);
    let head = fetched(&mut mirror);
    assert_eq!((head.reference.as_str(), head.moved), ("refs/tags/1.11.0", Moved::Rewound));
    drop(mirror);

    let mut mirror = place.mirror(range(">=1.0.0-0"));
    let head = fetched(&mut mirror);
    assert_eq!((head.reference.as_str(), head.moved), ("refs/tags/2.0.0-rc.1", Moved::First));
    drop(mirror);
    assert!(matches!(place.mirror(range(">=3")).fetch(&never), Err(GitError::NotFound { .. })));
}

#[test]
fn a_commit_is_found_wherever_it_lies_and_asked_for_once() {
    let place = Place::new();
    let first = place.commit("main", "a", "1");
    place.commit("main", "a", "2");
    let mut mirror = place.mirror(Reference::Commit(first.clone()));
    assert_eq!(fetched(&mut mirror).commit, first);
    std::fs::remove_dir_all(&place.origin).unwrap();
    assert_eq!(fetched(&mut mirror).moved, Moved::Unchanged);
}

#[test]
fn a_commit_that_is_nowhere_is_not_found() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let mut mirror = place.mirror(Reference::Commit("0123456789012345678901234567890123456789".into()));
    assert!(matches!(mirror.fetch(&never), Err(GitError::NotFound { .. })));
}

#[test]
fn any_reference_can_be_named_and_head_means_the_default_branch() {
    let place = Place::new();
    let main = place.commit("main", "a", "1");
    let pull = place.commit("topic", "a", "2");
    place.point("refs/pull/7/head", &pull);
    let head = fetched(&mut place.mirror(Reference::Name("refs/pull/7/head".into())));
    assert_eq!((head.commit, head.reference.as_str()), (pull, "refs/pull/7/head"));
    let head = fetched(&mut place.mirror(Reference::Name("HEAD".into())));
    assert_eq!((head.commit, head.reference.as_str()), (main, "refs/heads/main"));
}

#[test]
fn an_empty_repository_has_nothing_to_follow() {
    let place = Place::new();
    let mut mirror = place.mirror(Reference::Name("HEAD".into()));
    assert!(matches!(mirror.fetch(&never), Err(GitError::NotFound { .. })));
}

#[test]
fn references_that_git_forbids_are_refused_at_once() {
    let place = Place::new();
    for reference in [
        Reference::Branch("a..b".into()),
        Reference::Branch("*".into()),
        Reference::Tag(String::new()),
        Reference::Name("main".into()),
        Reference::Commit("abc".into()),
        Reference::Semver { range: ">>1".into() },
    ] {
        let opened = crate::Mirror::open(place.mirror_dir(), place.remote(reference.clone()));
        assert!(matches!(opened, Err(GitError::Invalid { .. })), "{reference:?}");
    }
}

#[test]
fn a_mirror_follows_another_reference_without_a_new_clone() {
    let place = Place::new();
    place.commit("main", "a", "1");
    fetched(&mut place.main());
    let topic = place.commit("topic", "b", "1");
    let mut mirror = place.mirror(Reference::Branch("topic".into()));
    assert_eq!(mirror.head(), None, "nothing was read of this branch yet");
    let head = fetched(&mut mirror);
    assert_eq!((head.commit, head.moved), (topic, Moved::First));
}

#[test]
fn two_mirrors_never_share_a_folder() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let mirror = place.main();
    let second = crate::Mirror::open(place.mirror_dir(), place.remote(Reference::Branch("main".into())));
    assert!(matches!(second, Err(GitError::Locked(_))));
    drop(mirror);
    place.main();
}

#[test]
fn commits_are_described_for_people() {
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let mut mirror = place.main();
    fetched(&mut mirror);
    let info = mirror.commit_info(&commit).unwrap();
    assert_eq!((info.subject.as_str(), info.author.as_str()), ("change a", "Ada <ada@example.com>"));
}

#[test]
fn many_fetches_leave_few_packs() {
    let place = Place::new();
    let first = place.commit("main", "a", "0");
    let mut mirror = place.main();
    let tree = {
        fetched(&mut mirror);
        mirror.tree(&first).unwrap()
    };
    for n in 1..60 {
        place.commit("main", "a", &n.to_string());
        assert_eq!(fetched(&mut mirror).moved, Moved::Forward);
    }
    assert!(packs(mirror.path()).len() < 50);
    assert_eq!(&*tree.read(&path("a")).unwrap(), b"0");
}

#[test]
fn what_is_small_is_packed_anew_and_the_history_is_not() {
    let place = Place::new();
    // Nothing that could be compressed away.
    let mut seed = fastrand::Rng::with_seed(1);
    let large: String = (0..300_000).map(|_| seed.alphanumeric()).collect();
    place.commit("main", "large", &large);
    let mut mirror = place.main();
    fetched(&mut mirror);
    let history = packs(mirror.path()).remove(0);
    let changed = |path: &std::path::Path| path.metadata().unwrap().modified().unwrap();
    let before = changed(&history);
    let mut commits = Vec::new();
    for n in 0..120 {
        let commit = place.commit("main", "a", &n.to_string());
        fetched(&mut mirror);
        commits.push((n, commit));
    }
    assert!(packs(mirror.path()).len() < 50);
    assert_eq!(changed(&history), before);
    for (n, commit) in commits {
        let tree = mirror.tree(&commit).unwrap();
        assert_eq!(&*tree.read(&path("a")).unwrap(), n.to_string().as_bytes());
        assert_eq!(&*tree.read(&path("large")).unwrap(), large.as_bytes());
    }
}
