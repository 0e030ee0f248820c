//! Where acknowledged writes live: one redb file, written by one thread that commits what has gathered meanwhile.

use super::error::StorageError;
use crate::core::{Change, Text};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// (cluster UID, key) -> record.
const OBJECTS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("objects");
/// Cluster name -> UID.
const CLUSTERS: TableDefinition<'_, &str, &str> = TableDefinition::new("clusters");
const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
const FORMAT: u32 = 1;
/// Bytes of pages that redb keeps: what is read again are the branches that lead to the pages being written. All
/// objects are in memory anyway.
const CACHE: usize = 2 << 20;

/// The queue in front of the disk; without a disk everything is durable at once.
pub(super) struct Disk(Option<Writer>);

/// A place in the order of writes; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Position(u64);

#[derive(Debug)]
pub(super) enum Write {
    /// With what the cluster was made with: it is there with all of that, or not at all.
    Create {
        name: Arc<str>,
        uid: Arc<str>,
        changes: Vec<Change>,
    },
    Drop {
        name: Arc<str>,
        uid: Arc<str>,
    },
    Change {
        uid: Arc<str>,
        changes: Vec<Change>,
    },
}

/// A cluster as it was found on disk.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) records: Vec<(String, Vec<u8>)>,
}

struct Writer {
    shared: Arc<Shared>,
    durable: watch::Receiver<Durable>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

#[derive(Clone)]
enum Durable {
    UpTo(u64),
    Failed(StorageError),
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    last: u64,
    waiting: Vec<Write>,
    closed: bool,
    /// The thread has ended: nothing will be written any more.
    dead: bool,
}

impl Disk {
    pub(super) fn memory() -> Self {
        Self(None)
    }

    /// Opens or creates the database and hands out the clusters in it, one by one. A file that exists is never
    /// replaced: what can't be read is an error.
    pub(super) fn open(
        path: &Path,
        must_exist: bool,
        found: &mut dyn FnMut(Found),
    ) -> Result<Self, StorageError> {
        let database = open_checked(path, must_exist)?;
        load(path, &database, found)?;
        let shared = Arc::new(Shared::default());
        let (report, durable) = watch::channel(Durable::UpTo(0));
        let thread = {
            let (shared, path) = (shared.clone(), path.to_path_buf());
            std::thread::Builder::new()
                .name("control-plane-disk".to_owned())
                .spawn(move || write_until_closed(&database, &shared, &report, &path))
                .map_err(|e| StorageError::Write { path: PathBuf::new(), why: e.to_string().into() })?
        };
        Ok(Self(Some(Writer { shared, durable, thread: Mutex::new(Some(thread)) })))
    }

    /// Puts a write in line. The caller holds its cluster's lock, so that the order is the order of the writes.
    pub(super) fn enqueue(&self, write: Write) -> Position {
        let Some(writer) = &self.0 else { return Position::default() };
        let mut queue = lock(&writer.shared.queue);
        queue.last += 1;
        if !queue.dead {
            queue.waiting.push(write);
        }
        writer.shared.wake.notify_one();
        Position(queue.last)
    }

    /// Returns once everything up to `position` has been synced to the disk.
    pub(super) async fn durable(&self, position: Position) -> Result<(), StorageError> {
        let Some(writer) = &self.0 else { return Ok(()) };
        let mut durable = writer.durable.clone();
        let reached = durable
            .wait_for(|d| match d {
                Durable::UpTo(n) => *n >= position.0,
                Durable::Failed(_) => true,
            })
            .await;
        match reached.as_deref() {
            Ok(Durable::UpTo(_)) => Ok(()),
            Ok(Durable::Failed(error)) => Err(error.clone()),
            Err(_) => Err(StorageError::Closed),
        }
    }

    /// Writes what is in line, then closes the file. Blocks.
    pub(super) fn close(&self) {
        let Some(writer) = &self.0 else { return };
        lock(&writer.shared.queue).closed = true;
        writer.shared.wake.notify_one();
        let thread = lock(&writer.thread).take();
        if thread.is_some_and(|t| t.join().is_err()) {
            tracing::error!("the thread that writes the control plane's database failed");
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.close();
    }
}

fn open_checked(path: &Path, must_exist: bool) -> Result<Database, StorageError> {
    let damaged = |why: String| StorageError::Damaged { path: path.to_path_buf(), why: why.into() };
    let size = match std::fs::metadata(path) {
        Ok(metadata) => Some(metadata.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(damaged(error.to_string())),
    };
    match size {
        None if must_exist => return Err(damaged("the file is missing".to_owned())),
        Some(0) => return Err(damaged("the file is empty".to_owned())),
        None | Some(_) => {}
    }
    // redb panics on some damaged pages; that is the same news as an error.
    let opened = std::panic::catch_unwind(|| {
        let mut database = Database::builder().set_cache_size(CACHE).create(path)?;
        owner_only(path).map_err(redb::StorageError::Io)?;
        let clean = size.is_none() || database.check_integrity()?;
        Ok::<_, redb::DatabaseError>((database, clean))
    });
    match opened {
        Ok(Ok((database, true))) => Ok(database),
        Ok(Ok((_, false))) => {
            Err(damaged("its checksums did not match; the last whole state was kept".into()))
        }
        Ok(Err(redb::DatabaseError::DatabaseAlreadyOpen)) => Err(StorageError::InUse(path.to_path_buf())),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(_) => Err(damaged("its pages are not readable".to_owned())),
    }
}

/// Secrets are in there.
#[cfg(unix)]
fn owner_only(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn owner_only(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn load(path: &Path, database: &Database, found: &mut dyn FnMut(Found)) -> Result<(), StorageError> {
    let damaged = |why: String| StorageError::Damaged { path: path.to_path_buf(), why: why.into() };
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let format = prepare(database)?;
        // Nothing is read in another format.
        if format == FORMAT.to_string() {
            read_all(database, found)?;
        }
        Ok::<_, redb::Error>(format)
    }));
    let format = match read {
        Ok(Ok(format)) => format,
        Ok(Err(error)) => return Err(damaged(error.to_string())),
        Err(_) => return Err(damaged("its pages are not readable".to_owned())),
    };
    if format == FORMAT.to_string() {
        return Ok(());
    }
    Err(StorageError::Format { path: path.to_path_buf(), found: format, expected: FORMAT })
}

/// Makes sure that the tables exist; gives the format they are in.
fn prepare(database: &Database) -> Result<String, redb::Error> {
    let transaction = database.begin_write()?;
    let format = {
        let mut meta = transaction.open_table(META)?;
        let format = meta.get("format")?.map(|v| v.value().to_owned());
        let format = match format {
            Some(format) => format,
            None => {
                let format = FORMAT.to_string();
                meta.insert("format", format.as_str())?;
                format
            }
        };
        transaction.open_table(OBJECTS)?;
        transaction.open_table(CLUSTERS)?;
        format
    };
    transaction.commit()?;
    Ok(format)
}

fn read_all(database: &Database, found: &mut dyn FnMut(Found)) -> Result<(), redb::Error> {
    let transaction = database.begin_read()?;
    let (clusters, objects) = (transaction.open_table(CLUSTERS)?, transaction.open_table(OBJECTS)?);
    for row in clusters.iter()? {
        let (name, uid) = row?;
        let uid = uid.value().to_owned();
        let mut records = Vec::new();
        for row in objects.range((uid.as_str(), "")..)? {
            let (key, value) = row?;
            let (owner, key) = key.value();
            if owner != uid {
                break;
            }
            records.push((key.to_owned(), value.value().to_vec()));
        }
        found(Found { name: name.value().to_owned(), uid, records });
    }
    Ok(())
}

fn write_until_closed(database: &Database, shared: &Shared, report: &watch::Sender<Durable>, path: &Path) {
    let mut end = StorageError::Closed;
    while let Some((last, writes)) = next_batch(shared) {
        if let Err(error) = commit(database, &writes) {
            tracing::error!(path = %path.display(), %error, "writing the control plane's database failed");
            end = StorageError::Write { path: path.to_path_buf(), why: error.to_string().into() };
            break;
        }
        report.send_replace(Durable::UpTo(last));
    }
    // Nobody may go on as if later writes were kept.
    let mut queue = lock(&shared.queue);
    queue.dead = true;
    queue.waiting.clear();
    report.send_replace(Durable::Failed(end));
}

fn next_batch(shared: &Shared) -> Option<(u64, Vec<Write>)> {
    let mut queue = lock(&shared.queue);
    loop {
        if !queue.waiting.is_empty() {
            return Some((queue.last, std::mem::take(&mut queue.waiting)));
        }
        if queue.closed {
            return None;
        }
        queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

/// One transaction, synced once, for everything that gathered while the one before was being synced.
fn commit(database: &Database, writes: &[Write]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut objects = transaction.open_table(OBJECTS)?;
        let mut clusters = transaction.open_table(CLUSTERS)?;
        // Of each cluster's record only the last state counts.
        let mut last: BTreeMap<(&str, &str), Option<&Text>> = BTreeMap::new();
        for write in writes {
            match write {
                Write::Create { name, uid, changes } => {
                    clusters.insert(&**name, &**uid)?;
                    last.extend(records(uid, changes));
                }
                Write::Drop { name, uid } => {
                    clusters.remove(&**name)?;
                    let end = format!("{uid}\u{1}");
                    objects.retain_in((&**uid, "")..(end.as_str(), ""), |_, _| false)?;
                    last.retain(|(owner, _), _| *owner != &**uid);
                }
                Write::Change { uid, changes } => last.extend(records(uid, changes)),
            }
        }
        for (key, value) in last {
            match value {
                Some(value) => drop(objects.insert(key, &*value.bytes())?),
                None => drop(objects.remove(key)?),
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn records<'a>(
    uid: &'a str,
    changes: &'a [Change],
) -> impl Iterator<Item = ((&'a str, &'a str), Option<&'a Text>)> {
    changes.iter().map(move |change| ((uid, &*change.key), change.value.as_ref()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
