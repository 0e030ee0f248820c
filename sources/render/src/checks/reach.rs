use crate::entry::{Base, KUSTOMIZATIONS, files_below, is_yaml};
use crate::fixpoint::{Rendered, Settled};
use crate::inputs::Inputs;
use crate::views::Views;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{Source, SourceId};
use mainstay_yaml::{Limits, load};
use std::collections::{BTreeMap, BTreeSet};

/// Manifests that no unit reads. With the repository's root as the entry everything is meant to be read; else other
/// folders may belong to other entries, and only files beside ones that are read are told.
pub(super) fn check(
    inputs: &Inputs,
    base: &Base,
    views: &Views,
    settled: &Settled,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(tree) = base.tree.as_deref().filter(|_| base.entry().is_some()) else { return };
    let (reached, unknown) = reached(settled);
    let beside: BTreeSet<TreePath> = reached.iter().filter_map(TreePath::parent).collect();
    let all = files_below(tree, &TreePath::root());
    let mut lost: BTreeMap<TreePath, Vec<TreePath>> = BTreeMap::new();
    for path in all {
        let Some(folder) = path.parent() else { continue };
        let is_kustomization = KUSTOMIZATIONS.contains(&path.file_name());
        if reached.contains(&path)
            || base.native.contains(path.as_str())
            || !(is_kustomization || is_yaml(path.file_name()))
            || !(inputs.entry.is_root() || path.is_within(&inputs.entry) || beside.contains(&folder))
            || unknown.iter().any(|below| path.is_within(below))
            || !(is_kustomization || holds_manifests(tree, &path))
            || views.leave_out(&inputs.platform.tree, &path)
        {
            continue;
        }
        lost.entry(folder).or_default().push(path);
    }
    let untouched =
        |folder: &TreePath| !folder.is_root() && !reached.iter().any(|path| path.is_within(folder));
    let mut told: Vec<TreePath> = Vec::new();
    for (folder, files) in lost {
        if told.iter().any(|above| folder.is_within(above)) {
            continue;
        }
        if untouched(&folder) {
            let message = format!("no unit reaches the folder {folder}");
            diagnostics
                .push(Diagnostic::new(&codes::unit::UNREACHED_FOLDER, message).at_file(folder.as_str()));
            told.push(folder);
            continue;
        }
        for path in files {
            let message = format!("no unit reaches the file {path}");
            diagnostics.push(Diagnostic::new(&codes::unit::UNREACHED_FILE, message).at_file(path.as_str()));
        }
    }
}

/// The files that renders read, and the folders of units that were not rendered: what these would read is not known.
fn reached(settled: &Settled) -> (BTreeSet<TreePath>, Vec<TreePath>) {
    let mut reached = BTreeSet::new();
    let mut unknown = Vec::new();
    for (id, render) in &settled.renders {
        match render {
            Rendered::Done(outcome) | Rendered::Partly { outcome, .. } => {
                reached.extend(outcome.rendered.reads.iter().filter_map(|path| TreePath::parse(path).ok()));
            }
            Rendered::Not { .. } => {
                match settled.state.units.get(id).map(|declared| &declared.unit.source) {
                    Some(Source::Folder { source: SourceId::Platform, path, .. }) => {
                        unknown.push(path.clone())
                    }
                    // It may lie in the repository.
                    Some(Source::Chart(chart)) => unknown.extend(TreePath::parse(&chart.chart)),
                    Some(Source::Folder { .. } | Source::Objects(_)) | None => {}
                }
            }
        }
    }
    (reached, unknown)
}

fn holds_manifests(tree: &dyn Tree, path: &TreePath) -> bool {
    let Ok(bytes) = tree.read(path) else { return false };
    let loaded = load(path.as_str(), &bytes, &Limits::default());
    loaded.documents.iter().any(|document| {
        let is_text = |key| document.root.get(key).is_some_and(|node| node.as_str().is_some());
        is_text("apiVersion") && is_text("kind")
    })
}
