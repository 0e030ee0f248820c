use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// What can go wrong with a control plane as a whole. What a client asks wrongly is answered with a Status instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no logical cluster named {0:?}")]
    NoCluster(String),
    #[error("a logical cluster named {0:?} exists already")]
    ClusterExists(String),
    #[error("{name:?} can't name a logical cluster: {why}")]
    ClusterName { name: String, why: String },
    #[error("the root cluster can't be dropped")]
    RootStays,
    #[error("there are {0} logical clusters, and more are not allowed")]
    TooManyClusters(usize),
    #[error("the control plane listens on no address: build it with one, or use an in-process service")]
    NotListening,
    #[error("can't listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{}: {why}", path.display())]
    Damaged { path: PathBuf, why: String },
    #[error("can't make a certificate: {0}")]
    Certificate(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Storage fails once and for all: what is in memory may then be ahead of the disk, so nothing more is answered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("{} is damaged and was left as it is: {why}. Restore it from a copy, or start with an empty folder", path.display())]
    Damaged { path: PathBuf, why: Arc<str> },
    #[error("{} was written by another version of Mainstay (format {found}, this one reads {expected})", path.display())]
    Format { path: PathBuf, found: String, expected: u32 },
    #[error("writing {} failed: {why}", path.display())]
    Write { path: PathBuf, why: Arc<str> },
    #[error("the control plane is shut down")]
    Closed,
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate(error.to_string())
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        Self::Certificate(error.to_string())
    }
}
