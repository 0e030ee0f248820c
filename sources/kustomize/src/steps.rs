//! What one kustomization does to its objects, in kustomize's order.
use crate::build::{Accumulated, Builder, builtin_in, plugin_of};
use crate::document;
use crate::kustomization::ReplacementField;
use crate::node::Node;
use crate::objects::Objects;
use crate::origin;
use crate::plugin;
use crate::problem::Problem;
use crate::target::Target;
use crate::transform::{image, labels, name, namespace, patch, replacement, replica};
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;

impl Builder<'_> {
    pub(crate) fn transform(&self, target: &Target, all: &mut Accumulated) -> Result<(), Diagnostics> {
        let k = &target.kustomization;
        let config = all.config();
        let objects = &mut all.objects;
        let record = self.recording.get().is_on();
        let note = |objects: &mut Objects, kind: &str, pointer: &str| {
            if !record {
                return Ok(());
            }
            origin::transformed_by(objects, &builtin_in(target, kind)).map_err(|p| target.fault(p, pointer))
        };
        for (at, entry) in k.patches_strategic_merge.iter().enumerate() {
            let pointer = format!("/patchesStrategicMerge/{at}");
            let patches = match document::inline(entry, &target.location(&pointer), &self.loader.limits) {
                Some(mut patches) => {
                    self.schema.scope(&mut patches);
                    patches
                }
                None => self.documents(target, entry, &pointer)?,
            };
            for patch in &patches {
                patch::merge_legacy(objects, patch, &self.schema.table())
                    .map_err(|p| target.fault(p, &pointer))?;
            }
        }
        if !k.patches_strategic_merge.is_empty() {
            note(objects, "PatchStrategicMergeTransformer", "/patchesStrategicMerge")?;
        }
        for (at, entry) in k.patches.iter().enumerate() {
            let pointer = format!("/patches/{at}");
            self.patch(target, objects, entry, &pointer)?;
            note(objects, "PatchTransformer", &pointer)?;
        }
        let of = |namespace| namespace::Namespace {
            namespace,
            specs: &config.namespace,
            unset_only: false,
            subjects: namespace::Subjects::Default,
        };
        if !k.namespace.is_empty() {
            of(&k.namespace).transform(objects).map_err(|p| target.fault(p, "/namespace"))?;
            note(objects, "NamespaceTransformer", "/namespace")?;
        }
        if !k.name_prefix.is_empty() {
            name::affix(objects, &k.name_prefix, name::Affix::Prefix, &config.name_prefix)
                .map_err(|p| target.fault(p, "/namePrefix"))?;
            note(objects, "PrefixTransformer", "/namePrefix")?;
        }
        if !k.name_suffix.is_empty() {
            name::affix(objects, &k.name_suffix, name::Affix::Suffix, &config.name_suffix)
                .map_err(|p| target.fault(p, "/nameSuffix"))?;
            note(objects, "SuffixTransformer", "/nameSuffix")?;
        }
        for (at, label) in k.labels.iter().enumerate() {
            let fault = |p: Problem| target.fault(p, &format!("/labels/{at}"));
            let specs = labels::label_specs(label, &config).map_err(fault)?;
            labels::set_entries(objects, &label.pairs, &specs).map_err(fault)?;
            note(objects, "LabelTransformer", "/labels")?;
        }
        labels::set_entries(objects, &k.common_labels, &config.common_labels)
            .map_err(|p| target.fault(p, "/commonLabels"))?;
        if !k.labels.is_empty() || !k.common_labels.is_empty() {
            note(objects, "LabelTransformer", "/commonLabels")?;
        }
        labels::set_entries(objects, &k.common_annotations, &config.common_annotations)
            .map_err(|p| target.fault(p, "/commonAnnotations"))?;
        if !k.common_annotations.is_empty() {
            note(objects, "AnnotationsTransformer", "/commonAnnotations")?;
        }
        for (at, entry) in k.patches_json.iter().enumerate() {
            let pointer = format!("/patchesJson6902/{at}");
            self.json_patch(target, objects, entry, &pointer)?;
            note(objects, "PatchJson6902Transformer", &pointer)?;
        }
        for (at, replica) in k.replicas.iter().enumerate() {
            replica::set_replicas(objects, replica, &config.replicas)
                .map_err(|p| target.fault(p, &format!("/replicas/{at}")))?;
            note(objects, "ReplicaCountTransformer", "/replicas")?;
        }
        for (at, image) in k.images.iter().enumerate() {
            image::set_image(objects, image, &config.images)
                .map_err(|p| target.fault(p, &format!("/images/{at}")))?;
            note(objects, "ImageTagTransformer", "/images")?;
        }
        for (at, field) in k.replacements.iter().enumerate() {
            if field.targets.as_ref().is_some_and(Vec::is_empty) {
                let problem = Problem::new(&codes::INVALID, "a replacement needs at least one target");
                return Err(target.fault(problem, &format!("/replacements/{at}")));
            }
            self.replacement(target, objects, field, &format!("/replacements/{at}"))?;
        }
        if !k.replacements.is_empty() {
            note(objects, "ReplacementTransformer", "/replacements")?;
        }
        for (config, pointer) in self.plugins(target, &k.transformers, "transformers")? {
            plugin::transform(self, target, objects, &config, &pointer)?;
            if let Some(by) = plugin_of(&config) {
                origin::transformed_by(objects, &by).map_err(|p| target.fault(p, &pointer))?;
            }
        }
        Ok(())
    }

    pub(crate) fn replacement(
        &self,
        target: &Target,
        objects: &mut Objects,
        field: &ReplacementField,
        pointer: &str,
    ) -> Result<(), Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        if field.path.is_empty() {
            return replacement::replace(objects, field).map_err(fault);
        }
        if field.source.is_some() || field.targets.is_some() {
            let message = "a replacement has either a path or a source and targets";
            return Err(fault(Problem::new(&codes::INVALID, message)));
        }
        let value = self.yaml(target, &field.path, pointer)?;
        let values = match value {
            Value::Array(items) => items,
            other => vec![other],
        };
        for value in values {
            let read: ReplacementField = serde_json::from_value(value).map_err(|e| {
                fault(Problem::new(&codes::INVALID, format!("{} holds no replacement: {e}", field.path)))
            })?;
            replacement::replace(objects, &read).map_err(fault)?;
        }
        Ok(())
    }

    /// Built-in transformers as validators: they may write nothing, not even what is there already.
    pub(crate) fn validate(&self, target: &Target, all: &Accumulated) -> Result<(), Diagnostics> {
        for (config, pointer) in self.plugins(target, &target.kustomization.validators, "validators")? {
            let mut objects = all.objects.clone();
            for resource in objects.iter_mut() {
                // What is shared tells that it was written.
                resource.node.each_scalar(&mut |scalar| scalar.share = u32::MAX);
            }
            let before: Vec<Node> = objects.iter().map(|r| r.node.clone()).collect();
            plugin::transform(self, target, &mut objects, &config, &pointer)?;
            if !objects.iter().map(|r| &r.node).eq(&before) {
                let message = format!("the validator {} changes objects", config.name());
                return Err(target.fault(Problem::new(&codes::TRANSFORM, message), &pointer));
            }
        }
        Ok(())
    }
}
