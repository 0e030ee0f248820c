//! Folders built before variables are set, for as long as a reading takes: units out of one template differ in those only.
use crate::kustomize::{self, Before, Folder};
use mainstay_kustomize::ParseCache;
use mainstay_object::Digest;
use mainstay_unit::Overlay;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared between renders that run at the same time: what is found in it depends on what was asked alone.
#[derive(Default)]
pub(crate) struct Builds(Mutex<HashMap<Digest, Option<Arc<Before>>>>);

/// Folders that are held; more of them forget all.
const HELD: usize = 256;

impl Builds {
    pub(crate) fn of(&self, folder: Folder<'_>, parsed: &ParseCache) -> Arc<Before> {
        let question = question(folder);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&question).cloned();
        if let Some(Some(before)) = known {
            return before;
        }
        let before = Arc::new(kustomize::build(folder, parsed, None));
        // What was asked of the world may be answered otherwise to another unit.
        if !before.noted.is_empty() {
            return before;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= HELD {
            all.clear();
        }
        // The first time only says that it was asked: most folders are one unit's.
        all.insert(question, known.is_some().then(|| before.clone()));
        before
    }

    pub(crate) fn clear(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn question(folder: Folder<'_>) -> Digest {
    let Folder { source, path, overlay, asker: _ } = folder;
    let Overlay {
        kustomization,
        labels: _,
        annotations: _,
        substitution: _,
        decryption: _,
        ignore_missing_components,
    } = overlay;
    let tree = source.tree.id();
    let overlay = (kustomization, ignore_missing_components);
    Digest::of_bytes(format!("{:?}\0{tree}\0{path}\0{overlay:?}", source.origin).as_bytes())
}
