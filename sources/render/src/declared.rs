//! What a round knows: the units and sources that files and the renders of the round before declare.
use crate::entry::Base;
use crate::inputs::Inputs;
use crate::outcome::{Declaring, Outcome};
use crate::sources;
use mainstay_diagnostic::{Diagnostic, Diagnostics, Location, codes};
use mainstay_flux::{Declaration, Place as _};
use mainstay_object::{GroupKind, Object};
use mainstay_unit::{Authority, CouldDeclare, Dialect, Source as UnitSource, Target, Unit, UnitId, Unread};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeclaredUnit {
    pub unit: Arc<Unit>,
    /// The user's error in the declaration.
    pub failed: Option<Diagnostic>,
    pub parent: Option<UnitId>,
    /// What the units above must be allowed to for this one to act.
    pub authorities: Vec<Authority>,
    /// The native tenant whose rules hold for the unit and for all that it declares.
    pub owner: Option<String>,
    pub path_at: At,
    /// Renders between a file and this unit.
    pub depth: usize,
}

/// A place with its line, for problems that are found later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    pub location: Location,
    pub snippet: Option<String>,
}

impl At {
    pub(crate) fn of(diagnostic: Diagnostic, fallback: &Location) -> Self {
        Self {
            location: diagnostic.location.unwrap_or_else(|| fallback.clone()),
            snippet: diagnostic.snippet,
        }
    }

    pub(crate) fn diagnostic(
        &self,
        code: &'static mainstay_diagnostic::Code,
        message: impl Into<String>,
    ) -> Diagnostic {
        let mut out = Diagnostic::new(code, message).at(self.location.clone());
        out.snippet.clone_from(&self.snippet);
        out
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub units: BTreeMap<UnitId, Arc<DeclaredUnit>>,
    pub sources: sources::Declared,
    /// Kinds that renders define, and whether their objects have no namespace.
    pub scopes: BTreeMap<GroupKind, bool>,
    pub diagnostics: Diagnostics,
    pub unread: BTreeSet<Unread>,
    /// The unit that the entry folder itself is.
    pub entry: Option<UnitId>,
}

impl State {
    pub(crate) fn of(base: &Base) -> Self {
        let entry = base.entry().map(|unit| unit.unit.id.clone());
        let mut units: Vec<(UnitId, Arc<DeclaredUnit>)> =
            base.units.iter().map(|unit| (unit.unit.id.clone(), unit.clone())).collect();
        units.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut state = Self { entry, ..Self::default() };
        if units.windows(2).all(|pair| pair[0].0 != pair[1].0) {
            state.units = units.into_iter().collect();
        } else {
            for unit in &base.units {
                state.add_unit(unit.clone());
            }
        }
        state
    }

    /// Whether another round would do the same again, if these kinds are all whose scope is asked for.
    pub(crate) fn is<'k>(&self, other: &Self, mut scopes: impl Iterator<Item = &'k GroupKind>) -> bool {
        let same = |(a, b): (&Arc<DeclaredUnit>, &Arc<DeclaredUnit>)| Arc::ptr_eq(a, b) || a == b;
        self.units.len() == other.units.len()
            && self.entry == other.entry
            && self.units.keys().eq(other.units.keys())
            && self.units.values().zip(other.units.values()).all(same)
            && self.sources == other.sources
            && scopes.all(|kind| self.scopes.get(kind) == other.scopes.get(kind))
    }

    pub(crate) fn add_render(&mut self, parent: &DeclaredUnit, outcome: &Outcome) {
        for declaring in &outcome.declared {
            self.add(parent, declaring);
        }
        let footprint = &outcome.rendered.footprint;
        for kind in &footprint.defines {
            self.scopes.insert(kind.clone(), footprint.cluster_scoped.contains(kind));
        }
    }

    fn add(&mut self, parent: &DeclaredUnit, declaring: &Declaring) {
        let place = declaring.place.as_ref();
        let object = &declaring.desired.object;
        let Some(read) = mainstay_flux::read(object, place) else {
            let message = format!("{} {} is rendered by {}", object.kind(), object.name(), parent.unit.id);
            self.diagnostics.push(place.diagnostic(&codes::native::UNREAD_KIND, message, "/apiVersion"));
            return;
        };
        let failed = read.diagnostics.errors().next().cloned();
        let unknown = read.diagnostics.iter().any(|d| d.code == &codes::flux::UNKNOWN_KIND);
        if unknown {
            self.unread.insert(Unread::new(place.location("").to_string(), CouldDeclare::Children));
        }
        self.diagnostics.extend(read.diagnostics);
        match read.declaration {
            Declaration::Nothing => {}
            Declaration::Source(source) => self.add_source(*source, authorities(parent, object)),
            Declaration::Generator(generator) => {
                let generator = Arc::new(generator);
                for artifact in &generator.artifacts {
                    let id = artifact.id(&generator.namespace);
                    let value = (generator.clone(), artifact.clone());
                    match self.sources.artifacts.entry(id.clone()) {
                        Entry::Vacant(free) => {
                            free.insert(value);
                        }
                        Entry::Occupied(taken) if taken.get().0 == generator => {}
                        Entry::Occupied(taken) => {
                            let other = taken.get().1.declared_at.clone();
                            self.twice(&id.to_string(), &other, &artifact.declared_at);
                        }
                    }
                }
            }
            Declaration::Unit(unit) => {
                let fallback = unit.declared_at.clone();
                let pointer = match &unit.source {
                    UnitSource::Chart(_) => "/spec/chart/spec/chart",
                    UnitSource::Folder { .. } | UnitSource::Objects(_) => "/spec/path",
                };
                let path = place.diagnostic(&codes::render::PATH_MISSING, String::new(), pointer);
                let child = DeclaredUnit {
                    authorities: authorities(parent, object),
                    unit: Arc::new(inherit(*unit, &parent.unit)),
                    failed,
                    parent: Some(parent.unit.id.clone()),
                    owner: parent.owner.clone(),
                    path_at: At::of(path, &fallback),
                    depth: parent.depth + 1,
                };
                self.add_child(child, parent);
            }
        }
    }

    fn add_source(&mut self, source: mainstay_flux::SourceDeclaration, authorities: Vec<Authority>) {
        match self.sources.sources.entry(source.id.clone()) {
            Entry::Vacant(free) => {
                free.insert((source, authorities));
            }
            Entry::Occupied(mut taken) => {
                let (found, needed) = taken.get_mut();
                let same = found.spec == source.spec && found.suspend == source.suspend;
                if same {
                    // Whoever may declare it with the least is enough.
                    if authorities.len() < needed.len() {
                        *needed = authorities;
                    }
                } else {
                    let first = found.declared_at.clone();
                    self.twice(&source.id.to_string(), &first, &source.declared_at);
                }
            }
        }
    }

    /// The Kustomization that `flux bootstrap` writes for the entry is the entry's unit, not a child of it. So is one that
    /// has taken its place, and declares itself.
    fn add_child(&mut self, child: DeclaredUnit, parent: &DeclaredUnit) {
        if child.unit.id == parent.unit.id && parent.depth == 0 {
            self.own(child, parent);
            return;
        }
        self.add_unit(Arc::new(child));
    }

    fn own(&mut self, child: DeclaredUnit, entry: &DeclaredUnit) {
        // Nobody is above it who would have to be allowed anything.
        let authorities = entry.authorities.clone();
        let own = DeclaredUnit { parent: None, depth: 0, authorities, ..child };
        self.units.insert(own.unit.id.clone(), Arc::new(own));
    }

    /// Who was found to be the entry stays it, whether it can be rendered or not: else the folder would be rendered as
    /// nobody declares it, and the next round found it again.
    pub(crate) fn keep_entry(&mut self, before: &Self, base: &Base) {
        let (Some(entry), Some(id)) = (base.entry(), &before.entry) else { return };
        let Some(own) = before.units.get(id).filter(|own| !Arc::ptr_eq(own, entry)) else { return };
        if self.units.get(id).is_none_or(|unit| Arc::ptr_eq(unit, entry)) {
            self.units.remove(&entry.unit.id);
            self.units.insert(id.clone(), own.clone());
            self.entry = Some(id.clone());
        }
    }

    /// Where the entry has no Kustomization by the name that `flux bootstrap` gives it, the one Kustomization that it
    /// declares for its own folder of the platform repository is the entry, under its own name.
    pub(crate) fn find_entry(&mut self, base: &Base, inputs: &Inputs) {
        let Some(entry) = base.entry() else { return };
        let id = &entry.unit.id;
        if !self.units.get(id).is_some_and(|unit| Arc::ptr_eq(unit, entry)) {
            return;
        }
        let is_entry = |unit: &&Arc<DeclaredUnit>| {
            let above = unit.parent.as_ref().is_none_or(|parent| parent == id);
            let here = match &unit.unit.source {
                UnitSource::Folder { source, path, overlay: _ } => {
                    *path == inputs.entry && sources::is_platform(source, &self.sources, inputs)
                }
                UnitSource::Chart(_) | UnitSource::Objects(_) => false,
            };
            let flux = unit.unit.dialect == Dialect::Flux && unit.unit.target == Target::Management;
            unit.unit.id != *id && unit.depth <= 1 && above && here && flux
        };
        let mut found = self.units.values().filter(is_entry);
        let (Some(own), None) = (found.next().cloned(), found.next()) else { return };
        self.units.remove(id);
        self.entry = Some(own.unit.id.clone());
        self.own(DeclaredUnit::clone(&own), entry);
        for unit in self.units.values_mut().filter(|unit| unit.parent.as_ref() == Some(id)) {
            Arc::make_mut(unit).parent.clone_from(&self.entry);
        }
    }

    fn add_unit(&mut self, unit: Arc<DeclaredUnit>) {
        let id = unit.unit.id.clone();
        match self.units.entry(id.clone()) {
            Entry::Vacant(free) => {
                free.insert(unit);
            }
            Entry::Occupied(mut taken) => {
                // One document that several renders hold is still one unit, unless they make different things of it.
                let first = taken.get();
                if Arc::ptr_eq(&first.unit, &unit.unit) || first.unit == unit.unit {
                    return;
                }
                let message = format!(
                    "unit {id} is declared twice: at {} and at {}",
                    first.unit.declared_at, unit.unit.declared_at
                );
                let problem = Diagnostic::new(&codes::unit::DUPLICATE_UNIT, message)
                    .at(unit.unit.declared_at.clone())
                    .hint("rename or remove one of them");
                self.diagnostics.push(problem.clone());
                Arc::make_mut(taken.get_mut()).failed.get_or_insert(problem);
            }
        }
    }

    fn twice(&mut self, what: &str, first: &Location, second: &Location) {
        let message = format!("{what} is declared twice, differently: at {first} and at {second}");
        self.diagnostics.push(Diagnostic::new(&codes::unit::DUPLICATE_OBJECT, message).at(second.clone()));
    }
}

/// What those above must be allowed to before what they declare acts.
fn authorities(parent: &DeclaredUnit, object: &Object) -> Vec<Authority> {
    let mut out = parent.authorities.clone();
    out.extend(parent.unit.service_account.clone().map(|account| Authority {
        account,
        target: parent.unit.target.clone(),
        group: object.group_version().group,
        resource: plural(object.kind()),
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
    }));
    out
}

/// The resource of a kind that declares something: an English plural, for every one so far.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    }
}

/// What a parent hands down: its cluster, as its objects go there, and its service account where a native tenant is
/// held to one.
fn inherit(mut unit: Unit, parent: &Unit) -> Unit {
    if unit.target == Target::Management && parent.target != Target::Management {
        unit.target = parent.target.clone();
        unit.id = UnitId::new(&*unit.id.kind, &*unit.id.tenant, &*unit.id.name, parent.target.name());
    }
    if unit.service_account.is_none() && parent.dialect == Dialect::Native {
        unit.service_account.clone_from(&parent.service_account);
    }
    unit
}
