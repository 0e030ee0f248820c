use mainstay_object::Object;

/// Whether an object is Flux's own installation: its controllers, their services and policies, its CRDs and its
/// namespace. Mainstay does Flux's work, so it neither applies nor prunes them.
pub fn is_installation(object: &Object) -> bool {
    if object.kind() == "CustomResourceDefinition" {
        return ["toolkit.fluxcd.io", "extensions.fluxcd.io"].iter().any(|suffix| {
            object.name().ends_with(&format!(".{suffix}")) || ends_in_group(object.name(), suffix)
        });
    }
    let part_of_flux = object.label("app.kubernetes.io/part-of") == Some("flux");
    let namespace = if object.kind() == "Namespace" { object.name() } else { object.namespace() };
    let cluster_scoped = object.namespace().is_empty() && object.kind() != "Namespace";
    part_of_flux && (namespace == crate::ENTRY_NAMESPACE || cluster_scoped)
}

/// `kustomizations.kustomize.toolkit.fluxcd.io` is `<plural>.<group>` with a group that ends so.
fn ends_in_group(name: &str, suffix: &str) -> bool {
    name.split_once('.').is_some_and(|(_, group)| group == suffix)
}

/// The label or annotation that keeps an object out of variable substitution where its value is `disabled`.
pub const SUBSTITUTE_SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";
