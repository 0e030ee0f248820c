//! Folders built before variables are set, for as long as a reading takes: units out of one template differ in those only.
use crate::kustomize::{self, Unset};
use crate::reads::{Reads, Recorder};
use crate::sources::Source;
use mainstay_kustomize::ParseCache;
use mainstay_object::Digest;
use mainstay_unit::Overlay;
use mainstay_unit::tree::TreePath;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared between renders that run at the same time: what is found in it depends on what was asked alone.
#[derive(Default)]
pub(crate) struct Builds(Mutex<HashMap<Digest, Option<Before>>>);

/// What was built, and what it looked at.
type Before = Arc<(Unset, Arc<Reads>)>;

/// Folders that are held; more of them forget all.
const HELD: usize = 256;

impl Builds {
    pub(crate) fn of(
        &self,
        source: &Source,
        path: &TreePath,
        overlay: &Overlay,
        parsed: &ParseCache,
    ) -> Before {
        let question = question(source, path, overlay);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&question).cloned();
        if let Some(Some(before)) = known {
            return before;
        }
        let recorder = Recorder::new(source.tree.clone());
        let built = kustomize::build(&recorder, path, overlay, parsed, None);
        let before = Arc::new((built, Arc::new(recorder.reads())));
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

fn question(source: &Source, path: &TreePath, overlay: &Overlay) -> Digest {
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
