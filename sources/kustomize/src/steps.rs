//! What one kustomization does to its objects, in kustomize's order.
use crate::build::{Accumulated, Builder, builtin_in, plugin_of};
use crate::document;
use crate::kustomization::ReplacementField;
use crate::node::Node;
use crate::objects::Objects;
use crate::origin;
use crate::plugin;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::target::Target;
use crate::transform::{image, labels, name, namespace, patch, replacement, replica};
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;
use std::borrow::Cow;

/// What is done to each object by itself.
struct Step<'a> {
    pointer: Cow<'static, str>,
    kind: &'static str,
    run: Run<'a>,
}

type Run<'a> = Box<dyn FnMut(&mut Resource) -> Result<(), Problem> + 'a>;

impl<'a> Step<'a> {
    fn new(
        pointer: impl Into<Cow<'static, str>>,
        kind: &'static str,
        run: impl FnMut(&mut Resource) -> Result<(), Problem> + 'a,
    ) -> Self {
        Self { pointer: pointer.into(), kind, run: Box::new(run) }
    }
}

impl Builder<'_> {
    /// Takes one object after the other through all of these: of many, each is far away once all others were looked at.
    fn each(
        &self,
        target: &Target,
        objects: &mut Objects,
        mut steps: Vec<Step<'_>>,
    ) -> Result<(), Diagnostics> {
        if self.recording.get().is_on() {
            for step in &mut steps {
                let fault = |p: Problem| target.fault(p, &step.pointer);
                objects.iter_mut().try_for_each(&mut step.run).map_err(fault)?;
                origin::transformed_by(objects, &builtin_in(target, step.kind)).map_err(fault)?;
            }
            return Ok(());
        }
        if steps.is_empty() {
            return Ok(());
        }
        for resource in objects.iter_mut() {
            for step in &mut steps {
                (step.run)(resource).map_err(|p| target.fault(p, &step.pointer))?;
            }
        }
        Ok(())
    }

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
        let mut steps = Vec::new();
        if !k.namespace.is_empty() {
            let whole = namespace::Namespace {
                namespace: &k.namespace,
                specs: &config.namespace,
                unset_only: false,
                subjects: namespace::Subjects::Default,
            };
            steps.push(Step::new("/namespace", "NamespaceTransformer", whole.step(objects)));
        }
        if !k.name_prefix.is_empty() {
            let step =
                |r: &mut _| name::affix_one(r, &k.name_prefix, name::Affix::Prefix, &config.name_prefix);
            steps.push(Step::new("/namePrefix", "PrefixTransformer", step));
        }
        if !k.name_suffix.is_empty() {
            let step =
                |r: &mut _| name::affix_one(r, &k.name_suffix, name::Affix::Suffix, &config.name_suffix);
            steps.push(Step::new("/nameSuffix", "SuffixTransformer", step));
        }
        for (at, label) in k.labels.iter().enumerate() {
            let pointer = format!("/labels/{at}");
            let specs = labels::label_specs(label, &config).map_err(|p| target.fault(p, &pointer))?;
            let step = move |r: &mut _| labels::set_entries_of(r, &label.pairs, &specs);
            steps.push(Step::new(pointer, "LabelTransformer", step));
        }
        if !k.labels.is_empty() || !k.common_labels.is_empty() {
            let step = |r: &mut _| labels::set_entries_of(r, &k.common_labels, &config.common_labels);
            steps.push(Step::new("/commonLabels", "LabelTransformer", step));
        }
        if !k.common_annotations.is_empty() {
            let step =
                |r: &mut _| labels::set_entries_of(r, &k.common_annotations, &config.common_annotations);
            steps.push(Step::new("/commonAnnotations", "AnnotationsTransformer", step));
        }
        if !k.patches_json.is_empty() || !k.replicas.is_empty() {
            self.each(target, objects, std::mem::take(&mut steps))?;
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
            let pointer = format!("/images/{at}");
            let step = image::step(image, &config.images).map_err(|p| target.fault(p, &pointer))?;
            steps.push(Step::new(pointer, "ImageTagTransformer", step));
        }
        self.each(target, objects, steps)?;
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
        let pay = |bytes| self.loader.pay(bytes);
        if field.path.is_empty() {
            return replacement::replace(objects, field, &pay).map_err(fault);
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
            replacement::replace(objects, &read, &pay).map_err(fault)?;
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
