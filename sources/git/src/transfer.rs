//! Network work, in a thread of its own: libgit2 offers no timeout for a server that accepts and then says nothing.
//! A thread that is given up ends at its next callback; it only ever adds objects, never moves a reference.

use crate::access::Access;
use crate::choose::{Choice, Listed, choose};
use crate::{GitError, Limits, Remote};
use git2::{Oid, Repository};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The object that the followed reference points to, which is now in the mirror.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub id: Oid,
    pub reference: String,
}

/// How often a deadline is looked at.
const POLL: Duration = Duration::from_millis(20);
/// Threads at work or given up, in the whole process.
static WORKERS: AtomicUsize = AtomicUsize::new(0);
const MAX_WORKERS: usize = 256;

pub(crate) fn fetch(
    into: &Path,
    remote: &Remote,
    limits: Limits,
    expired: &dyn Fn() -> bool,
) -> Result<Fetched, GitError> {
    let access = Access::new(remote, limits)?;
    let into = into.to_owned();
    let inner = access.clone();
    supervise(&access, expired, move || download(&into, &inner))
}

pub(crate) fn push(
    from: &Path,
    remote: &Remote,
    refspec: &str,
    expired: &dyn Fn() -> bool,
) -> Result<(), GitError> {
    let access = Access::new(remote, Limits::default())?;
    let (from, refspec) = (from.to_owned(), refspec.to_owned());
    let inner = access.clone();
    supervise(&access, expired, move || upload(&from, &refspec, &inner))
}

fn supervise<T: Send + 'static>(
    access: &Access,
    expired: &dyn Fn() -> bool,
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    struct Slot;
    impl Drop for Slot {
        fn drop(&mut self) {
            WORKERS.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let url = access.remote.shown();
    let slot = Slot;
    if WORKERS.fetch_add(1, Ordering::Relaxed) >= MAX_WORKERS {
        return Err(GitError::Unreachable { url, why: "too many earlier connections still hang".into() });
    }
    let (sender, receiver) = channel();
    std::thread::Builder::new()
        .name("git".into())
        .spawn(move || {
            let _slot = slot;
            // The receiver is gone if nobody waits any more: then nobody misses the result.
            drop(sender.send(work()));
        })
        .map_err(|e| GitError::Other(format!("no thread could be started: {e}")))?;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) if expired() => {
                access.stop();
                return Err(GitError::Timeout { url });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(GitError::Other(format!("the thread that talked to {url} ended without a word")));
            }
        }
    }
}

fn download(into: &PathBuf, access: &Access) -> Result<Fetched, GitError> {
    let remote = &access.remote;
    let repository = Repository::open_bare(into).map_err(|e| GitError::local(into, &e))?;
    let odb = repository.odb().map_err(|e| GitError::local(into, &e))?;
    let mut connection = repository.remote_anonymous(&remote.url).map_err(|e| access.error(&e))?;
    let mut options = access.fetch_options(remote.depth);
    // A name that no server has: this connects and lists with our options, and downloads nothing.
    connection.download(&["refs/mainstay/none"], Some(&mut options)).map_err(|e| access.error(&e))?;
    let listed = list(&connection, access)?;
    let found = match choose(&remote.reference, &listed)? {
        Choice::Absent => {
            return Err(GitError::NotFound { reference: remote.reference.to_string(), url: remote.shown() });
        }
        Choice::Listed { name, id } => {
            if !odb.exists(id) {
                let spec = format!("+{name}:refs/mainstay/incoming");
                connection.download(&[spec], Some(&mut options)).map_err(|e| access.error(&e))?;
            }
            Fetched { id, reference: name }
        }
        Choice::Commit(id) => {
            let mut have = odb.exists(id);
            if !have {
                let spec = format!("{id}:refs/mainstay/incoming");
                // Many servers give no commit that isn't a tip; then everything is fetched.
                have = connection.download(&[spec], Some(&mut options)).is_ok() && odb.exists(id);
            }
            if !have {
                let mut connection =
                    repository.remote_anonymous(&remote.url).map_err(|e| access.error(&e))?;
                let all = ["+refs/heads/*:refs/mainstay/heads/*", "+refs/tags/*:refs/mainstay/tags/*"];
                connection
                    .download(&all, Some(&mut access.fetch_options(None)))
                    .map_err(|e| access.error(&e))?;
            }
            Fetched { id, reference: id.to_string() }
        }
    };
    if odb.exists(found.id) {
        return Ok(found);
    }
    Err(GitError::NotFound { reference: remote.reference.to_string(), url: remote.shown() })
}

fn list(connection: &git2::Remote<'_>, access: &Access) -> Result<Vec<Listed>, GitError> {
    let heads = connection.list().map_err(|e| access.error(&e))?;
    let limit = access.limits.max_references;
    if heads.len() as u64 > limit {
        let what = format!("{} lists {} references", access.remote.shown(), heads.len());
        return Err(GitError::TooLarge { what, limit });
    }
    let owned = |h: &git2::RemoteHead<'_>| Listed {
        name: h.name().to_owned(),
        id: h.oid(),
        target: h.symref_target().map(str::to_owned),
    };
    Ok(heads.iter().map(owned).collect())
}

fn upload(from: &PathBuf, refspec: &str, access: &Access) -> Result<(), GitError> {
    let repository = Repository::open(from).map_err(|e| GitError::local(from, &e))?;
    let mut connection = repository.remote_anonymous(&access.remote.url).map_err(|e| access.error(&e))?;
    let refused = Arc::new(Mutex::new(Vec::new()));
    let mut options = access.push_options(refused.clone());
    let result = connection.push(&[refspec], Some(&mut options));
    let refused = std::mem::take(&mut *refused.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some((reference, why)) = refused.into_iter().next() {
        return Err(GitError::Rejected { reference, why: access.remote.scrub(&why) });
    }
    result.map_err(|e| match e.code() {
        git2::ErrorCode::NotFastForward => GitError::Rejected {
            reference: refspec.to_owned(),
            why: "the remote has commits that this one is not based on".into(),
        },
        _ => access.error(&e),
    })
}
