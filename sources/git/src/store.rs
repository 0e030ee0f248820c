use crate::GitError;
use git2::Repository;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Handles of one object store, one per thread that reads at the same time: libgit2's can't be shared.
pub(crate) struct Store {
    dir: PathBuf,
    idle: Mutex<Vec<(u64, Repository)>>,
    /// Grows when the folder is replaced or its packs are rewritten: older handles are then closed.
    generation: AtomicU64,
    /// A reader met an object that is missing or damaged.
    suspect: AtomicBool,
}

/// A handle that goes back when it is dropped.
pub(crate) struct Handle<'a> {
    store: &'a Store,
    generation: u64,
    repository: Option<Repository>,
}

impl Store {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            idle: Mutex::default(),
            generation: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
        }
    }

    pub(crate) fn handle(&self) -> Result<Handle<'_>, GitError> {
        let generation = self.generation.load(Ordering::Acquire);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let repository = match idle.filter(|(of, _)| *of == generation) {
            Some((_, repository)) => repository,
            None => Repository::open_bare(&self.dir).map_err(|e| GitError::local(&self.dir, &e))?,
        };
        Ok(Handle { store: self, generation, repository: Some(repository) })
    }

    pub(crate) fn renew(&self) {
        self.generation.fetch_add(1, Ordering::Release);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn suspect(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    pub(crate) fn take_suspicion(&self) -> bool {
        self.suspect.swap(false, Ordering::Relaxed)
    }
}

impl Deref for Handle<'_> {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        match &self.repository {
            Some(repository) => repository,
            None => unreachable!("only drop takes it"),
        }
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        if let Some(repository) = self.repository.take() {
            let mut idle = self.store.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((self.generation, repository));
        }
    }
}
