//! Parsed files by the digest of their content: a base that fifty overlays read is parsed once.
use crate::problem::Problem;
use crate::read::Read;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared between builds, also at the same time: what is found in it depends on the content alone. It keeps at most a
/// given number of files, and then forgets them all at once.
pub struct ParseCache {
    most: usize,
    files: Mutex<HashMap<String, Parsed>>,
}

type Parsed = Arc<Result<Vec<Read>, Problem>>;

impl ParseCache {
    pub fn new(most: usize) -> Self {
        Self { most, files: Mutex::default() }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Parsed> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(crate) fn put(&self, id: String, parsed: Parsed) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() >= self.most {
            files.clear();
        }
        files.insert(id, parsed);
    }
}
