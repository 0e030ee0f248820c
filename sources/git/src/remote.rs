use crate::url::{self, Transport};
use crate::{GitError, Range};
use git2::Oid;
use mainstay_unit::GitReference;
use std::fmt;

/// A repository elsewhere and what of it is followed.
#[derive(Clone, PartialEq, Eq)]
pub struct Remote {
    /// https, http, ssh, `user@host:path`, file, or a path on this machine.
    pub url: String,
    pub reference: Reference,
    pub auth: Auth,
    /// Certificates in PEM, trusted beside the system's for https. Intermediates belong in here too.
    pub ca: Option<Vec<u8>>,
    /// An HTTP proxy's URL. The environment's is not used.
    pub proxy: Option<String>,
    /// How many commits of history are fetched; all without it, and of a local repository.
    pub depth: Option<u32>,
}

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    Branch(String),
    Tag(String),
    /// The highest tag inside a range, see [`Range`].
    Semver {
        range: String,
    },
    /// A full object id.
    Commit(String),
    /// A full reference name, such as `refs/pull/7/head`, or `HEAD` for the repository's own default branch.
    Name(String),
}

#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    None,
    Basic {
        user: String,
        password: String,
    },
    /// An access token as GitHub, GitLab, Gitea and Azure DevOps take it: as the password of any user.
    Token(String),
    /// A token sent as `Authorization: Bearer`.
    Bearer(String),
    Ssh {
        private_key_pem: String,
        passphrase: Option<String>,
        known_hosts: String,
    },
}

impl Remote {
    pub fn new(url: impl Into<String>, reference: Reference) -> Self {
        Self { url: url.into(), reference, auth: Auth::None, ca: None, proxy: None, depth: None }
    }

    pub(crate) fn transport(&self) -> Result<Transport, GitError> {
        let transport = url::parse(&self.url)?;
        let invalid = |why: &str| GitError::invalid(format!("the access to {}", self.shown()), why);
        match (&transport, &self.auth) {
            (Transport::Ssh { .. }, Auth::Ssh { .. })
            | (Transport::Http { .. }, Auth::None | Auth::Basic { .. } | Auth::Token(_) | Auth::Bearer(_))
            | (Transport::Local, _) => {}
            (Transport::Ssh { .. }, _) => {
                return Err(invalid("an ssh URL needs a private key and known_hosts"));
            }
            (Transport::Http { .. }, Auth::Ssh { .. }) => {
                return Err(invalid("an http(s) URL takes a token or a password, not an SSH key"));
            }
        }
        if let Auth::Bearer(token) = &self.auth
            && token.chars().any(char::is_control)
        {
            return Err(invalid("the token holds a control character"));
        }
        if self.proxy.as_ref().is_some_and(|p| p.contains('\0')) {
            return Err(invalid("the proxy's URL holds a control character"));
        }
        Ok(transport)
    }

    /// The URL as it may be shown.
    pub(crate) fn shown(&self) -> String {
        url::redact(&self.url)
    }

    /// Takes every secret that this remote holds out of a text.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut text = url::redact(text);
        let secrets: [Option<&str>; 2] = match &self.auth {
            Auth::None => [None, None],
            Auth::Basic { password, .. } => [Some(password), None],
            Auth::Token(token) | Auth::Bearer(token) => [Some(token), None],
            Auth::Ssh { private_key_pem, passphrase, .. } => [Some(private_key_pem), passphrase.as_deref()],
        };
        for secret in secrets.into_iter().flatten().filter(|s| !s.is_empty()) {
            text = text.replace(secret, "***");
        }
        text
    }
}

impl Reference {
    /// Checks what can be checked without the repository.
    pub(crate) fn validate(&self) -> Result<(), GitError> {
        let name_of = |name: &str, full: String| {
            if git2::Reference::is_valid_name(&full) && !full.contains('*') {
                Ok(())
            } else {
                Err(GitError::invalid(format!("the reference {name:?}"), "Git allows no such name"))
            }
        };
        match self {
            Self::Branch(name) => name_of(name, format!("refs/heads/{name}")),
            Self::Tag(name) => name_of(name, format!("refs/tags/{name}")),
            Self::Name(name) if name == "HEAD" => Ok(()),
            Self::Name(name) if name.starts_with("refs/") => name_of(name, name.clone()),
            Self::Name(name) => {
                Err(GitError::invalid(format!("the reference {name:?}"), "a full name starts with refs/"))
            }
            Self::Semver { range } => Range::parse(range).map(drop),
            Self::Commit(id) => self::commit_id(id).map(drop),
        }
    }
}

/// In Flux's order. Nothing at all means the repository's own default branch; a dialect with another default says so.
impl From<&GitReference> for Reference {
    fn from(wanted: &GitReference) -> Self {
        let GitReference { branch, tag, semver, name, commit } = wanted.clone();
        commit
            .map(Self::Commit)
            .or(name.map(Self::Name))
            .or(semver.map(|range| Self::Semver { range }))
            .or(tag.map(Self::Tag))
            .or(branch.map(Self::Branch))
            .unwrap_or_else(|| Self::Name("HEAD".to_owned()))
    }
}

pub(crate) fn commit_id(id: &str) -> Result<Oid, GitError> {
    let invalid =
        || GitError::invalid(format!("the commit {id:?}"), "a commit is named by its 40 hexadecimal digits");
    if id.len() != 40 {
        return Err(invalid());
    }
    Oid::from_str(id).map_err(|_| invalid())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "branch {name}"),
            Self::Tag(name) => write!(f, "tag {name}"),
            Self::Semver { range } => write!(f, "a tag within {range}"),
            Self::Commit(id) => write!(f, "commit {id}"),
            Self::Name(name) => write!(f, "reference {name}"),
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("url", &self.shown())
            .field("reference", &self.reference)
            .field("auth", &self.auth)
            .field("ca", &self.ca.as_ref().map(|ca| format!("{} bytes", ca.len())))
            .field("proxy", &self.proxy.as_deref().map(url::redact))
            .field("depth", &self.depth)
            .finish()
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic(***)",
            Self::Token(_) => "Token(***)",
            Self::Bearer(_) => "Bearer(***)",
            Self::Ssh { .. } => "Ssh(***)",
        })
    }
}
