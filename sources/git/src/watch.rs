use crate::GitError;
use git2::Repository;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Watches as long as it lives.
pub struct Watcher {
    _inner: RecommendedWatcher,
}

/// A change is told once nothing else changed for this long.
const QUIET: Duration = Duration::from_millis(50);
/// But never later than this.
const PATIENCE: Duration = Duration::from_millis(500);

/// Calls `on_change`, from a thread of its own, after a reference of the repository at `path` may have moved. Some
/// file systems tell nothing: whoever follows a repository looks at it from time to time as well.
pub fn watch(path: &Path, on_change: impl Fn() + Send + 'static) -> Result<Watcher, GitError> {
    let repository = Repository::open(path).map_err(|e| GitError::local(path, &e))?;
    // A linked working tree has its HEAD in one folder and its branches in another.
    let (own, common) = (real(repository.path()), real(repository.commondir()));
    let (sender, receiver) = channel();
    let folders = [own.clone(), common.clone()];
    let mut inner = notify::recommended_watcher(move |event| tell(&sender, event, &folders))
        .map_err(|e| failed(path, &e))?;
    inner.watch(&own, RecursiveMode::NonRecursive).map_err(|e| failed(path, &e))?;
    if common != own {
        inner.watch(&common, RecursiveMode::NonRecursive).map_err(|e| failed(path, &e))?;
    }
    inner.watch(&common.join("refs"), RecursiveMode::Recursive).map_err(|e| failed(path, &e))?;
    std::thread::Builder::new()
        .name("git-watch".into())
        .spawn(move || debounce(&receiver, &on_change))
        .map_err(|e| GitError::Other(format!("no thread could be started: {e}")))?;
    Ok(Watcher { _inner: inner })
}

/// Without links, as the system reports paths.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn failed(path: &Path, error: &notify::Error) -> GitError {
    GitError::Disk { path: path.to_owned(), why: format!("it can't be watched: {error}") }
}

fn tell(sender: &Sender<()>, event: notify::Result<Event>, folders: &[PathBuf; 2]) {
    let matters = match event {
        Ok(event) => match event.kind {
            EventKind::Access(_) => false,
            // Events were lost or aren't told apart: better look once too often.
            EventKind::Any | EventKind::Other => true,
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => {
                event.paths.is_empty() || event.paths.iter().any(|p| names_reference(p, folders))
            }
        },
        Err(error) => {
            tracing::warn!(%error, "watching a repository");
            true
        }
    };
    if matters {
        // It fails only while the watcher is being dropped: then nobody wants to know.
        sender.send(()).ok();
    }
}

/// Everything else in the folder (index, objects, logs, locks) changes without a reference moving.
fn names_reference(path: &Path, folders: &[PathBuf; 2]) -> bool {
    if path.extension().is_some_and(|e| e == "lock") {
        return false;
    }
    folders.iter().any(|folder| {
        let Ok(inside) = path.strip_prefix(folder) else { return false };
        inside == Path::new("HEAD") || inside == Path::new("packed-refs") || inside.starts_with("refs")
    })
}

/// Ends when the watcher is dropped.
fn debounce(changes: &Receiver<()>, on_change: &dyn Fn()) {
    while changes.recv().is_ok() {
        let first = Instant::now();
        loop {
            match changes.recv_timeout(QUIET) {
                Ok(()) if first.elapsed() < PATIENCE => {}
                Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        on_change();
    }
}
