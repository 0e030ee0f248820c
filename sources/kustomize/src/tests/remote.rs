//! Folders of other repositories, at commits.
use crate::{Build, Refused, RemoteBase, build, emit};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::tree::{MemoryTree, Tree, TreePath};
use std::cell::RefCell;
use std::sync::Arc;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    files.iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with(path, text).expect("a path"))
}

/// What was asked for, and what came of it.
fn ask(files: &[(&str, &str)], elsewhere: &[(&str, &str)]) -> (Vec<RemoteBase>, Result<String, String>) {
    let (tree, there) = (tree(files), Arc::new(tree(elsewhere)));
    let asked = RefCell::new(Vec::new());
    let remote = |base: &RemoteBase| {
        asked.borrow_mut().push(base.clone());
        Ok(Some(there.clone() as Arc<dyn Tree>))
    };
    let root = TreePath::root();
    let built = build(&Build { remote: Some(&remote), ..Build::new(&tree, &root) });
    let built = match built {
        Ok(built) => Ok(emit(&built.objects)),
        Err(failed) => Err(failed
            .diagnostics
            .iter()
            .map(|d| format!("{d} {}\n", d.hint.as_deref().unwrap_or_default()))
            .collect()),
    };
    (asked.into_inner(), built)
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: there\n";

fn resources(named: &str) -> String {
    format!("namePrefix: p-\nresources:\n- {named}\n")
}

#[test]
fn a_folder_of_another_repository_is_built_where_its_commit_is_named() {
    let there = [
        ("deploy/kustomization.yaml", "resources: [own]\n"),
        ("deploy/own/kustomization.yaml", "resources: [map.yaml]\n"),
        ("deploy/own/map.yaml", MAP),
    ];
    let named = format!("https://github.com/org/repo//deploy?ref={COMMIT}");
    let (asked, built) = ask(&[("kustomization.yaml", &resources(&named))], &there);
    assert_eq!(asked, [RemoteBase { url: "https://github.com/org/repo".into(), commit: COMMIT.into() }]);
    assert_eq!(built.as_deref(), Ok("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-there\n"));
}

#[test]
fn a_component_of_another_repository_changes_what_is_here() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n";
    let kustomization =
        format!("resources: [map.yaml]\ncomponents:\n- git@example.com:org/repo?ref={COMMIT}\n");
    let here = [("kustomization.yaml", kustomization.as_str()), ("map.yaml", MAP)];
    let (asked, built) = ask(&here, &[("kustomization.yaml", component)]);
    assert_eq!(asked[0].url, "git@example.com:org/repo");
    assert!(built.is_ok_and(|text| text.contains("name: there-c\n")));
}

#[test]
fn urls_are_taken_apart_as_kustomize_does() {
    for (named, url, path) in [
        ("github.com/org/repo/a/b", "https://github.com/org/repo", "a/b"),
        ("git::https://GitHub.com/org/repo.git/a", "https://github.com/org/repo.git", "a"),
        ("git@github.com:org/repo//a", "git@github.com:org/repo", "a"),
        ("ssh://git@github.com/org/repo/a", "git@github.com:org/repo", "a"),
        ("ssh://git@Example.com/org/repo/a", "ssh://git@example.com/org/repo", "a"),
        ("https://example.com/org/repo/a", "https://example.com/org/repo", "a"),
        ("https://example.com:8443/deep/er/repo.git//a", "https://example.com:8443/deep/er/repo.git", "a"),
        ("https://dev.azure.com/org/project/_git/repo/a", "https://dev.azure.com/org/project/_git/repo", "a"),
        ("file:///srv/repo//a", "file:///srv/repo", "a"),
    ] {
        let file = format!("{path}/kustomization.yaml");
        let there = [(file.as_str(), "configMapGenerator: [{name: m}]\n")];
        let (asked, built) =
            ask(&[("kustomization.yaml", &resources(&format!("{named}?ref={COMMIT}")))], &there);
        assert_eq!(asked.first().map(|base| base.url.as_str()), Some(url), "{named}: {built:?}");
        assert!(built.is_ok(), "{named}: {built:?}");
    }
}

#[test]
fn what_is_not_pinned_or_is_no_repository_is_refused_with_a_way_out() {
    for (named, says) in [
        ("https://github.com/org/repo//a?ref=v1.2.3", "pin it to a commit"),
        ("https://github.com/org/repo//a", "names no commit"),
        ("https://github.com/org/repo//a?ref=0123456", "a part of a commit"),
        ("https://example.com/install.yaml", "commit it to the repository"),
        ("https://user:secret@example.com/org/repo?ref=COMMIT", "is no URL of a Git repository"),
        ("https://token@example.com/org/repo?ref=COMMIT", "is no URL of a Git repository"),
        ("https://example.com/org/%2e%2e/repo?ref=COMMIT", "not allowed"),
        ("https://example.com/org/../repo//a?ref=COMMIT", "leads out"),
        ("https://example.com/org/repo//../a?ref=COMMIT", "leads nowhere"),
        ("https://example.com?ref=COMMIT", "is no URL of a Git repository"),
    ] {
        let named = named.replace("COMMIT", COMMIT);
        let (asked, built) = ask(&[("kustomization.yaml", &resources(&named))], &[]);
        let error = built.expect_err("an error");
        assert!(
            asked.is_empty() && error.contains(says) && error.contains(codes::REMOTE.id),
            "{named}: {error}"
        );
        assert!(error.starts_with("kustomization.yaml:3:3: "), "{error}");
    }
}

#[test]
fn files_of_the_web_are_refused_wherever_they_are_named() {
    let url = "https://example.com/5bf921a7b553df4dde59a186549f450b6c306be8/dashboard.json";
    for kustomization in [
        format!("configMapGenerator:\n- name: m\n  files: ['{url}']\n"),
        format!("configMapGenerator:\n- name: m\n  files: ['key={url}']\n"),
        format!("resources: [map.yaml]\npatches:\n- path: {url}\n"),
        format!("resources: [map.yaml]\npatchesStrategicMerge:\n- {url}\n"),
        format!("resources: [map.yaml]\ncrds:\n- {url}\n"),
    ] {
        let (asked, built) = ask(&[("kustomization.yaml", &kustomization), ("map.yaml", MAP)], &[]);
        let error = built.expect_err("an error");
        assert!(
            asked.is_empty() && error.contains(codes::REMOTE.id) && error.contains("commit it"),
            "{error}"
        );
    }
}

#[test]
fn a_problem_in_another_repository_has_its_place_there() {
    let named = format!("https://github.com/org/repo//a?ref={COMMIT}");
    let there = [("a/kustomization.yaml", "resources: [b.yaml]\nnamePreefix: x\n")];
    let (_, built) = ask(&[("kustomization.yaml", &resources(&named))], &there);
    let error = built.expect_err("an error");
    assert!(
        error.starts_with("https://github.com/org/repo@0123456789ab:a/kustomization.yaml:2:1: "),
        "{error}"
    );
}

#[test]
fn a_repository_that_names_itself_ends_at_the_limit() {
    let named = format!("https://github.com/org/repo?ref={COMMIT}");
    let itself = format!("resources: ['{named}']\n");
    let (asked, built) = ask(&[("kustomization.yaml", &itself)], &[("kustomization.yaml", &itself)]);
    assert!(asked.len() < 100 && built.is_err_and(|error| error.contains(codes::LIMIT.id)));
}

#[test]
fn a_prefix_holds_for_its_host_and_whole_parts_of_its_path() {
    for (url, prefix, below) in [
        ("https://github.com/org/repo", "https://github.com/org", true),
        ("https://github.com/org/repo", "https://github.com/org/", true),
        ("https://github.com/org/repo", "https://github.com/org/repo", true),
        ("https://github.com/org/repo", "https://GitHub.com/", true),
        ("https://github.com/org/repo.git", "https://github.com/org/repo", true),
        ("https://github.com/org.git", "https://github.com/org/", false),
        ("https://github.com/org.git/repo", "https://github.com/org", false),
        ("https://github.com/org/repo", "https://github.com/or", false),
        ("https://github.com/org/repo", "https://github.com/org/rep", false),
        ("https://github.com/org-evil/repo", "https://github.com/org", false),
        ("https://github.com/Org/repo", "https://github.com/org", false),
        ("https://github.com/org/repo", "https://github.co", false),
        ("https://github.com.evil.example/org/repo", "https://github.com", false),
        ("https://github.com:8443/org/repo", "https://github.com", false),
        ("https://evil.example/github.com/org", "https://github.com", false),
        ("http://github.com/org/repo", "https://github.com/", false),
        ("https://github.com/org/repo", "https://", false),
        ("https://github.com/org/repo", "https:", false),
        ("https://github.com/org/repo", "", false),
        ("git@github.com:org/repo", "git@github.com:", true),
        ("git@github.com:org/repo", "git@github.com:org", true),
        ("git@github.com:org/repo", "github.com:org", false),
        ("file:///srv/git/repo", "file:///srv/git", true),
        ("file:///srv/git/repo", "file:///srv/gi", false),
    ] {
        let base = RemoteBase { url: url.into(), commit: COMMIT.into() };
        assert_eq!(base.is_below(&[prefix.to_owned()]), below, "{url} below {prefix}");
    }
}

#[test]
fn whoever_is_asked_may_refuse_with_a_way_out_or_not_know_yet() {
    let two = ["a", "b"].map(|repo| format!("- https://github.com/org/{repo}?ref={COMMIT}\n")).concat();
    let tree = tree(&[("kustomization.yaml", &format!("resources:\n{two}"))]);
    let root = TreePath::root();
    let refuse = |_: &RemoteBase| Err(Refused::new("it is not allowed", "allow it"));
    let failed = build(&Build { remote: Some(&refuse), ..Build::new(&tree, &root) }).expect_err("an error");
    let first = failed.diagnostics.iter().next().expect("a diagnostic");
    assert_eq!(
        (first.message.as_str(), first.hint.as_deref()),
        ("https://github.com/org/a@0123456789ab can't be had: it is not allowed", Some("allow it"))
    );
    let asked = RefCell::new(0);
    let unknown = |_: &RemoteBase| {
        *asked.borrow_mut() += 1;
        Ok(None)
    };
    let built = build(&Build { remote: Some(&unknown), ..Build::new(&tree, &root) });
    assert!(built.is_ok_and(|built| built.objects.is_empty()));
    assert_eq!(asked.into_inner(), 2, "everything is asked for at once");
}
