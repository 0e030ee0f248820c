//! A chart as a unit declares it: where it lies, what is set in it, what becomes of what it renders to.
use crate::{Moment, Reference, SourceId, Verification};
use mainstay_diagnostic::Location;
use mainstay_object::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Its name in a registry, or its path in a tree, from the root; empty where the source is the chart.
    pub chart: String,
    /// A version or a range of versions; without meaning for a chart in a tree.
    pub version: String,
    pub source: SourceId,
    /// How it is proved that somebody has signed it.
    pub verify: Option<Verification>,
    /// Files that stand in for the chart's own values, in order: of the source's tree, or of a registry's chart.
    pub values_files: Vec<String>,
    /// A file of these that is missing is left out.
    pub ignore_missing_values_files: bool,
    /// Merged before `values`, in order.
    pub values_from: Vec<ValuesSource>,
    pub values: Value,
    /// Set in the texts of `values`, as in manifests: `${name}`. One without a value is an error.
    pub variables: BTreeMap<String, String>,
    pub renderer: Renderer,
    pub release: ReleaseOptions,
}

/// Who renders a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renderer {
    Native,
    /// The real Helm, as a process, where the Platform allows it; and where that is asked for.
    Exec {
        at: Location,
    },
}

/// Chart values kept in a ConfigMap or Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuesSource {
    pub reference: Reference,
    /// The entry that holds them.
    pub key: String,
    /// Where a single value goes; without it, the entry holds a YAML map of values.
    pub target_path: Option<String>,
    pub optional: bool,
    /// A value for `target_path` is a text, whatever it looks like.
    pub literal: bool,
}

/// What templates know of the release, and what is done with its objects.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseOptions {
    pub name: String,
    /// Of the objects that say none.
    pub namespace: String,
    /// Where Helm's records of it lie.
    pub storage_namespace: String,
    /// How many of them are kept; all where it is zero.
    pub history: usize,
    /// The namespace is made if nobody made it, and never removed.
    pub create_namespace: bool,
    pub crds: Crds,
    /// An upgrade that fails is given up for the release that was good before it.
    pub rollback: bool,
    /// Hooks of these moments are left out on purpose.
    pub disabled_hooks: BTreeSet<Moment>,
    /// Values are not held against the chart's schema.
    pub disable_schema: bool,
    /// What post renderers change is changed in hooks too.
    pub post_hooks: bool,
    /// Fields of kustomizations that are built over the objects, one after the other.
    pub post: Vec<Map<String, Value>>,
    /// Labels and annotations set on every object in the end.
    pub labels: Vec<(String, String)>,
    pub annotations: Vec<(String, String)>,
}

/// What becomes of the definitions in a chart's `crds/`. None of them is ever removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crds {
    Skip,
    /// Made where they do not exist, and left alone from then on.
    Create,
    CreateReplace,
}

impl ReleaseOptions {
    /// Without any option: Helm's defaults, but for the history, which is Flux's.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        let namespace = namespace.into();
        Self {
            name: name.into(),
            storage_namespace: namespace.clone(),
            namespace,
            history: 5,
            create_namespace: false,
            crds: Crds::Create,
            rollback: false,
            disabled_hooks: BTreeSet::new(),
            disable_schema: false,
            post_hooks: true,
            post: Vec::new(),
            labels: Vec::new(),
            annotations: Vec::new(),
        }
    }
}
