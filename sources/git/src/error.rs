use crate::url::redact;
use mainstay_diagnostic::Fault;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a repository couldn't be read or written. URLs in here carry no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GitError {
    #[error("{url} can't be reached: {why}")]
    Unreachable { url: String, why: String },
    #[error("{url} refuses the credentials: {why}")]
    Auth { url: String, why: String },
    #[error("the SSH host key of {host} is not trusted: {why}")]
    HostKey { host: String, why: String },
    #[error("the TLS certificate of {host} is not trusted: {why}")]
    Certificate { host: String, why: String },
    #[error("{reference} does not exist in {url}")]
    NotFound { reference: String, url: String },
    #[error("{what} is corrupt: {why}")]
    Corrupt { what: String, why: String },
    #[error("{what}; the limit is {limit}")]
    TooLarge { what: String, limit: u64 },
    /// A signature that was asked for is missing.
    #[error("{what} is not verified: {why}")]
    Unverified { what: String, why: String },
    #[error("{url} did not answer in time")]
    Timeout { url: String },
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    #[error("{reference} was not updated: {why}")]
    Rejected { reference: String, why: String },
    #[error("{what} is not valid: {why}")]
    Invalid { what: String, why: String },
    #[error("{}: {why}", path.display())]
    Disk { path: PathBuf, why: String },
    #[error("{0}")]
    Other(String),
}

impl GitError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::Auth { .. }
            | Self::HostKey { .. }
            | Self::Certificate { .. }
            | Self::NotFound { .. }
            | Self::TooLarge { .. }
            | Self::Rejected { .. }
            | Self::Unverified { .. }
            | Self::Invalid { .. } => Fault::User,
            Self::Unreachable { .. }
            | Self::Corrupt { .. }
            | Self::Timeout { .. }
            | Self::Locked(_)
            | Self::Disk { .. } => Fault::Environment,
            Self::Other(_) => Fault::Internal,
        }
    }

    /// What to do about it, in one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "check the URL, the network and the proxy; it is tried again by itself"
            }
            Self::Auth { .. } => {
                "check that the token, password or key is current and may read (or write) this repository"
            }
            Self::HostKey { .. } => {
                "add the server's key to known_hosts after comparing it with what the host publishes \
                 (`ssh-keyscan` prints it)"
            }
            Self::Certificate { .. } => {
                "give the CA that signed it, with every intermediate, as the repository's CA certificate"
            }
            Self::NotFound { .. } => {
                "check the branch, tag or commit; what was read before the reference vanished is kept"
            }
            Self::Corrupt { .. } => "a mirror is cloned anew by itself; another repository needs `git fsck`",
            Self::TooLarge { .. } => "keep large files out of the repository, or raise the limit",
            Self::Unverified { .. } => {
                "sign it with a key that is trusted, or trust the key that it was signed with"
            }
            Self::Timeout { .. } => "check whether the server answers, or allow more time",
            Self::Locked(_) => "stop the other process, or give this one its own state folder",
            Self::Rejected { .. } => "fetch, make the commit again on top of what is there, and push again",
            Self::Invalid { .. } => "correct the value",
            Self::Disk { .. } => "check the permissions of the folder and the space left on the disk",
            Self::Other(_) => "this is a bug in Mainstay: please report it",
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), why: why.into() }
    }

    pub(crate) fn disk(path: &Path, error: &std::io::Error) -> Self {
        Self::Disk { path: path.to_owned(), why: error.to_string() }
    }

    /// What libgit2 says about a repository on this machine.
    pub(crate) fn local(path: &Path, error: &git2::Error) -> Self {
        use git2::{ErrorClass as Class, ErrorCode as Code};
        let what = path.display().to_string();
        let why = redact(error.message());
        if error.code() == Code::Owner {
            return Self::Disk {
                path: path.to_owned(),
                why: "the repository belongs to another user".into(),
            };
        }
        match error.class() {
            Class::Os | Class::Filesystem => Self::Disk { path: path.to_owned(), why },
            Class::Odb | Class::Zlib | Class::Object | Class::Tree | Class::Indexer | Class::Repository => {
                Self::Corrupt { what, why }
            }
            Class::Reference if error.code() == Code::NotFound => {
                Self::NotFound { reference: why, url: what }
            }
            Class::Reference => Self::Rejected { reference: what, why },
            _ => Self::Other(format!("{what}: {why}")),
        }
    }
}
