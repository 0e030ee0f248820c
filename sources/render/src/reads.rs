//! What a render looked at, so that a later reading can tell whether it would see the same.
use mainstay_object::Digest;
use mainstay_unit::tree::{Entry, EntryKind, Tree, TreeError, TreePath};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One question to a tree. Answers are digests, as narrow as the question: a folder's listing does not change with the
/// content of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    Kind,
    Names,
    Content,
}

pub(crate) type Reads = BTreeMap<(TreePath, Question), String>;

/// A tree that remembers what it was asked.
pub(crate) struct Recorder {
    inner: Arc<dyn Tree>,
    reads: Mutex<Reads>,
}

impl Recorder {
    pub(crate) fn new(inner: Arc<dyn Tree>) -> Self {
        Self { inner, reads: Mutex::default() }
    }

    /// A file whose digest was taken from a listing.
    pub(crate) fn touch(&self, path: &str) {
        if let Ok(path) = TreePath::parse(path) {
            // Asking is recording.
            drop(self.entry(&path));
        }
    }

    pub(crate) fn reads(&self) -> Reads {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, path: &TreePath, question: Question, answer: String) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        reads.entry((path.clone(), question)).or_insert(answer);
    }
}

impl Tree for Recorder {
    fn id(&self) -> String {
        self.inner.id()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let found = self.inner.entry(path);
        self.note(path, Question::Kind, kind(&found));
        // An entry tells its content's digest, and a parsed file may be known by it.
        if let Ok(Some(entry)) = &found
            && entry.kind.is_file()
        {
            self.note(path, Question::Content, entry.id.clone());
        }
        found
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let found = self.inner.list(path);
        self.note(path, Question::Names, names(&found));
        found
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.note(path, Question::Content, content(self.inner.as_ref(), path));
        self.inner.read(path)
    }
}

/// Whether a tree would answer every question as before.
pub(crate) fn still_holds(reads: &Reads, tree: &dyn Tree) -> bool {
    reads.iter().all(|((path, question), answer)| {
        *answer
            == match question {
                Question::Kind => kind(&tree.entry(path)),
                Question::Names => names(&tree.list(path)),
                Question::Content => content(tree, path),
            }
    })
}

/// The files that were read.
pub(crate) fn files(reads: &Reads) -> impl Iterator<Item = &TreePath> {
    reads.keys().filter(|(_, question)| *question == Question::Content).map(|(path, _)| path)
}

pub(crate) fn digest(reads: &Reads, into: &mut Vec<u8>) {
    for ((path, question), answer) in reads {
        into.extend_from_slice(format!("{path}\0{question:?}\0{answer}\n").as_bytes());
    }
}

fn kind(found: &Result<Option<Entry>, TreeError>) -> String {
    match found {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(entry)) => word(entry.kind).to_owned(),
        Err(error) => error.to_string(),
    }
}

fn word(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Executable => "executable",
        EntryKind::Folder => "folder",
        EntryKind::Symlink => "symlink",
        EntryKind::Submodule => "submodule",
    }
}

fn names(found: &Result<Vec<(String, Entry)>, TreeError>) -> String {
    match found {
        Ok(entries) => {
            let all: String =
                entries.iter().map(|(name, entry)| format!("{name}\0{}\n", word(entry.kind))).collect();
            Digest::of_bytes(all.as_bytes()).hex()
        }
        Err(error) => error.to_string(),
    }
}

fn content(tree: &dyn Tree, path: &TreePath) -> String {
    match tree.entry(path) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(entry)) => entry.id,
        Err(error) => error.to_string(),
    }
}
