use crate::{Authority, HealthRules, Hook, Manifest, Need, Release, Secrecy, Unit, UnitId};
use mainstay_diagnostic::{Diagnostic, Location};
use mainstay_object::{Digest, DigestKey, GroupKind, GroupVersionKind, Object, ObjectKey, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// An object that should exist, and the file that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    pub object: Object,
    pub origin: Location,
}

/// What a unit renders to. It is a value that is made once and shared: what every revision asks of it is worked out then.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// By key.
    pub objects: Vec<Manifest>,
    /// What is run when the objects are applied or removed.
    pub hooks: Vec<Hook>,
    pub tests: Tests,
    /// What Helm is told of them, where they are a chart's.
    pub release: Option<Arc<Release>>,
    /// Objects that hold what was encrypted, or a value out of a Secret: no plan shows what is in them.
    pub sensitive: BTreeSet<ObjectKey>,
    /// Digest of everything that the render read: files, variables, references. Equal digests, equal objects.
    pub inputs: Option<Digest>,
    /// Paths of the platform repository that were read, for "which units does this file reach".
    pub reads: Arc<BTreeSet<String>>,
    /// Of all objects together.
    pub digest: Option<Digest>,
    pub footprint: Footprint,
}

/// What is run when somebody asks for it. It is no part of the whole: another test is no other release.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tests {
    pub hooks: Vec<Hook>,
    /// Why none of them may be run.
    pub refused: Option<String>,
}

/// What the objects of a unit say to other units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Footprint {
    /// The kinds of its objects.
    pub kinds: Vec<GroupVersionKind>,
    /// The namespaces that they live in.
    pub namespaces: Vec<String>,
    /// Namespaces that are among them.
    pub declares: Vec<String>,
    /// Kinds whose definitions are among them.
    pub defines: Vec<GroupKind>,
    /// Those of them whose objects have no namespace.
    pub cluster_scoped: Vec<GroupKind>,
    /// A hash of each object's key: where two differ, the keys do.
    pub marks: Vec<u64>,
}

impl Rendered {
    /// Sorted by key: the order of documents says nothing.
    pub fn of(objects: Vec<Manifest>) -> Self {
        Self::with_hooks(objects, Vec::new())
    }

    /// A change of a hook is a change of the whole: it runs.
    pub fn with_hooks(mut objects: Vec<Manifest>, hooks: Vec<Hook>) -> Self {
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        let digest = Some(together(&objects, &hooks));
        let footprint = Footprint::of(&objects);
        Self { objects, hooks, digest, footprint, ..Self::default() }
    }

    /// Out of objects that resemble nothing.
    pub fn plain(objects: Vec<Desired>, key: &DigestKey) -> Self {
        let secrecy = Secrecy { key, sensitive: &BTreeSet::new() };
        Self::of(Manifest::pack(objects, None, secrecy))
    }

    /// The same but for some of its objects.
    pub fn without(&self, keys: &BTreeSet<ObjectKey>) -> Self {
        let objects = self.objects.iter().filter(|object| !keys.contains(&object.key)).cloned().collect();
        Self {
            sensitive: self.sensitive.clone(),
            inputs: self.inputs,
            reads: self.reads.clone(),
            release: self.release.clone(),
            tests: self.tests.clone(),
            ..Self::with_hooks(objects, self.hooks.clone())
        }
    }
}

fn together(objects: &[Manifest], hooks: &[Hook]) -> Digest {
    let hooks = hooks.iter().map(|hook| &hook.manifest);
    let texts = objects.iter().chain(hooks).map(|object| Value::from(object.digest.hex())).collect();
    Digest::of_value(&Value::Array(texts))
}

impl Footprint {
    fn of(objects: &[Manifest]) -> Self {
        let mut out = Self::default();
        for object in objects {
            let key = &object.key;
            let same = |kind: &GroupVersionKind| {
                kind.kind == key.kind() && kind.group == key.group() && *kind.version == *object.version
            };
            if !out.kinds.iter().any(same) {
                out.kinds.push(object.kind());
            }
            if !out.namespaces.iter().any(|n| *n == *key.namespace()) {
                out.namespaces.push(key.namespace().to_owned());
            }
            match (key.group(), key.kind()) {
                ("", "Namespace") => out.declares.push(key.name().to_owned()),
                ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                    let body = object.object();
                    let text = |pointer| body.value().pointer(pointer).and_then(Value::as_str);
                    if let (Some(group), Some(kind)) = (text("/spec/group"), text("/spec/names/kind")) {
                        let kind = GroupKind::new(group, kind);
                        if text("/spec/scope") == Some("Cluster") {
                            out.cluster_scoped.push(kind.clone());
                        }
                        out.defines.push(kind);
                    }
                }
                _ => {}
            }
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            out.marks.push(hasher.finish());
        }
        out.kinds.sort();
        out.namespaces.sort();
        out.kinds.shrink_to_fit();
        out.namespaces.shrink_to_fit();
        out
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum RenderState {
    Rendered(Arc<Rendered>),
    /// A source that can't be reached, a chart: the unit is in the plan, its objects are not.
    NotRendered {
        reason: String,
    },
    /// The user's error; the diagnostics are in the reading. The last good revision stays applied.
    Failed {
        first: Box<Diagnostic>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReadingUnit {
    pub unit: Arc<Unit>,
    pub state: RenderState,
    /// The unit whose render declared this one; none for a file of the platform repository.
    pub parent: Option<UnitId>,
    /// What the units above it must be allowed to, or else this one is not theirs to declare.
    pub authorities: Vec<Authority>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// For people: where it is, and for a render why.
    pub what: String,
    pub could: CouldDeclare,
}

/// Which units might be declared by what was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CouldDeclare {
    Anything,
    /// A document of a native kind decides about units of these tenants only, whichever file it is in.
    Native(BTreeSet<String>),
    /// A render declares no unit of a native kind.
    Children,
    /// Of a chart, only what it has declared before is expected again: hardly any declares something, and some chart of a
    /// fleet always fails.
    Below(UnitId),
}

impl Unread {
    pub fn new(what: impl Into<String>, could: CouldDeclare) -> Self {
        Self { what: what.into(), could }
    }

    /// `above` are the units that have declared it, as far as that is known: whoever did, and who declared that one, and so on.
    pub fn could_declare(&self, id: &UnitId, above: &[UnitId]) -> bool {
        match &self.could {
            CouldDeclare::Anything => true,
            CouldDeclare::Native(tenants) => id.is_native() && tenants.contains(&id.tenant),
            CouldDeclare::Children => !id.is_native(),
            CouldDeclare::Below(chart) => above.contains(chart),
        }
    }

    /// Whether a unit that nobody knows yet, and that is declared there, could want what leaves another one of its tenant.
    /// Of a render that failed nothing is said here: the unit that it is of is known.
    pub fn could_take_from(&self, id: &UnitId) -> bool {
        match &self.could {
            CouldDeclare::Anything => true,
            CouldDeclare::Native(tenants) => tenants.contains(&id.tenant),
            CouldDeclare::Children | CouldDeclare::Below(_) => false,
        }
    }
}

/// Everything that a revision says, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    pub revision: String,
    pub units: BTreeMap<UnitId, ReadingUnit>,
    /// Sorted, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// Unmet needs: the reading is not final while there are any that somebody can meet.
    pub needs: BTreeSet<Need>,
    /// Files, folders and renders that could have declared units and could not be read: a unit that is no longer
    /// declared and could be there is not known to be gone.
    pub unread: BTreeSet<Unread>,
    /// How the platform repository wants objects to be judged.
    pub health_rules: HealthRules,
}

impl Reading {
    /// Who has declared a unit, who has declared that one, and so on.
    pub fn above(&self, id: &UnitId) -> Vec<UnitId> {
        let mut above: Vec<UnitId> = Vec::new();
        let mut at = id;
        while let Some(parent) = self.units.get(at).and_then(|unit| unit.parent.as_ref()) {
            if above.contains(parent) {
                break;
            }
            above.push(parent.clone());
            at = parent;
        }
        above
    }
}

impl Reading {
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.is_error())
    }
}
