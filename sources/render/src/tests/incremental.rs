use super::{inputs, tree};
use crate::{Cache, read, read_with};
use mainstay_unit::tree::TreePath;

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
