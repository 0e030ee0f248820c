use crate::config::Config;
use crate::fieldspec::{FieldSpec, Make, apply, merge_specs};
use crate::kustomization::Label;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scalar::Scalar;
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
    objects.iter_mut().try_for_each(|resource| set_entries_of(resource, entries, specs))
}

pub(crate) fn set_entries_of(
    resource: &mut Resource,
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<(), Problem> {
    if !entries.is_empty() {
        let gvk = resource.gvk();
        let first = resource.shares + 1;
        resource.shares += u32::try_from(entries.len()).unwrap_or_default();
        let shared = entries.iter().zip(first..);
        let mut shared: Vec<(&String, Scalar)> = shared
            .map(|((key, value), share)| (key, Scalar { share, ..Scalar::string(value.as_str()) }))
            .collect();
        for spec in specs {
            apply(spec, &gvk, &mut resource.node, Make::Map, &mut |node| {
                if node.as_map().is_none() {
                    let message = format!("expected a map of strings, found {}", node.kind_name());
                    return Err(Problem::new(&codes::TRANSFORM, message));
                }
                // What is set in several places is one value, as long as nothing but fields are set: a patch of a
                // label changes selectors that were given it together.
                for (key, value) in &mut shared {
                    node.set_shared(key, value);
                }
                Ok(())
            })?;
        }
        if shared.iter().any(|(_, value)| value.folded || !value.plain) {
            resource.node.each_scalar(&mut |scalar| {
                if let Some((_, value)) = shared.iter().find(|(_, value)| value.share == scalar.share) {
                    (scalar.plain, scalar.folded) = (value.plain, value.folded);
                }
            });
        }
        resource.settle();
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
