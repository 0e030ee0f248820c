use super::*;

#[test]
fn another_go_release_means_another_cache() {
    assert_ne!(key("go1.26.8"), key("go1.27.0"));
    assert_eq!(key("go1.26.8"), key("go1.26.8"));
}

#[test]
fn a_link_is_replaced_by_the_newer_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("kubectl");
    link(Path::new("/old/kubectl"), &at).expect("a first link");
    link(Path::new("/new/kubectl"), &at).expect("a second link");
    assert_eq!(std::fs::read_link(&at).expect("a link"), Path::new("/new/kubectl"));
}
