//! Transformer configuration: the built-in field specs and name references, and what `configurations` adds.
mod definitions;

use crate::fieldspec::{FieldSpec, merge_specs};
use crate::id::Gvk;
use crate::problem::Problem;
use serde::Deserialize;
use std::sync::OnceLock;

pub(crate) use definitions::of_definitions;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<BackReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

/// Fields that hold the name of an object of a kind.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BackReference {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    #[serde(rename = "fieldSpecs")]
    pub(crate) referrers: Vec<FieldSpec>,
}

impl BackReference {
    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::of(&self.group, &self.version, &self.kind)
    }
}

impl Config {
    pub(crate) fn builtin() -> &'static Config {
        static BUILTIN: OnceLock<Config> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let mut config = parse(include_str!("defaults.txt"));
            config.sort();
            config
        })
    }

    pub(crate) fn merge(&mut self, other: &Config) -> Result<(), Problem> {
        merge_specs(&mut self.name_prefix, &other.name_prefix)?;
        merge_specs(&mut self.name_suffix, &other.name_suffix)?;
        merge_specs(&mut self.namespace, &other.namespace)?;
        merge_specs(&mut self.common_annotations, &other.common_annotations)?;
        merge_specs(&mut self.common_labels, &other.common_labels)?;
        merge_specs(&mut self.labels, &other.labels)?;
        merge_specs(&mut self.template_labels, &other.template_labels)?;
        merge_specs(&mut self.var_reference, &other.var_reference)?;
        merge_specs(&mut self.images, &other.images)?;
        merge_specs(&mut self.replicas, &other.replicas)?;
        for reference in &other.name_reference {
            match self.name_reference.iter_mut().find(|r| r.gvk() == reference.gvk()) {
                Some(same) => merge_specs(&mut same.referrers, &reference.referrers)?,
                None => self.name_reference.push(reference.clone()),
            }
        }
        self.sort();
        Ok(())
    }

    pub(crate) fn sort(&mut self) {
        for specs in [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ] {
            specs.sort_by_cached_key(|s| rank(&s.gvk()));
        }
        self.name_reference.sort_by_cached_key(|r| rank(&r.gvk()));
    }
}

/// Kinds in the order in which they are best created.
pub(crate) const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
pub(crate) const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Where a kind comes among others: first, in between, last; then by name.
pub(crate) fn rank(gvk: &Gvk) -> (usize, String) {
    (place(&gvk.kind, &FIRST, &LAST), sort_text(gvk))
}

pub(crate) fn place<S: AsRef<str>>(kind: &str, first: &[S], last: &[S]) -> usize {
    match (last.iter().rposition(|k| k.as_ref() == kind), first.iter().rposition(|k| k.as_ref() == kind)) {
        (Some(at), _) => first.len() + 1 + at,
        (None, Some(at)) => at,
        (None, None) => first.len(),
    }
}

pub(crate) fn sort_text(gvk: &Gvk) -> String {
    let or = |s: &str, none: &'static str| if s.is_empty() { none.to_owned() } else { s.to_owned() };
    format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), or(&gvk.kind, "~K"))
}

/// Sections of `group version kind path [create]`; `*` is any. A name reference's section names the referred kind.
fn parse(text: &str) -> Config {
    let mut config = Config::default();
    let mut section = "";
    let any = |s: &str| if s == "*" { String::new() } else { s.to_owned() };
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["nameReference", group, version, kind] if !line.starts_with(' ') => {
                section = "nameReference";
                config.name_reference.push(BackReference {
                    group: any(group),
                    version: any(version),
                    kind: any(kind),
                    referrers: Vec::new(),
                });
            }
            [name] => section = name,
            [group, version, kind, path, create @ ..] => {
                let spec = FieldSpec {
                    group: any(group),
                    version: any(version),
                    kind: any(kind),
                    path: (*path).to_owned(),
                    create: !create.is_empty(),
                };
                let specs = match section {
                    "namePrefix" => &mut config.name_prefix,
                    "nameSuffix" => &mut config.name_suffix,
                    "namespace" => &mut config.namespace,
                    "commonLabels" => &mut config.common_labels,
                    "templateLabels" => &mut config.template_labels,
                    "commonAnnotations" => &mut config.common_annotations,
                    "images" => &mut config.images,
                    "replicas" => &mut config.replicas,
                    "varReference" => &mut config.var_reference,
                    _ => match config.name_reference.last_mut() {
                        Some(reference) => &mut reference.referrers,
                        None => continue,
                    },
                };
                specs.push(spec);
            }
            _ => {}
        }
    }
    config
}
