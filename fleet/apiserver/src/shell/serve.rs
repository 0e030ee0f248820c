//! The control plane as a process of its own, and the files that it writes for others.

use super::builder::Storage;
use super::clock::System;
use super::error::Error;
use super::plane::{ControlPlane, ROOT};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub struct Options {
    pub listen: SocketAddr,
    /// Objects are kept here; in memory if absent.
    pub data_dir: Option<PathBuf>,
    /// The root cluster's administrator, written with mode 0600 once connections are accepted.
    pub kubeconfig: Option<PathBuf>,
    /// Further names of this machine, the one to connect to first.
    pub hosts: Vec<String>,
}

/// A control plane that serves.
#[derive(Debug)]
pub struct Serving {
    pub plane: ControlPlane,
    pub address: SocketAddr,
    /// The root cluster's URL.
    pub url: String,
}

/// Starts a control plane as `mainstay control-plane` runs it. Says nothing: what to print is the caller's.
pub async fn serve(options: &Options) -> Result<Serving, Error> {
    let storage = options.data_dir.clone().map_or(Storage::Memory, Storage::Folder);
    let builder = ControlPlane::builder().storage(storage).listen(options.listen).logical_clusters();
    let plane = options.hosts.iter().fold(builder, |b, host| b.host(host)).build().await?;
    let address = plane.address().ok_or(Error::NotListening)?;
    if let Some(path) = &options.kubeconfig {
        write_private(path, plane.kubeconfig(ROOT)?.as_bytes())?;
    }
    Ok(Serving { address, url: plane.url(ROOT)?, plane })
}

impl Serving {
    /// Serves until `stop` is ready, a signal for example, then shuts down.
    pub async fn until(self, stop: impl Future<Output = ()>) {
        stop.await;
        self.plane.shutdown().await;
    }
}

/// Writes a file that only its owner can read: whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_path_buf(), source };
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".mainstay-{}.tmp", System::new().hex::<8>()));
    let written = || {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    written().map_err(|error| {
        if let Err(left) = std::fs::remove_file(&temporary)
            && left.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = %temporary.display(), error = %left, "can't remove a temporary file");
        }
        failed(error)
    })
}

/// Makes a folder that only its owner can read, unless it exists.
pub(super) fn private_folder(path: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| Error::File { path: path.to_path_buf(), source })
}
