//! A real repository that holds what the random one says.

use anyhow::Result;
use git2::{IndexEntry, IndexTime, Signature};
use mainstay_simulation::repository::{Plan, files};
use std::path::{Path, PathBuf};

pub struct Checkout {
    pub path: PathBuf,
    git: git2::Repository,
}

impl Checkout {
    pub fn create(path: &Path) -> Result<Self> {
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        let git = git2::Repository::init_opts(path, &options)?;
        Ok(Self { path: path.to_owned(), git })
    }

    /// Commits exactly what a plan says.
    pub fn commit(&self, plan: &Plan) -> Result<()> {
        let mut index = self.git.index()?;
        index.clear()?;
        for (path, text) in files(plan) {
            let entry = IndexEntry {
                ctime: IndexTime::new(0, 0),
                mtime: IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id: git2::Oid::ZERO_SHA1,
                flags: 0,
                flags_extended: 0,
                path: path.into_bytes(),
            };
            index.add_frombuffer(&entry, text.as_bytes())?;
        }
        let tree = self.git.find_tree(index.write_tree()?)?;
        let who = Signature::now("People", "people@example.com")?;
        let head = match self.git.head().and_then(|head| head.peel_to_commit()) {
            Ok(head) => Some(head),
            Err(none) if none.code() == git2::ErrorCode::UnbornBranch => None,
            Err(error) => return Err(error.into()),
        };
        let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
        self.git.commit(Some("HEAD"), &who, &who, "Change", &tree, &parents)?;
        Ok(())
    }
}
