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
    /// Nothing where no source says what is left out. By the place of the tree that is looked at, which is held.
    made: HashMap<(usize, Option<Exclusion>), Made>,
    files: IgnoreFiles,
}

struct Made {
    of: Arc<dyn Tree>,
    view: Result<Arc<dyn Tree>, String>,
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
        let tree = self.view(&source.tree, Some(exclusion)).map_err(|why| unavailable(id, why))?;
        Ok(Source { tree, ..source })
    }

    /// What is read where no source says anything.
    pub(crate) fn before_anything_is_known(
        &mut self,
        id: &SourceId,
        source: Source,
    ) -> Result<Source, Unavailable> {
        let tree = self.entry(&source.tree).map_err(|why| unavailable(id, why))?;
        Ok(Source { tree, ..source })
    }

    pub(crate) fn entry(&mut self, tree: &Arc<dyn Tree>) -> Result<Arc<dyn Tree>, String> {
        self.view(tree, None)
    }

    fn view(&mut self, tree: &Arc<dyn Tree>, exclusion: Option<&Exclusion>) -> Result<Arc<dyn Tree>, String> {
        let key = (Arc::as_ptr(tree).cast::<()>().addr(), exclusion.cloned());
        let files = &mut self.files;
        let made = self.made.entry(key).or_insert_with(|| Made {
            of: tree.clone(),
            view: match exclusion {
                Some(exclusion) => artifact_of(tree, exclusion, files),
                None => without_ignored(tree, files),
            },
            used: true,
        });
        made.used = true;
        made.view.clone()
    }

    /// Whether a file of a tree is left out by every source that shows this tree.
    pub(crate) fn leave_out(&self, tree: &Arc<dyn Tree>, path: &TreePath) -> bool {
        let mut views = self.made.iter().filter_map(|((_, exclusion), made)| {
            let of_a_source = exclusion.is_some() && made.used && Arc::ptr_eq(&made.of, tree);
            made.view.as_ref().ok().filter(|_| of_a_source)
        });
        let shows = |view: &Arc<dyn Tree>| view.entry(path).is_ok_and(|found| found.is_some());
        let Some(first) = views.next() else { return false };
        !shows(first) && !views.any(shows)
    }

    /// What no reading has asked for since the last one is forgotten.
    pub(crate) fn end(&mut self) {
        self.made.retain(|_, made| std::mem::take(&mut made.used));
    }
}

fn unavailable(id: &SourceId, why: String) -> Unavailable {
    let message = format!("{id}: what is left out of it can't be told: {why}");
    let diagnostic = Diagnostic::new(&codes::render::UNREADABLE, message.clone());
    Unavailable { reason: message, need: None, diagnostic: Some(Box::new(diagnostic)) }
}
