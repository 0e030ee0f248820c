use crate::check::{self, Known};
use crate::compact::compact;
use crate::folder::{self, Lock, Record};
use crate::store::Store;
use crate::transfer::{self, Fetched};
use crate::{CommitInfo, GitError, GitTree, Reference, Remote, history};
use git2::{ObjectType, Oid, Repository};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A bare copy of what one remote holds under one reference. One process uses a folder at a time.
///
/// What was fetched last stays readable whatever the remote becomes: unreachable, rewritten, deleted.
pub struct Mirror {
    dir: PathBuf,
    pub(crate) remote: Remote,
    limits: Limits,
    pub(crate) store: Arc<Store>,
    head: Option<Head>,
    known: Known,
    /// Whether the folder holds a repository whose last commit is complete.
    sound: bool,
    _lock: Lock,
}

/// Where the followed reference is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit's id in hexadecimal digits.
    pub commit: String,
    /// The reference that was meant, in full: `refs/heads/main`, `refs/tags/v1.2.0`, or the commit itself.
    pub reference: String,
    /// When it was committed: seconds since 1970, UTC.
    pub time: i64,
    /// The id of the annotated tag that the reference is, in hexadecimal digits.
    pub tag: Option<String>,
    pub moved: Moved,
}

/// What became of the reference since the last fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Nothing was fetched before, or something else was followed.
    First,
    Unchanged,
    /// The old commit is an ancestor of the new one, or history is too shallow to say that it isn't.
    Forward,
    /// The old commit is no ancestor of the new one: the reference was forced.
    Rewound,
}

/// What a remote may ask of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file that is read. Larger ones may lie in the repository.
    pub max_file: u64,
    /// Files and folders of a commit.
    pub max_entries: u64,
    /// Bytes received in one fetch.
    pub max_received: u64,
    /// References that the remote lists.
    pub max_references: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_file: 50 << 20, max_entries: 1_000_000, max_received: 4 << 30, max_references: 500_000 }
    }
}

impl Mirror {
    /// Opens or prepares the mirror in `dir`; nothing is fetched yet.
    pub fn open(dir: impl Into<PathBuf>, remote: Remote) -> Result<Self, GitError> {
        Self::with_limits(dir, remote, Limits::default())
    }

    pub fn with_limits(dir: impl Into<PathBuf>, remote: Remote, limits: Limits) -> Result<Self, GitError> {
        let dir = dir.into();
        if dir.file_name().is_none() {
            return Err(GitError::invalid(
                format!("the mirror's folder {}", dir.display()),
                "it has no name",
            ));
        }
        remote.reference.validate()?;
        remote.transport()?;
        let lock = Lock::take(&dir)?;
        folder::tidy(&dir)?;
        let store = Arc::new(Store::new(&dir));
        let known = Known::new();
        let mut mirror = Self { dir, remote, limits, store, head: None, known, sound: false, _lock: lock };
        mirror.inspect()?;
        Ok(mirror)
    }

    /// What the last fetch that succeeded found, in this process or an earlier one.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Asks the remote where the reference is now and brings what is missing. `expired` is asked all the time
    /// whether to give up.
    pub fn fetch(&mut self, expired: &dyn Fn() -> bool) -> Result<Head, GitError> {
        // The object that couldn't be read may be any, so nothing less than a new clone will do.
        if self.store.take_suspicion() {
            tracing::warn!(mirror = %self.dir.display(), "an object can't be read; the mirror is cloned anew");
            self.sound = false;
        }
        if let (true, Reference::Commit(id), Some(head)) = (self.sound, &self.remote.reference, &self.head)
            && head.commit.eq_ignore_ascii_case(id)
        {
            let head = Head { moved: Moved::Unchanged, ..head.clone() };
            self.head = Some(head.clone());
            return Ok(head);
        }
        if self.sound {
            match self.update(expired) {
                Err(GitError::Corrupt { what, why }) => {
                    tracing::warn!(repository = %what, %why, "the mirror may be damaged; it is cloned anew");
                }
                done => return done,
            }
        }
        self.clone_anew(expired)
    }

    /// The files of a commit.
    pub fn tree(&self, commit: &str) -> Result<GitTree, GitError> {
        let id = crate::remote::commit_id(commit)?;
        let repository = self.store.handle()?;
        let root = match history::find(&repository, id) {
            Ok(commit) => commit.tree_id(),
            Err(error) => {
                if self.head.as_ref().is_some_and(|h| h.commit.eq_ignore_ascii_case(commit)) {
                    self.store.suspect();
                }
                return Err(error);
            }
        };
        Ok(GitTree { store: self.store.clone(), root, limits: self.limits })
    }

    /// The commit that a revision means (`HEAD` is the mirror's head; ids may be abbreviated).
    pub fn resolve(&self, revision: &str) -> Result<String, GitError> {
        if let ("HEAD", Some(head)) = (revision, &self.head) {
            return Ok(head.commit.clone());
        }
        let absent = |_| GitError::NotFound { reference: revision.to_owned(), url: self.remote.shown() };
        let repository = self.store.handle()?;
        let commit = repository.revparse_single(revision).and_then(|o| o.peel_to_commit()).map_err(absent)?;
        Ok(commit.id().to_string())
    }

    pub fn commit_info(&self, commit: &str) -> Result<CommitInfo, GitError> {
        let id = crate::remote::commit_id(commit)?;
        history::info(&*self.store.handle()?, id)
    }

    /// Whether `old` is `new` or lies in its history.
    pub fn is_ancestor(&self, old: &str, new: &str) -> Result<bool, GitError> {
        let (old, new) = (crate::remote::commit_id(old)?, crate::remote::commit_id(new)?);
        history::is_ancestor(&*self.store.handle()?, old, new)
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Finds out what the folder holds.
    fn inspect(&mut self) -> Result<(), GitError> {
        self.sound = false;
        let Some(record) = Record::read(&self.dir)? else {
            return Ok(());
        };
        let (known, limits) = (&mut self.known, self.limits);
        let looked = self.store.handle().and_then(|repository| {
            let commit = history::find(&repository, record.commit)?;
            check::tree(&repository, commit.tree_id(), known, limits)
        });
        if let Err(error) = &looked {
            tracing::warn!(mirror = %self.dir.display(), %error, "the mirror is damaged; it is cloned anew");
        }
        self.sound = looked.is_ok();
        if record.follows == follows(&self.remote) {
            let Record { commit, reference, time, tag, follows: _ } = record;
            let (commit, tag) = (commit.to_string(), tag.map(|id| id.to_string()));
            self.head = Some(Head { commit, reference, time, tag, moved: Moved::Unchanged });
        }
        Ok(())
    }

    fn update(&mut self, expired: &dyn Fn() -> bool) -> Result<Head, GitError> {
        let fetched = transfer::fetch(&self.dir, &self.remote, self.limits, expired)?;
        let store = self.store.clone();
        let repository = store.handle()?;
        let head = self.settle(&repository, &fetched)?;
        if compact(&repository)? {
            self.store.renew();
        }
        self.head = Some(head.clone());
        Ok(head)
    }

    fn clone_anew(&mut self, expired: &dyn Fn() -> bool) -> Result<Head, GitError> {
        let fresh = folder::fresh(&self.dir)?;
        self.known.clear();
        let cloned = transfer::fetch(&fresh, &self.remote, self.limits, expired).and_then(|fetched| {
            let repository = Repository::open_bare(&fresh).map_err(|e| GitError::local(&fresh, &e))?;
            self.settle(&repository, &fetched)
        });
        let head = match cloned {
            Ok(head) => head,
            Err(error) => {
                // A thread that was given up may still hold it; the next clone tries again.
                if let Err(left) = folder::remove(&fresh) {
                    tracing::debug!(%left, "an unfinished clone stays for now");
                }
                return Err(error);
            }
        };
        folder::replace(&self.dir, &fresh)?;
        self.store.renew();
        self.sound = true;
        self.head = Some(head.clone());
        Ok(head)
    }

    /// Checks what came in before anything is made to depend on it.
    fn settle(&mut self, repository: &Repository, fetched: &Fetched) -> Result<Head, GitError> {
        let failed = |e: git2::Error| GitError::local(repository.path(), &e);
        let object = repository.find_object(fetched.id, None).map_err(failed)?;
        let peeled = object.peel(ObjectType::Commit).ok().and_then(|o| o.into_commit().ok());
        let Some(commit) = peeled else {
            return Err(GitError::invalid(
                format!("{}", self.remote.reference),
                "it does not lead to a commit",
            ));
        };
        check::tree(repository, commit.tree_id(), &mut self.known, self.limits)?;
        let moved = self.moved(repository, commit.id())?;
        let tag = (object.kind() == Some(ObjectType::Tag)).then_some(fetched.id);
        let named =
            |head: &Head| head.reference == fetched.reference && head.tag == tag.map(|id| id.to_string());
        if moved != Moved::Unchanged || !self.sound || !self.head.as_ref().is_some_and(named) {
            if let Some(old) = self.head.as_ref().and_then(|h| Oid::from_str(&h.commit).ok())
                && old != commit.id()
                && repository.find_commit(old).is_ok()
            {
                repository.reference(folder::PREVIOUS, old, true, "").map_err(failed)?;
            }
            repository.reference(folder::HEAD, commit.id(), true, "").map_err(failed)?;
            if let Some(tag) = tag {
                repository.reference(folder::TAG, tag, true, "").map_err(failed)?;
            }
            let record = Record {
                commit: commit.id(),
                time: commit.time().seconds(),
                reference: fetched.reference.clone(),
                follows: follows(&self.remote),
                tag,
            };
            record.write(repository.path())?;
        }
        Ok(Head {
            commit: commit.id().to_string(),
            reference: fetched.reference.clone(),
            time: commit.time().seconds(),
            tag: tag.map(|id| id.to_string()),
            moved,
        })
    }

    fn moved(&self, repository: &Repository, new: Oid) -> Result<Moved, GitError> {
        let Some(old) = self.head.as_ref().and_then(|h| Oid::from_str(&h.commit).ok()) else {
            return Ok(Moved::First);
        };
        if old == new {
            return Ok(Moved::Unchanged);
        }
        if history::is_ancestor(repository, old, new)? {
            return Ok(Moved::Forward);
        }
        if repository.is_shallow() && !history::is_ancestor(repository, new, old)? {
            return Ok(Moved::Forward);
        }
        Ok(Moved::Rewound)
    }
}

/// One line that names the remote and the reference, without credentials.
fn follows(remote: &Remote) -> String {
    format!("{} {:?}", remote.shown(), remote.reference)
}
