//! kustomize as a pure function from a tree to objects: what `kustomize build` 5.5 prints, and what Flux makes of a
//! folder.
//!
//! Absent by design: files, processes, the network, the environment, clocks, randomness and global state; plugins other
//! than built-in ones, helm among them (who renders a chart is the caller's); any field that is read and then ignored. A
//! remote base is named by its commit, a file of the web by its URL, and fetched by whoever asks for the build. Builds share nothing but an optional cache
//! whose content depends on the files' content alone. What is not carried out is refused with a diagnostic.

mod build;
mod cache;
mod chart;
mod config;
mod cost;
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
mod origin;
mod outside;
mod overlay;
mod patches;
mod pattern;
mod plugin;
mod problem;
mod read;
mod remote;
mod resource;
mod scalar;
mod scan;
mod schema;
mod scope;
mod selector;
mod shape;
mod smp;
mod steps;
mod substitute;
mod target;
#[cfg(test)]
mod tests;
mod transform;
mod written;

use crate::problem::Problem;
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_object::Object;
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{Desired, Overlay};
use std::collections::BTreeSet;

pub use cache::ParseCache;
pub use chart::{Chart, ChartFiles, Charts, Inflated, Pull};
pub use limits::Limits;
pub use outside::{Answer, Refused, Web};
pub use overlay::common_metadata;
pub use remote::{Remote, RemoteBase};
pub use substitute::{Substitute, substitute};

/// A folder to build.
pub struct Build<'a> {
    pub tree: &'a dyn Tree,
    pub root: &'a TreePath,
    /// Fields merged into the root kustomization; labels and annotations for the result are the caller's, because they
    /// come last ([`common_metadata`]). With an overlay, a root
    /// without a kustomization file is built from all manifests in it, and a kustomization may read files anywhere in
    /// the tree, as Flux builds.
    pub overlay: Option<&'a Overlay>,
    pub options: Options,
    pub limits: Limits,
    pub cache: Option<&'a ParseCache>,
    /// Asked for each file that a secretGenerator reads.
    pub decrypt: Option<Decrypt<'a>>,
    /// Asked for each chart that `helmCharts` names; without it they are refused.
    pub charts: Option<&'a dyn Charts>,
    /// Asked for each remote base; without it they are refused. Whether one is allowed is for whoever answers to say.
    pub remote: Option<Remote<'a>>,
    /// Asked for each file that is named by a URL; without it they are refused.
    pub web: Option<Web<'a>>,
}

impl<'a> Build<'a> {
    /// A folder as `kustomize build` takes it, without flags.
    pub fn new(tree: &'a dyn Tree, root: &'a TreePath) -> Self {
        Self {
            tree,
            root,
            overlay: None,
            options: Options::default(),
            limits: Limits::default(),
            cache: None,
            decrypt: None,
            charts: None,
            remote: None,
            web: None,
        }
    }
}

/// What `kustomize build` takes as flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the root kustomization has no `sortOptions`; by kind and name if nothing is said.
    pub order: Option<Order>,
    /// Kustomizations may read files anywhere in the tree.
    pub anywhere: bool,
    /// Every object gets the label that says what built it.
    pub managed_by_label: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As the objects were read and made.
    Fifo,
    /// By kind, namespace and name; some kinds come first or last.
    Legacy,
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
    with_loader(request, |loader| {
        let mut objects = Vec::new();
        let mut problems = Diagnostics::new();
        for resource in run(request, loader)?.into_vec() {
            match object(&resource) {
                Ok(object) => objects.push(Desired { object, origin: resource.origin }),
                Err(problem) => problems.push(problem.located(resource.origin)),
            }
        }
        if problems.is_empty() { Ok(objects) } else { Err(problems) }
    })
    .map(|(objects, reads, warnings)| Built { objects, reads, warnings })
}

/// What `kustomize build` prints, documents included that no API server would take, say without an apiVersion.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Printed {
    pub text: String,
    pub reads: BTreeSet<String>,
    pub warnings: Diagnostics,
}

pub fn print(request: &Build<'_>) -> Result<Printed, Failed> {
    with_loader(request, |loader| {
        let mut text = String::new();
        let mut problems = Diagnostics::new();
        for resource in run(request, loader)?.into_vec() {
            match value(&resource) {
                Ok(value) => document(&mut text, &value),
                Err(problem) => problems.push(problem.located(resource.origin)),
            }
        }
        if problems.is_empty() { Ok(text) } else { Err(problems) }
    })
    .map(|(text, reads, warnings)| Printed { text, reads, warnings })
}

fn with_loader<T>(
    request: &Build<'_>,
    make: impl FnOnce(&loader::Loader<'_>) -> Result<T, Diagnostics>,
) -> Result<(T, BTreeSet<String>, Diagnostics), Failed> {
    let anywhere = request.overlay.is_some() || request.options.anywhere;
    let loader = loader::Loader::new(request.tree, request.limits, anywhere, request.cache, request.decrypt)
        .with_web(request.web);
    let made = make(&loader);
    let (reads, warnings) = loader.into_parts();
    match made {
        Ok(made) => Ok((made, reads, warnings)),
        Err(diagnostics) => Err(Failed { diagnostics, reads }),
    }
}

fn run(request: &Build<'_>, loader: &loader::Loader<'_>) -> Result<objects::Objects, Diagnostics> {
    let at_root = |p: Problem| build::at_file(p, request.root.as_str());
    let folder = loader.folder(request.root).map_err(at_root)?.ok_or_else(|| {
        at_root(Problem::new(&codes::NOT_FOUND, format!("{} is not a folder", request.root)))
    })?;
    let target = match (target::find(loader, &folder).map_err(at_root)?, request.overlay) {
        (Some((path, entry)), None) => target::Target::load(loader, &folder, &path, &entry, |_| {})?,
        (Some((path, entry)), Some(overlay)) => {
            let exists = overlay::exists(loader, &folder);
            target::Target::load(loader, &folder, &path, &entry, |map| {
                overlay::never_empty(map);
                overlay::merge(map, overlay, &exists);
            })?
        }
        (None, Some(overlay)) => {
            let mut map = scan::generate(loader, &folder)?;
            overlay::merge(&mut map, overlay, &overlay::exists(loader, &folder));
            target::Target::generated(&folder, map)?
        }
        (None, None) => {
            return Err(at_root(no_kustomization(loader, &folder)));
        }
    };
    let ports = build::Ports { charts: request.charts, remote: request.remote };
    build::Builder::new(loader, ports).build(&target, request.options)
}

/// Which of the folders directly in this one could be meant is told too.
fn no_kustomization(loader: &loader::Loader<'_>, folder: &TreePath) -> Problem {
    let message = format!("the folder {folder} has no kustomization file");
    let below = loader.list(folder).unwrap_or_default().into_iter().filter_map(|(name, _)| {
        let inside = loader.folder(&folder.join(&name).ok()?).ok()??;
        target::find(loader, &inside).ok()?.map(|_| name)
    });
    let below: Vec<String> = below.take(3).collect();
    let names = "it would be kustomization.yaml, kustomization.yml or Kustomization";
    Problem::new(&codes::NOT_FOUND, message).hint(match below.as_slice() {
        [] => names.to_owned(),
        [one] => format!("{names}; {one} has one"),
        several => format!("{names}; {} have one", several.join(", ")),
    })
}

fn object(resource: &resource::Resource) -> Result<Object, Problem> {
    Object::new(value(resource)?).map_err(|e| not_an_object(resource, &e.to_string()))
}

fn value(resource: &resource::Resource) -> Result<serde_json::Value, Problem> {
    resource.node.to_value().map_err(|e| not_an_object(resource, &e.to_string()))
}

fn not_an_object(resource: &resource::Resource, why: &str) -> Problem {
    Problem::new(&codes::NOT_AN_OBJECT, format!("{}: {why}", resource.id()))
}

/// Objects as `kustomize build` prints them.
pub fn emit(objects: &[Desired]) -> String {
    let mut out = String::new();
    for desired in objects {
        document(&mut out, desired.object.value());
    }
    out
}

fn document(out: &mut String, value: &serde_json::Value) {
    if !out.is_empty() {
        out.push_str("---\n");
    }
    out.push_str(&mainstay_yaml::emit(value));
}
