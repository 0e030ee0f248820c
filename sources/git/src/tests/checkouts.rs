//! What a checkout tells of itself.
use super::support::Place;
use crate::{main_branch, remotes};

#[test]
fn a_clone_on_the_default_branch_of_its_remote_is_on_the_main_branch() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let folder = place.dir.path().join("clone");
    let clone = git2::Repository::clone(place.origin.to_str().unwrap(), &folder).unwrap();
    assert_eq!(remotes(&folder), [place.origin.to_str().unwrap()]);
    assert_eq!(main_branch(&folder).as_deref(), Some("main"));
    // One's own branch, and no branch at all.
    let commit = clone.head().unwrap().peel_to_commit().unwrap();
    clone.branch("mine", &commit, false).unwrap();
    clone.set_head("refs/heads/mine").unwrap();
    assert_eq!(main_branch(&folder), None);
    clone.set_head_detached(commit.id()).unwrap();
    assert_eq!(main_branch(&folder), None);
    assert_eq!(main_branch(place.dir.path()), None, "no repository");
}
