use super::rules::Rules;
use super::{Exclusion, IgnoreFiles, artifact_of, without_ignored};
use mainstay_unit::tree::{EntryKind, MemoryTree, Tree, TreePath};
use serde_json::Value;
use std::sync::Arc;

/// Answers of fluxcd/pkg/sourceignore: ignore files by folder, then paths, whether each is a folder and left out.
const CASES: &str = include_str!("cases.jsonl");

#[test]
fn patterns_leave_out_what_they_leave_out_upstream() {
    let mut seen = [0, 0];
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut rules = Rules::default();
        for file in case[0].as_array().unwrap() {
            rules.file(TreePath::parse(file[0].as_str().unwrap()).unwrap(), file[1].as_str().unwrap());
        }
        for ask in case[1].as_array().unwrap() {
            let path = TreePath::parse(ask[0].as_str().unwrap()).unwrap();
            let expected = ask[2].as_bool().unwrap();
            assert_eq!(rules.leave_out(&path, ask[1].as_bool().unwrap()), expected, "{ask} by {}", case[0]);
            if expected && !rules.may_include_below(&path) {
                assert!(rules.leave_out(&path.join("new").unwrap(), false), "{ask} by {}", case[0]);
            }
            seen[usize::from(expected)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 300), "{seen:?}");
}

fn repository(files: &[(&str, &str)]) -> Arc<dyn Tree> {
    let tree = MemoryTree::new();
    Arc::new(files.iter().fold(tree, |tree, (path, text)| tree.with(path, text).unwrap()))
}

/// Every file that can be reached by listing, each of which must be there when asked for by name.
fn files(tree: &dyn Tree) -> Vec<String> {
    let mut open = vec![TreePath::root()];
    let mut out = Vec::new();
    while let Some(folder) = open.pop() {
        for (name, entry) in tree.list(&folder).unwrap() {
            let path = folder.join(&name).unwrap();
            assert_eq!(tree.entry(&path).unwrap(), Some(entry.clone()), "{path}");
            match entry.kind {
                EntryKind::Folder => open.push(path),
                EntryKind::File | EntryKind::Executable | EntryKind::Symlink | EntryKind::Submodule => {
                    tree.read(&path).unwrap();
                    out.push(path.to_string());
                }
            }
        }
    }
    out.sort();
    out
}

fn left(
    files_: &[(&str, &str)],
    ignore: Option<&str>,
    sparse: Option<&[&str]>,
) -> Result<Vec<String>, String> {
    let exclusion = Exclusion {
        ignore: ignore.map(str::to_owned),
        sparse: sparse.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect()),
    };
    let tree = artifact_of(&repository(files_), &exclusion, &mut IgnoreFiles::default())?;
    Ok(files(tree.as_ref()))
}

const PLAIN: [(&str, &str); 6] = [
    (".github/workflows/ci.yaml", ""),
    (".gitignore", ""),
    ("apps/.sops.yaml", ""),
    ("apps/logo.png", ""),
    ("apps/web.yaml", ""),
    ("charts/web/Chart.yaml", ""),
];

#[test]
fn pictures_archives_and_settings_of_other_tools_are_left_out_where_nobody_says_more() {
    assert_eq!(left(&PLAIN, None, None).unwrap(), ["apps/web.yaml", "charts/web/Chart.yaml"]);
    let mut own = PLAIN.to_vec();
    own.push((".sourceignore", "charts/\n"));
    assert_eq!(
        left(&own, None, None).unwrap(),
        [".github/workflows/ci.yaml", ".sourceignore", "apps/.sops.yaml", "apps/logo.png", "apps/web.yaml"]
    );
    own.pop();
    own.push((".sourceignore", "# nothing but words\n\n"));
    assert_eq!(left(&own, None, None).unwrap(), [".sourceignore", "apps/web.yaml", "charts/web/Chart.yaml"]);
}

#[test]
fn a_source_lets_in_again_what_its_repository_leaves_out() {
    let ignore = "/*\n!/apps\n/apps/**/*.png\n";
    assert_eq!(left(&PLAIN, Some(ignore), None).unwrap(), ["apps/.sops.yaml", "apps/web.yaml"]);
    let below = [("a/.sourceignore", "*.txt\n"), ("a/x.txt", ""), ("a/b/y.txt", ""), ("x.txt", "")];
    assert_eq!(left(&below, None, None).unwrap(), ["a/.sourceignore", "x.txt"]);
    assert_eq!(left(&below, Some("!y.txt"), None).unwrap(), ["a/.sourceignore", "a/b/y.txt", "x.txt"]);
    let deep = [("k/a/b/c.yaml", ""), ("k/d.yaml", ""), ("l/e.yaml", "")];
    assert_eq!(left(&deep, Some("/*\n!**/b\n"), None).unwrap(), ["k/a/b/c.yaml"]);
}

#[test]
fn a_sparse_checkout_holds_what_begins_with_a_path() {
    let repository = [
        (".sourceignore", "*.txt\n"),
        ("charts/web/Chart.yaml", ""),
        ("charts/web/notes.txt", ""),
        ("charts-old/Chart.yaml", ""),
        ("kustomize/base.yaml", ""),
        ("README.md", ""),
    ];
    let all = ["charts-old/Chart.yaml", "charts/web/Chart.yaml", "charts/web/notes.txt"];
    assert_eq!(left(&repository, None, Some(&["./charts"])).unwrap(), all);
    assert_eq!(left(&repository, None, Some(&["charts/"])).unwrap(), all[1..]);
    assert_eq!(left(&repository, None, Some(&["charts/web", "kustomize"])).unwrap().len(), 3);
    assert_eq!(left(&repository, None, Some(&[])).unwrap().len(), 5);
    assert_eq!(left(&repository, Some("Chart.yaml"), Some(&["charts/"])).unwrap(), ["charts/web/notes.txt"]);
    let error = left(&repository, None, Some(&["chart/web"])).unwrap_err();
    assert_eq!(error, "sparseCheckout: the folder chart/web does not exist in the repository");
    let error = left(&repository, None, Some(&["../x"])).unwrap_err();
    assert_eq!(error, "sparseCheckout: the path \"../x\" leads out of the repository");
}

#[test]
fn what_leaves_files_out_changes_the_tree_and_its_folders() {
    let tree = repository(&PLAIN);
    let apps = TreePath::parse("apps").unwrap();
    let mut known = IgnoreFiles::default();
    let mut of = |ignore: &str| {
        let exclusion = Exclusion { ignore: Some(ignore.to_owned()), sparse: None };
        let view = artifact_of(&tree, &exclusion, &mut known).unwrap();
        (view.id(), view.entry(&apps).unwrap().unwrap().id)
    };
    let (a, b) = (of("*.png"), of("*.yaml"));
    assert!(a.0 != b.0 && a.1 != b.1 && a.1 != tree.entry(&apps).unwrap().unwrap().id, "{a:?} {b:?}");
    assert_eq!(a, of("*.png"));
}

#[test]
fn without_an_ignore_file_the_platform_is_read_as_it_is() {
    let mut known = IgnoreFiles::default();
    let tree = repository(&PLAIN);
    assert!(Arc::ptr_eq(&without_ignored(&tree, &mut known), &tree));
    let tree = repository(&[("a/.sourceignore", "old\n"), ("a/old/x.yaml", ""), ("a/x.png", "")]);
    let view = without_ignored(&tree, &mut known);
    assert_eq!(files(view.as_ref()), ["a/.sourceignore", "a/x.png"]);
    assert!(view.list(&TreePath::parse("a/old").unwrap()).is_err());
    assert!(view.read(&TreePath::parse("a/old/x.yaml").unwrap()).is_err());
    // Of the folder that was known before, another one is made of the same.
    let next =
        repository(&[("a/.sourceignore", "old\n"), ("a/old/x.yaml", ""), ("a/x.png", ""), ("b.yaml", "")]);
    assert_eq!(files(without_ignored(&next, &mut known).as_ref()).len(), 3);
}

#[test]
fn an_ignore_file_that_cannot_be_read_closes_its_folder_and_no_other() {
    let path = |text: &str| TreePath::parse(text).unwrap();
    let mut link = MemoryTree::new().with("a/x.yaml", "").unwrap();
    link.insert_symlink(path("a/.sourceignore"), "/etc/passwd");
    let with =
        |text: &str| MemoryTree::new().with("a/x.yaml", "").unwrap().with("a/.sourceignore", text).unwrap();
    let deep = format!("a/{}x.yaml", "b/".repeat(70));
    for (tree, why) in [
        (link, "a/.sourceignore is no file, and links are not followed"),
        (with(&"#".repeat((1 << 16) + 1)), "a/.sourceignore has 65537 bytes; the limit is 65536"),
        (with(&"*".repeat(4097)), "a pattern of what is left out has more than 4096 bytes"),
        (with(&"x\n".repeat(1001)), "more than 1000 patterns leave files out"),
        (
            MemoryTree::new().with(&deep, "").unwrap(),
            "more than 64 folders deep, or more than 500000 folders",
        ),
    ] {
        let tree: Arc<dyn Tree> = Arc::new(tree.with("b/y.yaml", "").unwrap());
        for view in [
            without_ignored(&tree, &mut IgnoreFiles::default()),
            artifact_of(&tree, &Exclusion::default(), &mut IgnoreFiles::default()).unwrap(),
        ] {
            let names: Vec<String> =
                view.list(&TreePath::root()).unwrap().into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["a", "b"]);
            assert!(view.read(&path("b/y.yaml")).is_ok());
            let below = if why.contains("deep") { path(&deep) } else { path("a/x.yaml") };
            let error = view.read(&below).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!("can't be read: what is left out of it can't be told: {why}")),
                "{error}"
            );
            assert!(view.list(&below.parent().unwrap()).is_err());
            assert!(view.entry(&below).is_err());
        }
    }
    let exclusion = Exclusion { ignore: Some("x\n".repeat(1001)), sparse: None };
    let tree = repository(&PLAIN);
    let error = artifact_of(&tree, &exclusion, &mut IgnoreFiles::default()).err().unwrap();
    assert_eq!(error, "more than 1000 patterns leave files out");
}
