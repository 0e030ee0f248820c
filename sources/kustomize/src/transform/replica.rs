use crate::fieldspec::{FieldSpec, Make, apply};
use crate::id::Id;
use crate::kustomization::Replica;
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::scalar::{Scalar, Tag};
use mainstay_diagnostic::codes::kustomize as codes;

/// Sets the number of replicas of the workloads that have or had a name.
pub(crate) fn set_replicas(
    objects: &mut Objects,
    replica: &Replica,
    specs: &[FieldSpec],
) -> Result<(), Problem> {
    let mut found = false;
    for spec in specs {
        for at in objects.positions(|id| id.name == replica.name && spec.matches(&id.gvk)) {
            found = true;
            let Some(resource) = objects.get_mut(at) else { continue };
            let gvk = resource.gvk();
            apply(spec, &gvk, &mut resource.node, Make::Scalar, &mut |node| {
                if node.as_scalar().is_none() {
                    return Err(Problem::new(&codes::TRANSFORM, "a number of replicas must be a scalar"));
                }
                node.assign(Node::Scalar(Scalar::tagged(Tag::Int, replica.count.to_string())));
                Ok(())
            })?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<&str> = specs.iter().map(|s| s.kind.as_str()).collect();
    let message = format!("no object with replicas is called {:?}", replica.name);
    let problem = Problem::new(&codes::NO_TARGET, message);
    let counts = |id: &Id| specs.iter().any(|spec| spec.matches(&id.gvk));
    Err(match objects.closest_of(counts, &replica.name) {
        Some(near) => problem.hint(format!("the closest one is {near}")),
        None => problem.hint(format!("kinds that count: {}", kinds.join(", "))),
    })
}
