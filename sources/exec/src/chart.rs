//! A chart in a private folder of its own.
use crate::error::ExecError;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const PREFIX: &str = "run-";
/// Folders that a killed process left are older than this; no run takes so long.
const LEFT: Duration = Duration::from_secs(3600);

/// Removed when it is dropped.
pub(crate) struct Room {
    folder: TempDir,
}

impl Room {
    /// An empty one below a folder, readable by its owner only.
    pub(crate) fn make(below: &Path) -> Result<Self, ExecError> {
        let below = home_of_rooms(below)?;
        let failed = |error| ExecError::machine(format!("{} can't be made", below.display()), error);
        let private = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(&below);
        let folder = folder.map_err(failed)?;
        let room = Self { folder };
        for place in [room.home(), room.chart()] {
            DirBuilder::new().mode(0o700).create(place).map_err(failed)?;
        }
        Ok(room)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What Helm takes for its home; empty.
    pub(crate) fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    pub(crate) fn chart(&self) -> PathBuf {
        self.path().join("chart")
    }

    pub(crate) fn write(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), ExecError> {
        for (path, bytes) in files {
            let place = within(&self.chart(), path).ok_or_else(|| ExecError::Path { path: path.clone() })?;
            let failed = |error: std::io::Error| match error.kind() {
                // A file where another path has a folder, or a name that is too long for a disk.
                std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::AlreadyExists
                | std::io::ErrorKind::IsADirectory
                | std::io::ErrorKind::InvalidFilename => ExecError::Path { path: path.clone() },
                _ => ExecError::machine(
                    format!("the chart can't be written to {}", self.path().display()),
                    error,
                ),
            };
            if let Some(folder) = place.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
            }
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(&place);
            file.and_then(|mut file| file.write_all(bytes)).map_err(failed)?;
        }
        Ok(())
    }
}

/// The folder of rooms, made if it is not there, from the root: a process in a room has another current folder.
pub(crate) fn home_of_rooms(below: &Path) -> Result<PathBuf, ExecError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(below);
    let found = made.and_then(|()| below.canonicalize());
    found.map_err(|error| ExecError::machine(format!("{} can't be made", below.display()), error))
}

/// Only names below the folder: nothing absolute, empty or upwards.
fn within(folder: &Path, path: &str) -> Option<PathBuf> {
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\0', '\\']);
    path.split('/').all(is_name).then(|| folder.join(path))
}

/// Removes what processes left that were killed.
pub(crate) fn sweep(below: &Path) {
    let Ok(entries) = fs::read_dir(below) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let age = entry.metadata().and_then(|found| found.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_ours
            && age.is_some_and(|age| age > LEFT)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(folder = %entry.path().display(), %error, "what helm left can't be removed");
        }
    }
}
