use crate::fieldspec::{FieldSpec, Make, apply};
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;

/// Which subjects of role bindings move into the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subjects {
    /// Those named `default`.
    #[default]
    Default,
    ServiceAccounts,
    None,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Namespace<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) specs: &'a [FieldSpec],
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

impl Namespace<'_> {
    /// Moves all objects that can be in a namespace into one.
    pub(crate) fn transform(self, objects: &mut Objects) -> Result<(), Problem> {
        let mut step = self.step(objects);
        objects.iter_mut().try_for_each(&mut step)
    }

    /// Moves one object after the other, of all that there are.
    pub(crate) fn step<'s>(
        self,
        objects: &mut Objects,
    ) -> impl FnMut(&mut Resource) -> Result<(), Problem> + 's
    where
        Self: 's,
    {
        let mut present = objects.counted();
        move |resource| {
            if self.namespace.is_empty() {
                return Ok(());
            }
            if let Some(count) = present.get_mut(&resource.id().key()) {
                *count -= 1;
            }
            resource.store_previous()?;
            self.set(resource)?;
            let id = resource.id();
            let count = present.entry(id.key()).or_default();
            *count += 1;
            if *count > 1 {
                let message = format!("the namespace {} makes two objects one: {id}", self.namespace);
                return Err(Problem::new(&codes::TRANSFORM, message));
            }
            Ok(())
        }
    }

    fn set(self, resource: &mut Resource) -> Result<(), Problem> {
        let gvk = resource.gvk();
        let mut set = |node: &mut Node| {
            if self.unset_only && !node.is_null() && !node.text().is_empty() {
                return Ok(());
            }
            match node {
                Node::Scalar(_) => {
                    node.assign(Node::string(self.namespace));
                    Ok(())
                }
                Node::Seq(_) | Node::Map(_) => {
                    Err(Problem::new(&codes::TRANSFORM, "a namespace must be a scalar"))
                }
            }
        };
        if !resource.is_cluster_scoped(&gvk) {
            apply(
                &FieldSpec::path("metadata/namespace", true),
                &gvk,
                &mut resource.node,
                Make::Scalar,
                &mut set,
            )?;
        }
        let binding = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if binding
            && self.subjects != Subjects::None
            && let Some(Node::Seq(subjects)) = resource.node.get_mut("subjects")
        {
            let (field, wanted) = match self.subjects {
                Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
                Subjects::Default | Subjects::None => ("name", "default"),
            };
            for subject in subjects {
                if subject.get(field).is_some_and(|n| n.text() == wanted)
                    && let Some(namespace) = subject.get_or_insert("namespace", || Node::untyped(""))
                {
                    set(namespace)?;
                }
            }
        }
        let own_version = resource.api_version() == "v1";
        for spec in self.specs {
            let handled = spec.path == "metadata/namespace"
                || (spec.path == "metadata/name" && !own_version)
                || (binding
                    && spec.path == "subjects/namespace"
                    && matches!(spec.kind.as_str(), "RoleBinding" | "ClusterRoleBinding"));
            if !handled {
                apply(spec, &gvk, &mut resource.node, Make::Scalar, &mut set)?;
            }
        }
        Ok(())
    }
}
