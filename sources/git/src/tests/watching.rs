use super::support::{Place, author, path};
use crate::{commit, init, watch};
use std::sync::mpsc::channel;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_millis(700);

#[test]
fn a_commit_is_noticed_once_and_an_edit_of_a_file_is_not() {
    let place = Place::new();
    let dir = place.dir.path().join("work");
    init(&dir, &[(path("a"), b"1".to_vec())], "m", &author()).unwrap();
    let (sender, receiver) = channel();
    let watcher = watch(&dir, move || sender.send(()).unwrap()).unwrap();

    std::fs::write(dir.join("a"), "2").unwrap();
    assert!(receiver.recv_timeout(QUIET).is_err());
    commit(&dir, "main", &[(path("a"), Some(b"2".to_vec()))], "m", &author()).unwrap();
    receiver.recv_timeout(SOON).unwrap();
    assert!(receiver.recv_timeout(QUIET).is_err());

    commit(&dir, "feature/new", &[(path("a"), Some(b"3".to_vec()))], "m", &author()).unwrap();
    receiver.recv_timeout(SOON).unwrap();
    drop(watcher);
    commit(&dir, "main", &[(path("a"), Some(b"4".to_vec()))], "m", &author()).unwrap();
    assert!(receiver.recv_timeout(QUIET).is_err(), "nothing is told after the watcher is dropped");
}

#[test]
fn what_is_not_a_repository_cannot_be_watched() {
    let dir = tempfile::tempdir().unwrap();
    assert!(watch(dir.path(), || {}).is_err());
}
