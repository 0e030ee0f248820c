use super::{parse, told};
use crate::{Declaration, Generator, compose};
use mainstay_unit::tree::{MemoryTree, Tree, TreePath};
use std::collections::BTreeMap;
use std::sync::Arc;

fn generator(copies: &str) -> crate::Read {
    parse(&format!(
        "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {{name: g, namespace: ns}}\nspec:\n  \
         sources: [{{alias: repo, kind: GitRepository, name: r}}]\n  artifacts:\n  - name: out\n    copy:\n{copies}"
    ))
    .unwrap()
}

fn files(copies: &str) -> Result<Vec<(String, String)>, String> {
    let read = generator(copies);
    assert_eq!(told(&read), Vec::<String>::new());
    let Declaration::Generator(Generator { artifacts, .. }) = read.declaration else { panic!("a generator") };
    let source = MemoryTree::new()
        .with("apps/base/a.yaml", "a")
        .and_then(|t| t.with("apps/base/sub/b.yaml", "b"))
        .and_then(|t| t.with("apps/base/sub/notes.md", "m"))
        .and_then(|t| t.with("values.yaml", "x: {m: 1, z: [1]}\n"))
        .and_then(|t| t.with("prod.yaml", "x: {m: 2, z: [3]}\n"))
        .unwrap();
    let trees: BTreeMap<String, Arc<dyn Tree>> = BTreeMap::from([("repo".into(), Arc::new(source) as _)]);
    let tree = compose(&artifacts[0], &trees).map_err(|e| e.message)?.tree;
    let mut out = Vec::new();
    let mut open = vec![TreePath::root()];
    while let Some(folder) = open.pop() {
        for (name, entry) in tree.list(&folder).unwrap() {
            let path = folder.join(&name).unwrap();
            if entry.kind.is_file() {
                let text = String::from_utf8(tree.read(&path).unwrap().to_vec()).unwrap();
                out.push((path.to_string(), text));
            } else {
                open.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

fn names(copies: &str) -> Vec<String> {
    files(copies).unwrap().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn copies_mean_what_cp_means() {
    let cases = [
        ("    - {from: '@repo/values.yaml', to: '@artifact/x.yaml'}\n", &["x.yaml"][..]),
        ("    - {from: '@repo/values.yaml', to: '@artifact/d/'}\n", &["d/values.yaml"]),
        (
            "    - {from: '@repo/apps/base/', to: '@artifact/d/'}\n",
            &["d/base/a.yaml", "d/base/sub/b.yaml", "d/base/sub/notes.md"],
        ),
        ("    - {from: '@repo/apps/base/**', to: '@artifact/'}\n", &["a.yaml", "sub/b.yaml", "sub/notes.md"]),
        (
            "    - {from: '@repo/apps/base/**', to: '@artifact/', exclude: ['*.md']}\n",
            &["a.yaml", "sub/b.yaml"],
        ),
        ("    - {from: '@repo/apps/base/**', to: '@artifact/', exclude: ['sub/**']}\n", &["a.yaml"]),
        ("    - {from: '@repo/apps/*/*.yaml', to: '@artifact/d/'}\n", &["d/apps/base/a.yaml"]),
    ];
    for (copies, expected) in cases {
        assert_eq!(names(copies), expected, "{copies}");
    }
}

#[test]
fn merging_replaces_lists_and_keeps_the_rest() {
    let copies = "    - {from: '@repo/values.yaml', to: '@artifact/v.yaml'}\n    - {from: '@repo/prod.yaml', to: '@artifact/v.yaml', strategy: Merge}\n";
    assert_eq!(files(copies).unwrap(), [("v.yaml".to_owned(), "x:\n  m: 2\n  z:\n  - 3\n".to_owned())]);
}

#[test]
fn what_matches_nothing_is_an_error() {
    assert!(files("    - {from: '@repo/none/**', to: '@artifact/'}\n").is_err());
    assert!(files("    - {from: '@repo/none.yaml', to: '@artifact/'}\n").is_err());
    assert!(files("    - {from: '@repo/values.yaml', to: '@artifact/', strategy: Extract}\n").is_err());
}

#[test]
fn aliases_patterns_and_destinations_are_checked() {
    let cases = [
        ("    - {from: '@other/x', to: '@artifact/'}\n", "no source has the alias other"),
        ("    - {from: 'repo/x', to: '@artifact/'}\n", "must be @alias/path"),
        ("    - {from: '@repo/[x', to: '@artifact/'}\n", "is not a valid pattern"),
        ("    - {from: '@repo/x', to: 'x'}\n", "must start with @artifact/"),
        ("    - {from: '@repo/x', to: '@artifact/../../x'}\n", "leads out of the artifact"),
    ];
    for (copies, expected) in cases {
        let told = told(&generator(copies));
        assert!(told.len() == 1 && told[0].contains(expected), "{told:?}");
    }
}
