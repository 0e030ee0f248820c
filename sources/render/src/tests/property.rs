use super::{inputs, tree};
use crate::read;
use proptest::prelude::*;

fn line() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "apiVersion: mainstay.dev/v1alpha1",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1",
        "apiVersion: v1",
        "kind: Module",
        "kind: Tenant",
        "kind: Cluster",
        "kind: Kustomization",
        "kind: ConfigMap",
        "metadata: {name: a, namespace: b}",
        "metadata: {name: a}",
        "spec: {source: {path: x}, clusters: {selector: {}}}",
        "spec: {class: embedded}",
        "spec: {interval: 1m, prune: true, path: x, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}",
        "spec: {interval: 1m, prune: true, path: ., namePrefix: p-, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}",
        "spec: {dependsOn: [{kind: Module, name: a}], source: {}}",
        "resources: [x, y.yaml]",
        "---",
        "- x",
        "{{",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_repository_is_read_without_a_panic_and_alike(
        files in prop::collection::vec((prop::sample::select(vec!["a.yaml", "kustomization.yaml", "x/b.yaml", "x/kustomization.yaml"]), prop::collection::vec(line(), 0..9)), 0..5)
    ) {
        let text: String = files.iter().map(|(path, lines)| format!("=== {path}\n{}\n", lines.join("\n"))).collect();
        let inputs = inputs(tree(&text));
        prop_assert_eq!(read(&inputs), read(&inputs));
    }
}
