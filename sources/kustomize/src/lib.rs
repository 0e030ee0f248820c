//! kustomize as a pure function from a tree to objects: what `kustomize build` 5.5 prints, and what Flux makes of a
//! folder.
//!
//! Absent by design: files, processes, the network, the environment, clocks, randomness and global state; plugins other
//! than built-in ones; remote bases; any field that is read and then ignored. Builds share nothing but an optional cache
//! whose content depends on the files' content alone. What is not carried out is refused with a diagnostic.

mod build;
mod cache;
mod config;
mod document;
mod fieldspec;
mod generate;
mod id;
mod json_patch;
mod kustomization;
mod limits;
mod loader;
mod node;
mod objects;
mod overlay;
mod patches;
mod plugin;
mod problem;
mod read;
mod resource;
mod scalar;
mod scan;
mod schema;
mod scope;
mod selector;
mod shape;
mod smp;
mod substitute;
mod target;
#[cfg(test)]
mod tests;
mod timestamp;
mod transform;

use crate::problem::Problem;
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_object::Object;
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{Desired, Overlay};
use std::collections::BTreeSet;

pub use cache::ParseCache;
pub use limits::Limits;
pub use substitute::{Substitute, substitute};

/// A folder to build.
pub struct Build<'a> {
    pub tree: &'a dyn Tree,
    pub root: &'a TreePath,
    /// Fields merged into the root kustomization, and labels and annotations for the result. With an overlay, a root
    /// without a kustomization file is built from all manifests in it, and a kustomization may read files anywhere in
    /// the tree, as Flux builds.
    pub overlay: Option<&'a Overlay>,
    pub limits: Limits,
    pub cache: Option<&'a ParseCache>,
    /// Asked for each file that a secretGenerator reads.
    pub decrypt: Option<Decrypt<'a>>,
}

/// The clear content of a secretGenerator's file; `None` if it is not encrypted. Of its result nothing is kept but the
/// generated Secret.
pub type Decrypt<'a> = &'a dyn Fn(SecretFile<'_>) -> Result<Option<Vec<u8>>, String>;

/// The generator's entry as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretSource<'a> {
    /// `files`: `path` or `key=path`.
    File(&'a str),
    /// `envs`: the file is read as lines of `KEY=value`.
    Env(&'a str),
}

/// A file that a secretGenerator reads.
#[derive(Clone, Copy)]
pub struct SecretFile<'a> {
    pub path: &'a str,
    pub source: SecretSource<'a>,
    pub bytes: &'a [u8],
}

/// What a folder builds to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Built {
    /// In the order that kustomize prints.
    pub objects: Vec<Desired>,
    /// Every path that the build looked at, folders that it listed included: when none of them changed, neither did the
    /// result.
    pub reads: BTreeSet<String>,
    pub warnings: Diagnostics,
}

/// What was wrong, and what had been looked at until then.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    pub diagnostics: Diagnostics,
    pub reads: BTreeSet<String>,
}

pub fn build(request: &Build<'_>) -> Result<Built, Failed> {
    let anywhere = request.overlay.is_some();
    let loader = loader::Loader::new(request.tree, request.limits, anywhere, request.cache, request.decrypt);
    match run(request, &loader) {
        Ok(objects) => Ok(Built { objects, reads: loader.into_reads(), warnings: Diagnostics::new() }),
        Err(diagnostics) => Err(Failed { diagnostics, reads: loader.into_reads() }),
    }
}

fn run(request: &Build<'_>, loader: &loader::Loader<'_>) -> Result<Vec<Desired>, Diagnostics> {
    let at_root = |p: Problem| build::at_file(p, request.root.as_str());
    let folder = loader.folder(request.root).map_err(at_root)?.ok_or_else(|| {
        at_root(Problem::new(&codes::NOT_FOUND, format!("{} is not a folder", request.root)))
    })?;
    let target = match (target::find(loader, &folder).map_err(at_root)?, request.overlay) {
        (Some((path, entry)), None) => target::Target::load(loader, &folder, &path, &entry, |_| {})?,
        (Some((path, entry)), Some(overlay)) => {
            target::Target::load(loader, &folder, &path, &entry, |map| overlay::merge(map, overlay))?
        }
        (None, Some(overlay)) => {
            let mut map = scan::generate(loader, &folder)?;
            overlay::merge(&mut map, overlay);
            target::Target::generated(&folder, map)?
        }
        (None, None) => {
            let message = format!("the folder {} has no kustomization file", request.root);
            return Err(at_root(Problem::new(&codes::NOT_FOUND, message)));
        }
    };
    let ignore_missing = request.overlay.is_some_and(|o| o.ignore_missing_components);
    let objects = build::Builder::new(loader, ignore_missing).build(&target)?;
    let mut desired = Vec::with_capacity(objects.len());
    let mut problems = Diagnostics::new();
    for resource in objects.into_vec() {
        match object(&resource) {
            Ok(mut object) => {
                if let Some(overlay) = request.overlay {
                    overlay::common_metadata(&mut object, overlay);
                }
                desired.push(Desired { object, origin: resource.origin });
            }
            Err(problem) => problems.push(problem.located(resource.origin)),
        }
    }
    if problems.is_empty() { Ok(desired) } else { Err(problems) }
}

fn object(resource: &resource::Resource) -> Result<Object, Problem> {
    let not = |why: String| Problem::new(&codes::NOT_AN_OBJECT, format!("{}: {why}", resource.id()));
    let value = resource.node.to_value().map_err(|e| not(e.to_string()))?;
    Object::new(value).map_err(|e| not(e.to_string()))
}

/// What `kustomize build` prints.
pub fn emit(objects: &[Desired]) -> String {
    let mut out = String::new();
    for (at, desired) in objects.iter().enumerate() {
        if at > 0 {
            out.push_str("---\n");
        }
        out.push_str(&mainstay_yaml::emit(desired.object.value()));
    }
    out
}
