use crate::entry::FileRead;
use crate::outcome::Outcome;
use crate::reads::{Reads, still_holds};
use mainstay_kustomize::ParseCache;
use mainstay_object::Digest;
use mainstay_unit::tree::{Tree, TreePath};
use std::collections::HashMap;
use std::sync::Arc;

/// Renders of earlier readings with what each of them looked at. Dropping it costs time, never truth.
pub struct Cache {
    renders: HashMap<Digest, Kept>,
    files: HashMap<(TreePath, String), (Arc<FileRead>, u64)>,
    /// Counts readings: what the last one did not use is forgotten.
    generation: u64,
    rendered: usize,
    /// Parsed files by content, shared between renders.
    pub(crate) parsed: ParseCache,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            renders: HashMap::new(),
            files: HashMap::new(),
            generation: 0,
            rendered: 0,
            parsed: ParseCache::new(PARSED),
        }
    }
}

/// Parsed files that are kept.
const PARSED: usize = 10_000;

struct Kept {
    folder: TreePath,
    folder_id: String,
    /// What lies outside of the folder.
    outside: Reads,
    all: Reads,
    outcome: Arc<Outcome>,
    generation: u64,
}

impl Cache {
    /// How many renders the last reading could not take from here.
    pub fn rendered(&self) -> usize {
        self.rendered
    }

    pub(crate) fn begin(&mut self) {
        self.generation += 1;
        self.rendered = 0;
    }

    pub(crate) fn end(&mut self) {
        let now = self.generation;
        self.renders.retain(|_, kept| kept.generation == now);
        self.files.retain(|_, (_, generation)| *generation == now);
    }

    pub(crate) fn get(&mut self, question: &Digest, tree: &dyn Tree) -> Option<Arc<Outcome>> {
        let kept = self.renders.get_mut(question)?;
        if kept.generation != self.generation {
            let same = folder_id(tree, &kept.folder) == kept.folder_id && still_holds(&kept.outside, tree);
            if !same && !still_holds(&kept.all, tree) {
                return None;
            }
            kept.generation = self.generation;
        }
        Some(kept.outcome.clone())
    }

    pub(crate) fn put(
        &mut self,
        question: Digest,
        folder: &TreePath,
        tree: &dyn Tree,
        reads: Reads,
        outcome: Arc<Outcome>,
    ) {
        self.rendered += 1;
        let outside = reads.iter().filter(|((path, _), _)| !path.is_within(folder));
        let kept = Kept {
            folder: folder.clone(),
            folder_id: folder_id(tree, folder),
            outside: outside.map(|(key, answer)| (key.clone(), answer.clone())).collect(),
            all: reads,
            outcome,
            generation: self.generation,
        };
        self.renders.insert(question, kept);
    }

    pub(crate) fn file(
        &mut self,
        path: &TreePath,
        id: &str,
        read: impl FnOnce() -> FileRead,
    ) -> Arc<FileRead> {
        let generation = self.generation;
        let kept =
            self.files.entry((path.clone(), id.to_owned())).or_insert_with(|| (Arc::new(read()), generation));
        kept.1 = generation;
        kept.0.clone()
    }
}

fn folder_id(tree: &dyn Tree, folder: &TreePath) -> String {
    tree.entry(folder).ok().flatten().map(|entry| entry.id).unwrap_or_default()
}
