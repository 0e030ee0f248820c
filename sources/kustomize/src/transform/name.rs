use crate::fieldspec::{FieldSpec, Make, apply};
use crate::id::Gvk;
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scalar::Scalar;
use mainstay_diagnostic::codes::kustomize as codes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affix {
    Prefix,
    Suffix,
}

/// Puts a text before or behind the names of all objects, but of those whose names have a meaning elsewhere.
pub(crate) fn affix(
    objects: &mut Objects,
    text: &str,
    which: Affix,
    specs: &[FieldSpec],
) -> Result<(), Problem> {
    objects.iter_mut().try_for_each(|resource| affix_one(resource, text, which, specs))
}

pub(crate) fn affix_one(
    resource: &mut Resource,
    text: &str,
    which: Affix,
    specs: &[FieldSpec],
) -> Result<(), Problem> {
    let id = resource.original_id();
    if !keeps_its_name(&id.gvk) {
        for spec in specs.iter().filter(|spec| spec.matches(&id.gvk)) {
            if spec.path == "metadata/name" && !text.is_empty() {
                match which {
                    Affix::Prefix => resource.prefixes.push(text.to_owned()),
                    Affix::Suffix => resource.suffixes.push(text.to_owned()),
                }
                resource.store_previous()?;
            }
            let gvk = resource.gvk();
            apply(spec, &gvk, &mut resource.node, Make::Scalar, &mut |node| {
                let Node::Scalar(Scalar { text: old, .. }) = &*node else {
                    return Err(Problem::new(&codes::TRANSFORM, "a name must be a scalar"));
                };
                let new = match which {
                    Affix::Prefix => format!("{text}{old}"),
                    Affix::Suffix => format!("{old}{text}"),
                };
                node.assign(Node::untyped(new));
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn keeps_its_name(gvk: &Gvk) -> bool {
    matches!(gvk.kind.as_str(), "CustomResourceDefinition" | "Namespace")
        || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
}

/// Ends the names of generated objects with the hash of their content.
pub(crate) fn add_hashes(objects: &mut Objects) -> Result<(), Problem> {
    for resource in objects.iter_mut().filter(|r| r.needs_hash) {
        let name = format!("{}-{}", resource.name(), resource.content_hash()?);
        resource.store_previous()?;
        resource.set_name(&name);
    }
    Ok(())
}
