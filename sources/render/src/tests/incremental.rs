use super::{inputs, tree};
use crate::{Cache, read, read_with};
use mainstay_unit::RenderState;
use mainstay_unit::tree::{MemoryTree, TreePath};
use std::sync::Arc;

const REPOSITORY: &str = "=== a.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Module
metadata: {name: a}
spec: {source: {path: a}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Module
metadata: {name: b}
spec: {source: {path: b}}
=== a/x.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: x}
=== b/kustomization.yaml
resources: [../base]
=== base/kustomization.yaml
resources: [x.yaml]
=== base/x.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: x}
";

#[test]
fn only_what_changed_is_rendered_again() {
    let mut files = tree(REPOSITORY);
    let mut cache = Cache::default();
    let first = read_with(&inputs(files.clone()), &mut cache);
    assert_eq!(cache.rendered(), 2);
    assert_eq!(read_with(&inputs(files.clone()), &mut cache), first);
    assert_eq!(cache.rendered(), 0);
    let mut change = |path: &str, text: &str| {
        files.insert(TreePath::parse(path).unwrap(), text.as_bytes().into());
        let reading = read_with(&inputs(files.clone()), &mut cache);
        assert_eq!(reading, read(&inputs(files.clone())), "{path}");
        cache.rendered()
    };
    assert_eq!(change("README.md", "hello"), 0);
    assert_eq!(
        change("base/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: x}\n"),
        1
    );
    assert_eq!(change("a/y.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d, namespace: x}\n"), 1);
}

fn module(index: usize, value: &str) -> String {
    let after = match index {
        0 => String::new(),
        _ => format!("  dependsOn: [{{kind: Module, name: m{}}}]\n", index - 1),
    };
    format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: m{index}}}\nspec:\n  source: {{path: base}}\n  variables: {{v: {value}, name: m{index}}}\n{after}"
    )
}

#[test]
fn a_commit_that_touches_one_of_many_units_renders_one_and_the_others_are_the_very_same() {
    let mut files = tree(
        "=== base/x.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"${name}\", namespace: x}\ndata: {v: \"${v}\"}\n",
    );
    let put = |files: &mut MemoryTree, index: usize, value: &str| {
        let path = TreePath::parse(&format!("fleet/{}/m{index}.yaml", index % 4)).unwrap();
        files.insert(path, module(index, value).into_bytes().into());
    };
    (0..30).for_each(|index| put(&mut files, index, "one"));
    let mut cache = Cache::default();
    let before = read_with(&inputs(files.clone()), &mut cache);
    assert_eq!((before.units.len(), cache.rendered()), (30, 30));
    put(&mut files, 7, "two");
    let after = read_with(&inputs(files.clone()), &mut cache);
    assert_eq!(cache.rendered(), 1);
    assert_eq!(after, read(&inputs(files)), "whatever was kept, the same is read");
    for (id, unit) in &after.units {
        let old = &before.units[id];
        let same = match (&unit.state, &old.state) {
            (RenderState::Rendered(new), RenderState::Rendered(old)) => Arc::ptr_eq(new, old),
            _ => false,
        };
        assert_eq!(same && Arc::ptr_eq(&unit.unit, &old.unit), id.name != "m7", "{id}");
    }
}
