use crate::{GitError, Remote, transfer};
use git2::build::TreeUpdateBuilder;
use git2::{ErrorCode, FileMode, Oid, Repository, RepositoryInitOptions, Signature, Time};
use mainstay_unit::tree::TreePath;
use std::fs;
use std::path::Path;

/// Who commits, and when. Nothing is taken from the machine's Git configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub name: String,
    pub email: String,
    /// Seconds since 1970, UTC.
    pub time: i64,
}

impl Author {
    fn signature(&self) -> Result<Signature<'static>, GitError> {
        Signature::new(&self.name, &self.email, &Time::new(self.time, 0))
            .map_err(|e| GitError::invalid("the author", e.message()))
    }
}

/// Puts a commit on top of a branch, creating the branch if it isn't there, without any working tree. `None` removes
/// a file. Fails if the branch moves meanwhile. Returns the commit's id, or the old one where nothing changes.
pub fn commit(
    repository: &Path,
    branch: &str,
    changes: &[(TreePath, Option<Vec<u8>>)],
    message: &str,
    author: &Author,
) -> Result<String, GitError> {
    let failed = |e: git2::Error| GitError::local(repository, &e);
    crate::Reference::Branch(branch.to_owned()).validate()?;
    let git = Repository::open(repository).map_err(failed)?;
    let name = format!("refs/heads/{branch}");
    let parent = match git.find_reference(&name) {
        Ok(reference) => Some(reference.peel_to_commit().map_err(failed)?),
        Err(e) if e.code() == ErrorCode::NotFound => None,
        Err(e) => return Err(failed(e)),
    };
    let base = match &parent {
        Some(parent) => parent.tree().map_err(failed)?,
        None => {
            let empty = git.treebuilder(None).and_then(|b| b.write()).map_err(failed)?;
            git.find_tree(empty).map_err(failed)?
        }
    };
    let mut update = TreeUpdateBuilder::new();
    for (path, content) in changes {
        let old = base.get_path(Path::new(path.as_str())).ok();
        match content {
            Some(content) => {
                let blob = git.blob(content).map_err(failed)?;
                let executable = old.is_some_and(|e| e.filemode() == i32::from(FileMode::BlobExecutable));
                let mode = if executable { FileMode::BlobExecutable } else { FileMode::Blob };
                update.upsert(path.as_str(), blob, mode);
            }
            None if old.is_some() => {
                update.remove(path.as_str());
            }
            None => {
                let url = repository.display().to_string();
                return Err(GitError::NotFound { reference: path.to_string(), url });
            }
        }
    }
    let tree =
        update.create_updated(&git, &base).map_err(|e| GitError::invalid("the change", e.message()))?;
    if let Some(parent) = parent.as_ref().filter(|p| p.tree_id() == tree) {
        return Ok(parent.id().to_string());
    }
    let tree = git.find_tree(tree).map_err(failed)?;
    let signature = author.signature()?;
    let parents: Vec<_> = parent.iter().collect();
    let id = git.commit(None, &signature, &signature, message, &tree, &parents).map_err(failed)?;
    advance(&git, &name, id, parent.map(|p| p.id()))?;
    Ok(id.to_string())
}

/// Moves the branch only if it is still where it was.
pub(crate) fn advance(git: &Repository, name: &str, new: Oid, old: Option<Oid>) -> Result<(), GitError> {
    let result = match old {
        Some(old) => git.reference_matching(name, new, true, old, "commit"),
        None => git.reference(name, new, false, "commit"),
    };
    match result {
        Ok(_) => Ok(()),
        Err(e)
            if matches!(
                e.code(),
                ErrorCode::Modified | ErrorCode::Exists | ErrorCode::NotFound | ErrorCode::Locked
            ) =>
        {
            Err(GitError::Rejected { reference: name.to_owned(), why: "it moved meanwhile".into() })
        }
        Err(e) => Err(GitError::local(git.path(), &e)),
    }
}

/// Pushes from a repository on this machine, such as `refs/heads/x:refs/heads/x`. A leading `+` forces; without it,
/// a branch that moved meanwhile is left alone and the push is rejected.
pub fn push(
    repository: &Path,
    remote: &Remote,
    refspec: &str,
    expired: &dyn Fn() -> bool,
) -> Result<(), GitError> {
    transfer::push(repository, remote, refspec, expired)
}

/// Makes a repository with a working tree, on branch `main`, with one commit of these files. Files that are already
/// there are never overwritten.
pub fn init(
    dir: &Path,
    files: &[(TreePath, Vec<u8>)],
    message: &str,
    author: &Author,
) -> Result<String, GitError> {
    author.signature()?;
    let taken = |path: &Path| GitError::invalid(path.display().to_string(), "it already exists");
    if dir.join(".git").symlink_metadata().is_ok() {
        return Err(taken(&dir.join(".git")));
    }
    for (path, _) in files {
        let target = dir.join(path.as_str());
        if path.is_root() || target.symlink_metadata().is_ok() {
            return Err(taken(&target));
        }
    }
    let failed = |e: git2::Error| GitError::local(dir, &e);
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false).no_reinit(true).mkpath(true);
    let git = Repository::init_opts(dir, &options).map_err(failed)?;
    for (path, content) in files {
        let target = dir.join(path.as_str());
        let disk = |e: std::io::Error| GitError::disk(&target, &e);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(disk)?;
        }
        fs::write(&target, content).map_err(disk)?;
    }
    let changes: Vec<_> = files.iter().map(|(path, content)| (path.clone(), Some(content.clone()))).collect();
    let id = commit(dir, "main", &changes, message, author)?;
    let mut index = git.index().map_err(failed)?;
    let tree =
        Oid::from_str(&id).and_then(|id| git.find_commit(id)).and_then(|c| c.tree()).map_err(failed)?;
    index.read_tree(&tree).map_err(failed)?;
    index.write().map_err(failed)?;
    Ok(id)
}
