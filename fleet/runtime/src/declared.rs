//! What a ConfigMap will hold where no cluster can be asked: what the repository itself says of it. The daemon asks the
//! cluster; there the object is, once whoever declares it is applied.

use mainstay_unit::{Content, Reading, Reference, ReferenceKind, RenderState, Target};

/// Nothing for a Secret, whose content a preview must not need, nor where units say different things.
pub(crate) fn content(reading: &Reading, reference: &Reference) -> Option<Content> {
    if reference.kind != ReferenceKind::ConfigMap {
        return None;
    }
    let units = reading.units.values().filter(|unit| unit.unit.target == Target::Management);
    let rendered = units.filter_map(|unit| match &unit.state {
        RenderState::Rendered(rendered) => Some(rendered),
        RenderState::NotRendered { .. } | RenderState::Failed { .. } => None,
    });
    let mut found = rendered.flat_map(|rendered| &rendered.objects).filter(|object| {
        let key = &object.key;
        let kind = key.group_kind();
        kind.group.is_empty()
            && kind.kind == "ConfigMap"
            && key.name() == reference.name
            && key.namespace() == reference.namespace
    });
    let (object, None) = (found.next()?.object(), found.next()) else { return None };
    let data = object.value().get("data").and_then(|data| data.as_object());
    let text = |(key, value): (&String, &mainstay_object::Value)| {
        Some((key.clone(), value.as_str().map(str::to_owned)?))
    };
    data.map_or(Some(Content::default()), |data| data.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::content;
    use mainstay_render::{Checkout, Inputs, read};
    use mainstay_unit::tree::{MemoryTree, TreePath};
    use mainstay_unit::{Reading, Reference, ReferenceKind};
    use std::sync::Arc;

    fn reading(objects: &str, more: &str) -> Reading {
        let unit = |name: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
                 spec: {{interval: 10m, prune: true, path: ./{name}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n---\n"
            )
        };
        let files = [
            ("kustomization.yaml", "resources: [a.yaml]\n"),
            ("a.yaml", &format!("{}{}", unit("a"), unit("b"))),
            ("a/x.yaml", objects),
            ("b/x.yaml", more),
        ];
        let tree =
            files.into_iter().fold(MemoryTree::new(), |tree, (path, text)| tree.with(path, text).unwrap());
        read(&Inputs::new(Checkout { revision: "1".into(), tree: Arc::new(tree) }, TreePath::root()))
    }

    #[test]
    fn a_config_map_holds_what_the_one_unit_that_declares_it_says() {
        let object = |kind: &str, name: &str, value: &str| {
            format!(
                "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: x}}\ndata: {{a: '{value}'}}\n---\n"
            )
        };
        let asked = |kind, name: &str| Reference { kind, namespace: "x".into(), name: name.into() };
        let map = |name: &str| asked(ReferenceKind::ConfigMap, name);
        let one = reading(&object("ConfigMap", "vars", "1"), &object("Secret", "vars", "MQ=="));
        assert_eq!(content(&one, &map("vars")), Some([("a", "1")].into()));
        assert_eq!(content(&one, &map("others")), None);
        assert_eq!(content(&one, &asked(ReferenceKind::Secret, "vars")), None);
        let elsewhere = Reference { namespace: "y".into(), ..map("vars") };
        assert_eq!(content(&one, &elsewhere), None);
        let two = reading(&object("ConfigMap", "vars", "1"), &object("ConfigMap", "vars", "2"));
        assert_eq!(content(&two, &map("vars")), None);
    }
}
