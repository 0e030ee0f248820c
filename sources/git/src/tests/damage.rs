use super::support::{Place, fetched, never, packs, path};
use crate::{GitError, Limits, Moved};
use mainstay_unit::tree::{Tree, TreeError};
use std::fs;

/// Damages the mirror of one commit in some way, and expects it to heal.
fn heals(spoil: impl FnOnce(&std::path::Path)) {
    let place = Place::new();
    let commit = place.commit("main", "folder/a", &"content ".repeat(1000));
    fetched(&mut place.main());
    spoil(&place.mirror_dir());
    let mut mirror = place.main();
    assert_eq!(fetched(&mut mirror).commit, commit);
    let tree = mirror.tree(&commit).unwrap();
    assert_eq!(tree.read(&path("folder/a")).unwrap().len(), 8000);
    drop(mirror);
    let state: Vec<_> = fs::read_dir(place.dir.path().join("state")).unwrap().flatten().collect();
    let names: Vec<_> = state.iter().map(|f| f.file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|n| n.ends_with(".new") || n.ends_with(".old")), "{names:?}");
}

fn writable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn a_truncated_pack_is_cloned_anew() {
    heals(|dir| {
        let pack = packs(dir).remove(0);
        writable(&pack);
        let file = fs::File::options().write(true).open(&pack).unwrap();
        file.set_len(fs::metadata(&pack).unwrap().len() / 2).unwrap();
    });
}

#[test]
fn a_missing_pack_is_cloned_anew() {
    heals(|dir| fs::remove_file(packs(dir).remove(0)).unwrap());
}

#[test]
fn a_folder_without_head_is_cloned_anew() {
    heals(|dir| fs::remove_file(dir.join("HEAD")).unwrap());
}

#[test]
fn a_garbled_record_is_cloned_anew() {
    heals(|dir| fs::write(dir.join("mainstay-head"), [0xff, 0, 1]).unwrap());
}

#[test]
fn a_clone_that_was_killed_is_cloned_anew() {
    heals(|dir| {
        fs::rename(dir, dir.with_file_name("mirror.new")).unwrap();
    });
}

#[test]
fn a_replacement_that_was_killed_falls_back_to_the_old_mirror() {
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    fetched(&mut place.main());
    fs::rename(place.mirror_dir(), place.dir.path().join("state/mirror.old")).unwrap();
    assert_eq!(place.main().head().unwrap().commit, commit);
}

#[test]
fn a_foreign_folder_is_kept_aside_not_deleted() {
    let place = Place::new();
    place.commit("main", "a", "1");
    fs::create_dir_all(place.mirror_dir()).unwrap();
    fs::write(place.mirror_dir().join("thesis.txt"), "ten years").unwrap();
    fetched(&mut place.main());
    let kept = place.dir.path().join("state/mirror.foreign-0/thesis.txt");
    assert_eq!(fs::read_to_string(kept).unwrap(), "ten years");
}

#[test]
fn a_missing_object_is_met_while_reading_and_healed_by_the_next_fetch() {
    let place = Place::new();
    let commit = place.commit("main", "a", "1");
    let mut mirror = place.main();
    fetched(&mut mirror);
    for pack in packs(mirror.path()) {
        fs::remove_file(pack.with_extension("idx")).unwrap();
        fs::remove_file(pack).unwrap();
    }
    mirror.store.renew();
    assert!(mirror.tree(&commit).is_err(), "the commit itself is gone");
    assert_eq!(fetched(&mut mirror).commit, commit);
    assert!(mirror.tree(&commit).unwrap().read(&path("a")).is_ok());
}

#[test]
fn a_missing_blob_is_a_broken_file_and_makes_the_mirror_suspect() {
    let place = Place::new();
    place.commit("main", "a", "1");
    let mut mirror = place.main();
    let head = fetched(&mut mirror);
    // A commit of our own, loose in the mirror, whose file then goes.
    let changes = [(path("a"), Some(b"1".to_vec())), (path("b"), Some(b"loose".to_vec()))];
    let id = crate::commit(mirror.path(), "own", &changes, "m", &super::support::author()).unwrap();
    let tree = mirror.tree(&id).unwrap();
    let blob = tree.entry(&path("b")).unwrap().unwrap().id;
    fs::remove_file(mirror.path().join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    mirror.store.renew();
    assert!(matches!(tree.read(&path("b")), Err(TreeError::Broken { .. })));
    assert!(tree.read(&path("a")).is_ok(), "its neighbour can still be read");
    let again = fetched(&mut mirror);
    assert_eq!((again.commit, again.moved), (head.commit, Moved::Unchanged));
}

#[test]
fn a_file_whose_bytes_rotted_is_met_while_reading_and_healed_by_the_next_fetch() {
    let place = Place::new();
    let noise: String = (0..4000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    let commit = place.commit("main", "a", &noise);
    let mut mirror = place.main();
    fetched(&mut mirror);
    let pack = packs(mirror.path()).remove(0);
    writable(&pack);
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xaa);
    fs::write(&pack, bytes).unwrap();
    mirror.store.renew();

    let tree = mirror.tree(&commit).unwrap();
    assert!(matches!(tree.read(&path("a")), Err(TreeError::Broken { .. })));
    assert_eq!(fetched(&mut mirror).moved, Moved::Unchanged);
    assert_eq!(tree.read(&path("a")).unwrap().len(), noise.len());
}

#[test]
fn what_is_damaged_stays_until_a_clone_succeeded() {
    let place = Place::new();
    place.commit("main", "a", "1");
    fetched(&mut place.main());
    fs::remove_file(packs(&place.mirror_dir()).remove(0)).unwrap();
    fs::rename(&place.origin, place.dir.path().join("away")).unwrap();
    let mut mirror = place.main();
    assert!(mirror.fetch(&never).is_err());
    assert!(place.mirror_dir().join("mainstay-head").exists());
    fs::rename(place.dir.path().join("away"), &place.origin).unwrap();
    assert_eq!(fetched(&mut mirror).moved, Moved::Unchanged);
}

#[test]
fn a_commit_with_too_many_files_is_refused_and_the_old_one_stays() {
    let place = Place::new();
    let small = place.commit("main", "a/1", "1");
    let limits = Limits { max_entries: 3, ..Limits::default() };
    let mut mirror = place.limited(limits);
    fetched(&mut mirror);
    place.commit("main", "a/2", "2");
    place.commit("main", "a/3", "3");
    let error = mirror.fetch(&never).unwrap_err();
    assert!(matches!(error, GitError::TooLarge { limit: 3, .. }), "{error}");
    assert_eq!(mirror.head().unwrap().commit, small);
}

#[test]
fn nested_folders_that_repeat_themselves_are_counted_not_walked() {
    let place = Place::new();
    let repository = place.repository();
    let blob = repository.blob(b"lol").unwrap();
    let mut below = (blob, 0o100_644);
    for _ in 0..12 {
        let mut builder = repository.treebuilder(None).unwrap();
        for n in 0..10 {
            builder.insert(format!("{n}"), below.0, below.1).unwrap();
        }
        below = (builder.write().unwrap(), 0o040_000);
    }
    let tree = repository.find_tree(below.0).unwrap();
    let who = git2::Signature::new("a", "a@b", &git2::Time::new(1, 0)).unwrap();
    repository.commit(Some("refs/heads/main"), &who, &who, "bomb", &tree, &[]).unwrap();
    assert!(matches!(place.main().fetch(&never), Err(GitError::TooLarge { .. })));
}

#[test]
fn locks_and_half_packs_of_a_killed_process_are_in_nobodys_way() {
    let place = Place::new();
    place.commit("main", "a", "1");
    fetched(&mut place.main());
    let left =
        ["refs/mainstay/head.lock", "packed-refs.lock", "objects/pack/pack_git2_x", "mainstay-head.new"];
    for file in left {
        fs::write(place.mirror_dir().join(file), "half").unwrap();
    }
    let commit = place.commit("main", "a", "2");
    let mut mirror = place.main();
    assert_eq!(fetched(&mut mirror).commit, commit);
    assert!(left.iter().all(|file| !mirror.path().join(file).exists()));
}

const CHILD: &str = "MAINSTAY_GIT_TEST_PLACE";

#[test]
fn a_process_killed_at_any_moment_leaves_a_mirror_that_works() {
    if let Some(state) = std::env::var_os(CHILD) {
        clone_and_fetch_for_ever(std::path::Path::new(&state));
    }
    let place = Place::new();
    let noise: String = (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    place.commit("main", "big", &noise);
    let exe = std::env::current_exe().unwrap();
    let name = "tests::damage::a_process_killed_at_any_moment_leaves_a_mirror_that_works";
    for round in 0..10 {
        let mut child = std::process::Command::new(&exe)
            .args(["--exact", name])
            .env(CHILD, place.dir.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20 + round * 23));
        child.kill().unwrap();
        child.wait().unwrap();
        let commit = place.commit("main", "small", &round.to_string());
        let mut mirror = place.main();
        assert_eq!(fetched(&mut mirror).commit, commit, "round {round}");
        assert_eq!(mirror.tree(&commit).unwrap().read(&path("big")).unwrap().len(), noise.len());
    }
}

/// Alternates between a fetch into what is there and a clone of the whole.
fn clone_and_fetch_for_ever(place: &std::path::Path) -> ! {
    let origin = place.join("origin.git");
    let remote = crate::Remote::new(origin.to_str().unwrap(), crate::Reference::Branch("main".into()));
    loop {
        let mut mirror = crate::Mirror::open(place.join("state/mirror"), remote.clone()).unwrap();
        fetched(&mut mirror);
        fs::remove_dir_all(mirror.path().join("objects")).unwrap();
    }
}
