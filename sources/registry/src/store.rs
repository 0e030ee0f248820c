//! What was fetched, in a folder that is readable by its owner only: archives by their digest, checked each time they
//! are read, and what was answered last. Names are keyed digests: they tell nothing of URLs or credentials, and what one
//! was allowed to fetch another with other credentials does not find.
use crate::RegistryError;
use crate::digest::{Digest, hex};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

pub(crate) struct Store {
    folder: PathBuf,
    key: [u8; 32],
    /// Bytes of archives, and of each kind of record.
    most: u64,
}

/// Kinds of records, by their folders.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Archives,
    Answers,
    Indexes,
    /// What was verified, and by which key.
    Verified,
}

const KINDS: [Kind; 4] = [Kind::Archives, Kind::Answers, Kind::Indexes, Kind::Verified];
/// Left behind by whoever was killed while writing.
const TEMPORARY: &str = ".new-";
const OLD: Duration = Duration::from_secs(3600);

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Kind::Archives => "archives",
            Kind::Answers => "answers",
            Kind::Indexes => "indexes",
            Kind::Verified => "verified",
        }
    }
}

impl Store {
    pub fn open(folder: &Path, most: u64) -> Result<Self, RegistryError> {
        for kind in KINDS {
            let path = folder.join(kind.folder());
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|e| disk(&path, &e))?;
        }
        let store = Self { folder: folder.to_owned(), key: key(folder)?, most };
        for kind in KINDS {
            store.sweep(kind)?;
        }
        Ok(store)
    }

    /// A name for what these texts say, which nobody can guess them from.
    pub fn name(&self, parts: &[&str]) -> Result<String, RegistryError> {
        let failed = |_| RegistryError::Disk { path: "key".into(), why: "it has no valid length".into() };
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(failed)?;
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(hex(&mac.finalize().into_bytes()[..20]))
    }

    /// An archive that `scope` was allowed to fetch. One that was changed on disk is removed and not there.
    pub fn archive(&self, scope: &str, digest: &Digest) -> Result<Option<Vec<u8>>, RegistryError> {
        let path = self.path(Kind::Archives, &archive_name(scope, digest));
        let Some(bytes) = read(&path, crate::charts::MOST_ARCHIVE)? else { return Ok(None) };
        if digest.check(&bytes, "the archive").is_ok() {
            touch(&path)?;
            return Ok(Some(bytes));
        }
        tracing::warn!(archive = digest.text(), "an archive was changed on disk and is fetched anew");
        remove(&path)?;
        Ok(None)
    }

    pub fn keep_archive(&self, scope: &str, digest: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
        self.write(Kind::Archives, &archive_name(scope, digest), bytes)
    }

    /// A record that can't be read is not there.
    pub fn record<T: DeserializeOwned>(&self, kind: Kind, name: &str) -> Result<Option<T>, RegistryError> {
        let path = self.path(kind, name);
        let Some(bytes) = read(&path, crate::charts::MOST_INDEX)? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(record) => {
                touch(&path)?;
                Ok(Some(record))
            }
            Err(_) => {
                remove(&path)?;
                Ok(None)
            }
        }
    }

    pub fn keep<T: Serialize>(&self, kind: Kind, name: &str, record: &T) -> Result<(), RegistryError> {
        let path = self.path(kind, name);
        let text = serde_json::to_vec(record)
            .map_err(|e| RegistryError::Disk { path: path.display().to_string(), why: e.to_string() })?;
        self.write(kind, name, &text)
    }

    fn path(&self, kind: Kind, name: &str) -> PathBuf {
        self.folder.join(kind.folder()).join(name)
    }

    /// The whole file or none of it.
    fn write(&self, kind: Kind, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let new = self.path(kind, &format!("{TEMPORARY}{}-{count}", std::process::id()));
        let path = self.path(kind, name);
        let written = create(&new).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)
        });
        if let Err(error) = written {
            remove(&new)?;
            return Err(disk(&path, &error));
        }
        self.make_room(kind, name)
    }

    /// Removes what was not used for longest, but never `latest`.
    fn make_room(&self, kind: Kind, latest: &str) -> Result<(), RegistryError> {
        let mut files = self.list(kind)?;
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        files.sort_by(|a, b| (a.used, &a.name).cmp(&(b.used, &b.name)));
        for file in files.iter().filter(|file| file.name != latest && !file.name.starts_with(TEMPORARY)) {
            if bytes <= self.most {
                break;
            }
            remove(&self.path(kind, &file.name))?;
            bytes -= file.bytes;
        }
        Ok(())
    }

    fn sweep(&self, kind: Kind) -> Result<(), RegistryError> {
        for file in self.list(kind)?.iter().filter(|file| file.name.starts_with(TEMPORARY)) {
            if file.used.elapsed().is_ok_and(|age| age > OLD) {
                remove(&self.path(kind, &file.name))?;
            }
        }
        Ok(())
    }

    fn list(&self, kind: Kind) -> Result<Vec<Kept>, RegistryError> {
        let folder = self.folder.join(kind.folder());
        let failed = |e: std::io::Error| disk(&folder, &e);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Another process may have removed it meanwhile.
            let Ok(about) = entry.metadata() else { continue };
            let used = about.modified().map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push(Kept { name, bytes: about.len(), used });
        }
        Ok(found)
    }
}

struct Kept {
    name: String,
    bytes: u64,
    used: SystemTime,
}

fn archive_name(scope: &str, digest: &Digest) -> String {
    format!("{}-{scope}.tgz", digest.digits())
}

/// Made once for a folder.
fn key(folder: &Path) -> Result<[u8; 32], RegistryError> {
    let path = folder.join("key");
    for _ in 0..2 {
        if let Some(bytes) = read(&path, 64)?
            && let Ok(key) = bytes.try_into()
        {
            return Ok(key);
        }
        let mut key = [0; 32];
        let failed = |why: String| RegistryError::Disk { path: path.display().to_string(), why };
        getrandom::fill(&mut key).map_err(|e| failed(e.to_string()))?;
        let new = folder.join(format!("{TEMPORARY}{}", std::process::id()));
        let mut file = create(&new).map_err(|e| disk(&new, &e))?;
        file.write_all(&key).and_then(|()| file.sync_all()).map_err(|e| disk(&new, &e))?;
        // Whoever comes first makes it: a hard link does not replace.
        match std::fs::hard_link(&new, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(disk(&path, &error)),
        }
        remove(&new)?;
    }
    Err(RegistryError::Disk { path: path.display().to_string(), why: "it does not hold 32 bytes".into() })
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, RegistryError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk(path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|e| disk(path, &e))?;
    Ok(Some(bytes))
}

/// It was used now.
fn touch(path: &Path) -> Result<(), RegistryError> {
    let touched =
        File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
    match touched {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(disk(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove(path: &Path) -> Result<(), RegistryError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(disk(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn disk(path: &Path, error: &std::io::Error) -> RegistryError {
    RegistryError::Disk { path: path.display().to_string(), why: error.to_string() }
}
