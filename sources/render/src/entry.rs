//! What the files of the entry folder declare, before anything is rendered.
use crate::cache::Cache;
use crate::declared::{At, DeclaredUnit};
use crate::folder;
use crate::inputs::Inputs;
use crate::outside::Allowed;
use crate::rules;
use mainstay_diagnostic::{Diagnostic, Diagnostics, Location, codes};
use mainstay_flux::{ENTRY_NAME, ENTRY_NAMESPACE};
use mainstay_native::{Declarations, NativeUnit, PLATFORM_TENANT, TenantRules};
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreeError, TreePath};
use mainstay_unit::{
    CouldDeclare, DeletionPolicy, Dialect, DriftMode, Gate, HealthRules, Need, Overlay, Role, Source,
    SourceId, Target, Timing, Unit, UnitId, Unread, Variables,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Files and folders that are looked at.
pub(crate) const FILES: usize = 500_000;
pub(crate) const DEPTH: usize = 64;

#[derive(Default)]
pub(crate) struct Base {
    /// The platform repository without what its ignore files leave out; nothing where the entry is no folder of it.
    pub tree: Option<Arc<dyn Tree>>,
    pub units: Vec<Arc<DeclaredUnit>>,
    pub repositories: BTreeMap<SourceId, Need>,
    pub tenants: BTreeMap<String, TenantRules>,
    pub diagnostics: Diagnostics,
    pub unread: BTreeSet<Unread>,
    /// Files that could not be read whole, and where. What they could declare depends on whose they are.
    pub broken: Vec<(String, String)>,
    /// Files and folders that declare the Platform, or might, and could not be read; and why.
    pub platforms: Vec<(String, Diagnostic)>,
    pub health_rules: HealthRules,
    /// What kustomizations may take from outside.
    pub allowed: Allowed,
    /// Files with native documents, where the entry is a unit itself: what it reaches is judged by them.
    pub native: BTreeSet<String>,
}

impl Base {
    /// The unit that the entry folder itself is.
    pub(crate) fn entry(&self) -> Option<&Arc<DeclaredUnit>> {
        // It comes last, if it is there.
        self.units.last().filter(|unit| unit.unit.id == entry_id())
    }
}

pub(crate) fn entry_id() -> UnitId {
    UnitId::new("kustomization", ENTRY_NAMESPACE, ENTRY_NAME, "")
}

pub(crate) fn read(inputs: &Inputs, cache: &mut Cache) -> Base {
    let mut base = Base::default();
    let shown = cache.views.entry(&inputs.platform.tree);
    let tree = shown.as_ref();
    let id = match tree.entry(&inputs.entry) {
        Ok(Some(entry)) if entry.kind == EntryKind::Folder => entry.id,
        Ok(_) => {
            let message = format!("the entry path {} is not a folder of the repository", inputs.entry);
            base.diagnostics.push(
                Diagnostic::new(&codes::render::PATH_MISSING, message)
                    .at_file(inputs.entry.as_str())
                    .hint(closest(tree, &inputs.entry)),
            );
            nothing_is_known(inputs, &mut base);
            return base;
        }
        Err(error) => {
            unreadable(&inputs.entry, &error, &mut base);
            nothing_is_known(inputs, &mut base);
            return base;
        }
    };
    let mut walk = Base::default();
    let before = cache.root.take().filter(|(entry, _)| *entry == inputs.entry).map(|(_, folder)| folder);
    let root = folder::walk(tree, &inputs.entry, &id, before.as_ref(), &mut walk);
    cache.root = Some((inputs.entry.clone(), root.clone()));
    let native = root.is_native();
    let mut declarations = Declarations::default();
    base.platforms.clone_from(&walk.platforms);
    if native {
        base = walk;
        root.gather(&inputs.entry, &mut declarations, &mut base);
        let expanded = mainstay_native::expand_with(&declarations, &mut cache.expansions);
        base.repositories = expanded.repositories;
        base.tenants = expanded.tenants;
        base.diagnostics.extend(expanded.diagnostics);
        for (file, what) in std::mem::take(&mut base.broken).into_iter().chain(expanded.unread) {
            base.unread.insert(Unread::new(what, could_declare(&declarations, &file)));
        }
        let known = std::mem::take(&mut cache.declared);
        let unread = rules::unread_platform(&declarations, &base.platforms);
        for mut native in expanded.units {
            // Without the Platform's variables and defaults it would be another unit.
            if let Some(problem) = unread {
                native.failed.get_or_insert_with(|| problem.clone());
            }
            let unit = declared(native, &base.tenants, &known);
            cache.declared.entry(unit.unit.id.clone()).or_insert_with(|| unit.clone());
            base.units.push(unit);
        }
    }
    base.allowed = rules::allowed(&declarations, &base.platforms);
    base.health_rules =
        rules::read(tree, &declarations, &base.platforms, &mut cache.rules, &mut base.diagnostics);
    // Among native documents a folder is one of Flux's only if it says so: else every module's manifests would be the
    // entry's too.
    if !native || has_kustomization(tree, &inputs.entry) {
        root.native_files(&inputs.entry, &mut base.native);
        base.units.push(Arc::new(entry_unit(inputs, tree)));
    }
    base.tree = Some(shown);
    base
}

fn nothing_is_known(inputs: &Inputs, base: &mut Base) {
    base.unread.insert(Unread::new(inputs.entry.to_string(), CouldDeclare::Anything));
    base.health_rules = HealthRules::Unknown { why: format!("{} can't be read", inputs.entry) };
}

/// The very same as before where nothing of it has changed.
fn declared(
    native: NativeUnit,
    tenants: &BTreeMap<String, TenantRules>,
    known: &HashMap<UnitId, Arc<DeclaredUnit>>,
) -> Arc<DeclaredUnit> {
    let tenant = &native.unit.id.tenant;
    let owner = (tenant != PLATFORM_TENANT || tenants.contains_key(PLATFORM_TENANT)).then(|| tenant.clone());
    if let Some(before) = known.get(&native.unit.id)
        && Arc::ptr_eq(&before.unit, &native.unit)
        && before.failed == native.failed
        && before.owner == owner
    {
        return before.clone();
    }
    let at = native.place.diagnostic(&codes::render::PATH_MISSING, "", native.path_field);
    Arc::new(DeclaredUnit {
        path_at: At::of(at, &native.unit.declared_at),
        owner,
        unit: native.unit,
        failed: native.failed,
        parent: None,
        authorities: Vec::new(),
        depth: 0,
    })
}

/// A file in a tenant's paths says nothing of other tenants' units, but the platform's may be selected by its clusters.
fn could_declare(declarations: &Declarations, file: &str) -> CouldDeclare {
    match mainstay_native::tenant_of(declarations, file) {
        Some(tenant) => CouldDeclare::Native([tenant, PLATFORM_TENANT].map(str::to_owned).into()),
        None => CouldDeclare::Anything,
    }
}

fn entry_unit(inputs: &Inputs, tree: &dyn Tree) -> DeclaredUnit {
    let file = tree.list(&inputs.entry).ok().into_iter().flatten();
    let file = file.map(|(name, _)| name).find(|name| KUSTOMIZATIONS.contains(&name.as_str()));
    let file = file.and_then(|name| inputs.entry.join(&name).ok()).unwrap_or_else(|| inputs.entry.clone());
    let location = Location::file(file.to_string());
    let unit = Unit {
        id: entry_id(),
        role: Role::Module,
        dialect: Dialect::Flux,
        declared_at: location.clone(),
        target: Target::Management,
        source: Source::Folder {
            source: SourceId::Platform,
            path: inputs.entry.clone(),
            overlay: Box::new(Overlay::default()),
        },
        depends_on: Vec::new(),
        health_checks: Vec::new(),
        gate: Gate::Applied,
        prune: true,
        timing: Timing::default(),
        force: false,
        suspend: false,
        service_account: None,
        deletion_policy: DeletionPolicy::MirrorPrune,
        drift: DriftMode::Correct,
        drift_ignore: Vec::new(),
        variables: Variables::default(),
        counterpart: None,
    };
    DeclaredUnit {
        unit: Arc::new(unit),
        failed: None,
        parent: None,
        authorities: Vec::new(),
        owner: None,
        path_at: At { location, snippet: None },
        depth: 0,
    }
}

pub(crate) const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn has_kustomization(tree: &dyn Tree, folder: &TreePath) -> bool {
    KUSTOMIZATIONS
        .iter()
        .filter_map(|name| folder.join(name).ok())
        .any(|path| tree.entry(&path).is_ok_and(|found| found.is_some_and(|entry| entry.kind.is_file())))
}

pub(crate) fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn list(tree: &dyn Tree, folder: &TreePath, depth: usize, out: &mut Vec<(TreePath, Entry)>, base: &mut Base) {
    if depth > DEPTH || out.len() > FILES {
        let message = format!("{folder}: more than {DEPTH} folders deep, or more than {FILES} files");
        base.diagnostics.push(Diagnostic::new(&codes::render::UNREADABLE, message).at_file(folder.as_str()));
        base.unread.insert(Unread::new(folder.to_string(), CouldDeclare::Anything));
        return;
    }
    let entries = match tree.list(folder) {
        Ok(entries) => entries,
        Err(error) => {
            unreadable(folder, &error, base);
            base.unread.insert(Unread::new(folder.to_string(), CouldDeclare::Anything));
            return;
        }
    };
    for (name, entry) in entries {
        if name.starts_with('.') {
            continue;
        }
        let Ok(path) = folder.join(&name) else { continue };
        match entry.kind {
            EntryKind::Folder => list(tree, &path, depth + 1, out, base),
            EntryKind::File | EntryKind::Executable => out.push((path, entry)),
            EntryKind::Symlink | EntryKind::Submodule => {}
        }
    }
}

/// Every file below a folder, hidden ones left out.
pub(crate) fn files_below(tree: &dyn Tree, folder: &TreePath) -> Vec<TreePath> {
    let mut out = Vec::new();
    list(tree, folder, 0, &mut out, &mut Base::default());
    out.into_iter().map(|(path, _)| path).collect()
}

pub(crate) fn unreadable(path: &TreePath, error: &TreeError, base: &mut Base) -> Diagnostic {
    let problem = Diagnostic::new(&codes::render::UNREADABLE, error.to_string()).at_file(path.as_str());
    base.diagnostics.push(problem.clone());
    problem
}

/// What exists on the way to a path, and the nearest name beside where it ends.
pub(crate) fn closest(tree: &dyn Tree, path: &TreePath) -> String {
    let mut above = path.parent();
    let mut missing = path.file_name();
    while let Some(folder) = above {
        if let Ok(entries) = tree.list(&folder) {
            let names = entries.iter().map(|(name, _)| name.as_str());
            return match mainstay_diagnostic::nearest(missing, names) {
                Some(near) => match folder.join(near) {
                    Ok(found) => format!("did you mean {found}?"),
                    Err(_) => format!("{folder} exists"),
                },
                None => format!("the closest folder that exists is {folder}"),
            };
        }
        above = folder.parent();
        missing = path.parts().nth(folder.parts().count().saturating_sub(1)).unwrap_or_default();
    }
    "the repository is empty".to_owned()
}
