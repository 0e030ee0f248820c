//! How libgit2 is told to reach a remote, and what it is not allowed to take from it.

use crate::url::{Transport, ssh_user};
use crate::{Auth, GitError, Limits, Remote, certificate};
use git2::{
    AutotagOption, Cred, CredentialType, ErrorClass, ErrorCode, FetchOptions, ProxyOptions, PushOptions,
    RemoteCallbacks, RemoteRedirect,
};
use rustls::pki_types::CertificateDer;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One attempt to talk to a remote.
#[derive(Clone)]
pub(crate) struct Access {
    pub remote: Arc<Remote>,
    pub limits: Limits,
    transport: Transport,
    ca: Arc<Vec<CertificateDer<'static>>>,
    /// Set from outside: whatever still runs ends at its next callback.
    stop: Arc<AtomicBool>,
    /// What a callback refused, since libgit2 carries only text through.
    cause: Arc<Mutex<Option<GitError>>>,
}

const MAX_LOGINS: u32 = 2;

impl Access {
    pub(crate) fn new(remote: &Remote, limits: Limits) -> Result<Self, GitError> {
        let ca = match &remote.ca {
            Some(pem) => certificate::parse_ca(pem)?,
            None => Vec::new(),
        };
        Ok(Self {
            transport: remote.transport()?,
            remote: Arc::new(remote.clone()),
            limits,
            ca: Arc::new(ca),
            stop: Arc::default(),
            cause: Arc::default(),
        })
    }

    pub(crate) fn is_local(&self) -> bool {
        self.transport == Transport::Local
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn fetch_options(&self, depth: Option<u32>) -> FetchOptions<'static> {
        let mut options = FetchOptions::new();
        options.remote_callbacks(self.callbacks());
        options.proxy_options(self.proxy());
        options.download_tags(AutotagOption::None);
        options.update_fetchhead(false);
        options.follow_redirects(self.redirects());
        // libgit2 can't cut the history of a local repository.
        if let Some(depth) = depth.filter(|_| !self.is_local()) {
            options.depth(i32::try_from(depth).unwrap_or(i32::MAX));
        }
        if let Some(header) = self.header() {
            options.custom_headers(&[&header]);
        }
        options
    }

    /// `refused` receives what the server says of each reference that it did not update.
    pub(crate) fn push_options(&self, refused: Arc<Mutex<Vec<(String, String)>>>) -> PushOptions<'static> {
        let mut callbacks = self.callbacks();
        callbacks.push_update_reference(move |name, status| {
            if let Some(why) = status {
                refused.lock().unwrap_or_else(PoisonError::into_inner).push((name.into(), why.into()));
            }
            Ok(())
        });
        let mut options = PushOptions::new();
        options.remote_callbacks(callbacks);
        options.proxy_options(self.proxy());
        options.follow_redirects(self.redirects());
        if let Some(header) = self.header() {
            options.custom_headers(&[&header]);
        }
        options
    }

    /// Credentials never follow a redirect to another host.
    fn redirects(&self) -> RemoteRedirect {
        match self.remote.auth {
            Auth::None => RemoteRedirect::Initial,
            Auth::Basic { .. } | Auth::Token(_) | Auth::Bearer(_) | Auth::Ssh { .. } => RemoteRedirect::None,
        }
    }

    fn header(&self) -> Option<String> {
        match (&self.remote.auth, &self.transport) {
            (Auth::Bearer(token), Transport::Http { .. }) => Some(format!("Authorization: Bearer {token}")),
            _ => None,
        }
    }

    fn proxy(&self) -> ProxyOptions<'static> {
        let mut options = ProxyOptions::new();
        if let Some(url) = &self.remote.proxy {
            options.url(url);
        }
        options
    }

    fn callbacks(&self) -> RemoteCallbacks<'static> {
        let mut callbacks = RemoteCallbacks::new();
        let mut logins = 0;
        let this = self.clone();
        callbacks.credentials(move |_, user, allowed| {
            logins += 1;
            this.credentials(logins, user, allowed)
        });
        let this = self.clone();
        callbacks.certificate_check(move |cert, host| {
            let port = match this.transport {
                Transport::Ssh { port, .. } => port,
                Transport::Http { .. } | Transport::Local => 443,
            };
            certificate::check(&this.remote, port, &this.ca, cert, host)
                .map_err(|e| this.refuse(e, ErrorCode::Certificate))
        });
        let this = self.clone();
        callbacks.transfer_progress(move |progress| {
            if this.stop.load(Ordering::Relaxed) {
                return false;
            }
            let limit = this.limits.max_received;
            let over = progress.received_bytes() as u64 > limit;
            if over {
                let what = format!("{} sends too much", this.remote.shown());
                this.refuse(GitError::TooLarge { what, limit }, ErrorCode::User);
            }
            !over
        });
        let this = self.clone();
        callbacks.sideband_progress(move |_| !this.stop.load(Ordering::Relaxed));
        callbacks
    }

    fn credentials(
        &self,
        logins: u32,
        user: Option<&str>,
        allowed: CredentialType,
    ) -> Result<Cred, git2::Error> {
        let auth = |why: &str| {
            self.refuse(GitError::Auth { url: self.remote.shown(), why: why.into() }, ErrorCode::Auth)
        };
        let user = user.or_else(|| ssh_user(&self.remote.url)).unwrap_or("git");
        if allowed.contains(CredentialType::USERNAME) {
            return Cred::username(user);
        }
        if logins > MAX_LOGINS {
            return Err(auth("they are not accepted"));
        }
        match &self.remote.auth {
            Auth::None => Err(auth("it asks for some and none are given")),
            Auth::Bearer(_) => Err(auth("the bearer token is not accepted")),
            Auth::Basic { user, password } => Cred::userpass_plaintext(user, password),
            Auth::Token(token) => Cred::userpass_plaintext("x-access-token", token),
            Auth::Ssh { private_key_pem, passphrase, .. } => {
                if !allowed.contains(CredentialType::SSH_MEMORY) {
                    return Err(auth("it takes no public key"));
                }
                Cred::ssh_key_from_memory(user, None, private_key_pem, passphrase.as_deref())
            }
        }
    }

    /// Notes the first refusal; the returned error only makes libgit2 stop.
    fn refuse(&self, error: GitError, code: ErrorCode) -> git2::Error {
        let text = error.to_string();
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        git2::Error::new(code, ErrorClass::Callback, text)
    }

    /// What went wrong while talking to the remote.
    pub(crate) fn error(&self, error: &git2::Error) -> GitError {
        let cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(cause) = cause {
            return cause;
        }
        let url = self.remote.shown();
        if self.stop.load(Ordering::Relaxed) {
            return GitError::Timeout { url };
        }
        let why = self.remote.scrub(error.message());
        let status =
            |code: &str| error.class() == ErrorClass::Http && why.contains(&format!("status code: {code}"));
        // A key or passphrase that libssh2 can't use has no code of its own.
        let bad_key = error.class() == ErrorClass::Ssh && why.contains("authenticate");
        if error.code() == ErrorCode::Auth || bad_key || status("401") || status("403") {
            return GitError::Auth { url, why };
        }
        if status("404") {
            return GitError::NotFound { reference: "the repository".into(), url };
        }
        if error.code() == ErrorCode::Certificate || error.class() == ErrorClass::Ssl {
            let host = match &self.transport {
                Transport::Http { host, .. } | Transport::Ssh { host, .. } => host.clone(),
                Transport::Local => url,
            };
            return GitError::Certificate { host, why };
        }
        match error.class() {
            ErrorClass::Odb
            | ErrorClass::Zlib
            | ErrorClass::Indexer
            | ErrorClass::Object
            | ErrorClass::Tree => GitError::Corrupt { what: format!("what was read from {url}"), why },
            // libgit2 takes the path for a URL then, and says that it does not know its protocol.
            _ if self.transport == Transport::Local && !Path::new(local_path(&self.remote.url)).exists() => {
                GitError::Unreachable { url, why: "there is no such folder on this machine".into() }
            }
            _ => GitError::Unreachable { url, why },
        }
    }
}

fn local_path(url: &str) -> &str {
    url.strip_prefix("file://").unwrap_or(url)
}
