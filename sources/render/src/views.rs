//! Trees without what their sources leave out.
use crate::sources::{Source, Unavailable};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_flux::{Exclusion, IgnoreFiles, artifact_of, without_ignored};
use mainstay_unit::SourceId;
use mainstay_unit::tree::{Tree, TreePath};
use std::collections::HashMap;
use std::sync::Arc;

/// The same tree for as long as it is asked for: what was read of it is known by it.
#[derive(Default)]
pub(crate) struct Views {
    /// Where no source says what is left out.
    entries: HashMap<Place, Made<Arc<dyn Tree>>>,
    artifacts: HashMap<(Place, Exclusion), Made<Told>>,
    files: IgnoreFiles,
}

type Told = Result<Arc<dyn Tree>, String>;

/// Of the tree that is looked at, which is held.
type Place = usize;

struct Made<T> {
    of: Arc<dyn Tree>,
    view: T,
    used: bool,
}

impl Views {
    /// What source-controller would make an artifact.
    pub(crate) fn artifact(
        &mut self,
        id: &SourceId,
        source: Source,
        exclusion: &Exclusion,
    ) -> Result<Source, Unavailable> {
        let files = &mut self.files;
        let key = (place(&source.tree), exclusion.clone());
        let made = self
            .artifacts
            .entry(key)
            .or_insert_with(|| Made::new(&source.tree, artifact_of(&source.tree, exclusion, files)));
        made.used = true;
        let tree = made.view.clone().map_err(|why| unavailable(id, &why))?;
        Ok(Source { tree, ..source })
    }

    /// What is read where no source says anything.
    pub(crate) fn before_anything_is_known(&mut self, source: Source) -> Source {
        Source { tree: self.entry(&source.tree), ..source }
    }

    pub(crate) fn entry(&mut self, tree: &Arc<dyn Tree>) -> Arc<dyn Tree> {
        let files = &mut self.files;
        let make = || Made::new(tree, without_ignored(tree, files));
        let made = self.entries.entry(place(tree)).or_insert_with(make);
        made.used = true;
        made.view.clone()
    }

    /// Whether a file of a tree is left out by every source that shows this tree.
    pub(crate) fn leave_out(&self, tree: &Arc<dyn Tree>, path: &TreePath) -> bool {
        let of_it = self.artifacts.values().filter(|made| made.used && Arc::ptr_eq(&made.of, tree));
        let mut views = of_it.filter_map(|made| made.view.as_ref().ok()).peekable();
        views.peek().is_some() && !views.any(|view| view.entry(path).is_ok_and(|found| found.is_some()))
    }

    /// What no reading has asked for since the last one is forgotten.
    pub(crate) fn end(&mut self) {
        self.entries.retain(|_, made| std::mem::take(&mut made.used));
        self.artifacts.retain(|_, made| std::mem::take(&mut made.used));
    }
}

impl<T> Made<T> {
    fn new(of: &Arc<dyn Tree>, view: T) -> Self {
        Self { of: of.clone(), view, used: true }
    }
}

fn place(tree: &Arc<dyn Tree>) -> Place {
    Arc::as_ptr(tree).cast::<()>().addr()
}

fn unavailable(id: &SourceId, why: &str) -> Unavailable {
    let message = format!("{id}: what is left out of it can't be told: {why}");
    let diagnostic = Diagnostic::new(&codes::render::UNREADABLE, message.clone());
    Unavailable { reason: message, need: None, diagnostic: Some(Box::new(diagnostic)) }
}
