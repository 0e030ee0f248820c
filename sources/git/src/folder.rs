//! The folder of a mirror: who may use it, what is in it that no crash may spoil, how it is replaced.

use crate::GitError;
use git2::{Oid, Repository, RepositoryInitOptions};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the mirror followed last. The file is what makes a folder ours: it is written last of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub commit: Oid,
    pub time: i64,
    pub reference: String,
    /// Whose and which reference was followed: with another one, nothing was read yet.
    pub follows: String,
    /// The annotated tag that led to the commit.
    pub tag: Option<Oid>,
}

const RECORD: &str = "mainstay-head";
/// Keeps the last commit's objects and tells the server what we have.
pub(crate) const HEAD: &str = "refs/mainstay/head";
/// Keeps the annotated tag that led to it.
pub(crate) const TAG: &str = "refs/mainstay/tag";
/// The commit before, which readers may still be at.
pub(crate) const PREVIOUS: &str = "refs/mainstay/previous";

impl Record {
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, GitError> {
        let path = dir.join(RECORD);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(e) => return Err(GitError::disk(&path, &e)),
        };
        let mut text = String::new();
        if file.take(64 * 1024).read_to_string(&mut text).is_err() {
            return Ok(None);
        }
        let mut lines = text.lines();
        let mut line = || lines.next().map(str::to_owned);
        let (Some(commit), Some(time), Some(reference), Some(follows)) = (line(), line(), line(), line())
        else {
            return Ok(None);
        };
        let (Ok(commit), Ok(time)) = (Oid::from_str(&commit), time.parse()) else {
            return Ok(None);
        };
        // Earlier versions wrote none.
        let tag = line().and_then(|id| Oid::from_str(&id).ok());
        Ok(Some(Self { commit, time, reference, follows, tag }))
    }

    /// After this the record is on the disk as a whole, whatever happens next.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), GitError> {
        let (path, fresh) = (dir.join(RECORD), dir.join("mainstay-head.new"));
        let write = || {
            let mut file = File::create(&fresh)?;
            writeln!(file, "{}\n{}\n{}\n{}", self.commit, self.time, self.reference, self.follows)?;
            if let Some(tag) = self.tag {
                writeln!(file, "{tag}")?;
            }
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|e| GitError::disk(&path, &e))
    }
}

/// Held as long as the mirror is open; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Longer than anybody takes who lets go of it.
const MOMENT: Duration = Duration::from_millis(500);

impl Lock {
    pub(crate) fn take(dir: &Path) -> Result<Self, GitError> {
        let path = beside(dir, "lock");
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| GitError::disk(parent, &e))?;
        }
        let file =
            File::options().create(true).append(true).open(&path).map_err(|e| GitError::disk(&path, &e))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                // A process that is just being started by whoever held it last has a copy of it for a moment.
                Err(TryLockError::WouldBlock) if begun.elapsed() < MOMENT => sleep(MOMENT / 50),
                Err(TryLockError::WouldBlock) => return Err(GitError::Locked(dir.to_owned())),
                Err(TryLockError::Error(e)) => return Err(GitError::disk(&path, &e)),
            }
        }
    }
}

pub(crate) fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    dir.with_file_name(name)
}

/// Removes what an interrupted replacement left.
pub(crate) fn tidy(dir: &Path) -> Result<(), GitError> {
    let (fresh, old) = (beside(dir, "new"), beside(dir, "old"));
    // Killed between the two renames: the old one is better than nothing.
    if !dir.exists() && Record::read(&old)?.is_some() {
        fs::rename(&old, dir).map_err(|e| GitError::disk(&old, &e))?;
    }
    remove(&fresh)?;
    remove(&old)?;
    leftovers(dir)
}

/// Removes what a killed process left inside: nobody else uses the folder now, so no lock in it is held.
fn leftovers(dir: &Path) -> Result<(), GitError> {
    if !dir.join(RECORD).exists() {
        return Ok(());
    }
    for folder in ["", "refs/mainstay", "objects/pack"].map(|f| dir.join(f)) {
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(&folder).map_err(|e| GitError::disk(&folder, &e))? {
            let file = file.map_err(|e| GitError::disk(&folder, &e))?;
            // A whole pack is called `pack-`.
            if file.file_name().to_str().is_some_and(|n| n.ends_with(".lock") || n.starts_with("pack_")) {
                remove(&file.path())?;
            }
        }
    }
    Ok(())
}

pub(crate) fn remove(path: &Path) -> Result<(), GitError> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match result {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(GitError::disk(path, &e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// An empty bare repository that takes nothing from the user's templates.
pub(crate) fn fresh(dir: &Path) -> Result<PathBuf, GitError> {
    let path = beside(dir, "new");
    remove(&path)?;
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false).no_reinit(true);
    let failed = |e: git2::Error| GitError::local(&path, &e);
    let repository = Repository::init_opts(&path, &options).map_err(failed)?;
    let mut config = repository.config().map_err(failed)?;
    // Objects reach the disk before anything refers to them.
    config.set_bool("core.fsyncObjectFiles", true).map_err(failed)?;
    Ok(path)
}

/// Puts the finished clone in the place of `dir`. What was there is removed only if it was a mirror or empty.
pub(crate) fn replace(dir: &Path, fresh: &Path) -> Result<(), GitError> {
    let failed = |e: std::io::Error| GitError::disk(dir, &e);
    if dir.symlink_metadata().is_ok() {
        let ours = dir.join(RECORD).exists() || fs::read_dir(dir).is_ok_and(|mut d| d.next().is_none());
        let old = if ours { beside(dir, "old") } else { unused(dir) };
        fs::rename(dir, &old).map_err(failed)?;
        fs::rename(fresh, dir).map_err(failed)?;
        if ours {
            remove(&old)?;
        } else {
            tracing::warn!(kept = %old.display(), "the folder held something else than a mirror");
        }
    } else {
        fs::rename(fresh, dir).map_err(failed)?;
    }
    if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
        File::open(parent).and_then(|p| p.sync_all()).map_err(failed)?;
    }
    Ok(())
}

fn unused(dir: &Path) -> PathBuf {
    let mut number = 0_u32;
    loop {
        let path = beside(dir, &format!("foreign-{number}"));
        if path.symlink_metadata().is_err() {
            return path;
        }
        number += 1;
    }
}
