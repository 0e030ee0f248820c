use crate::config::Config;
use crate::fieldspec::{FieldSpec, Make, apply, merge_specs};
use crate::kustomization::Label;
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use std::collections::BTreeMap;

/// Sets entries of the maps at the specs' paths: labels and annotations.
pub(crate) fn set_entries(
    objects: &mut Objects,
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<(), Problem> {
    if entries.is_empty() {
        return Ok(());
    }
    for resource in objects.iter_mut() {
        let gvk = resource.gvk();
        for spec in specs {
            apply(spec, &gvk, &mut resource.node, Make::Map, &mut |node| {
                if node.as_map().is_none() {
                    let message = format!("expected a map of strings, found {}", node.kind_name());
                    return Err(Problem::new(&codes::TRANSFORM, message));
                }
                for (key, value) in entries {
                    node.set(key, Node::string(value.as_str()));
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Where the labels of an entry of `labels` go.
pub(crate) fn label_specs(label: &Label, config: &Config) -> Result<Vec<FieldSpec>, Problem> {
    let mut specs = label.fields.clone();
    merge_specs(&mut specs, &config.labels)?;
    if label.include_selectors {
        merge_specs(&mut specs, &config.common_labels)?;
    } else {
        if label.include_templates {
            merge_specs(&mut specs, &config.template_labels)?;
        }
        merge_specs(&mut specs, &[FieldSpec::path("metadata/labels", true)])?;
    }
    Ok(specs)
}
