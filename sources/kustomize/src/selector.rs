//! Which objects a patch, replacement or variable is for.
use crate::kustomization::Selector;
use crate::pattern::Pattern;
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::Selector as Labels;
use std::collections::BTreeMap;

/// A patch's target: each part an anchored regular expression, an empty one matching everything.
pub(crate) struct Matcher {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    labels: Labels,
    annotations: Labels,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self, Problem> {
        Ok(Self {
            group: anchored(&selector.group)?,
            version: anchored(&selector.version)?,
            kind: anchored(&selector.kind)?,
            name: anchored(&selector.name)?,
            namespace: anchored(&selector.namespace)?,
            labels: labels(&selector.label_selector)?,
            annotations: labels(&selector.annotation_selector)?,
        })
    }

    pub(crate) fn matches(&self, resource: &Resource) -> bool {
        let is = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().is_none_or(|p| p.is_match(text));
        let gvk = resource.gvk();
        if !is(&self.kind, &gvk.kind) || !is(&self.group, &gvk.group) || !is(&self.version, &gvk.version) {
            return false;
        }
        let (now, first) = (resource.id(), resource.original_id());
        (is(&self.namespace, first.effective_namespace()) || is(&self.namespace, now.effective_namespace()))
            && (is(&self.name, &first.name) || is(&self.name, &now.name))
            && (self.labels.is_any() || selects(&self.labels, &resource.labels()))
            && (self.annotations.is_any() || selects(&self.annotations, &resource.annotations()))
    }
}

fn anchored(pattern: &str) -> Result<Option<Pattern>, Problem> {
    if pattern.is_empty() { Ok(None) } else { Pattern::anchored(pattern).map(Some) }
}

pub(crate) fn labels(text: &str) -> Result<Labels, Problem> {
    Labels::parse(text).map_err(|error| Problem::new(&codes::INVALID, error.to_string()))
}

pub(crate) fn selects(selector: &Labels, labels: &BTreeMap<String, String>) -> bool {
    selector.matches(|key| labels.get(key).map(String::as_str))
}
