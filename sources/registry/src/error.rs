use mainstay_diagnostic::Fault;
use mainstay_package::ArchiveError;
use url::Url;

/// Why a chart was not fetched. URLs in here carry neither credentials nor queries, and nothing of what a server wrote
/// is quoted: it may be somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("the URL {url} is not valid: {why}")]
    Url { url: String, why: String },
    #[error("the Secret of the registry is not valid: {0}")]
    Secret(String),
    #[error("{url} can't be reached: {why}")]
    Unreachable { url: String, why: String },
    #[error("{url} did not answer in time")]
    Timeout { url: String },
    #[error("{url} can't be trusted: {why}")]
    Certificate { url: String, why: String },
    #[error("{url} refuses the request: {status}{hint}", hint = if *.credentials { "" } else { "; no credentials were given" })]
    Auth { url: String, status: u16, credentials: bool },
    #[error("{url} does not exist")]
    NotFound { url: String },
    #[error("{url} answers {status}")]
    Status { url: String, status: u16 },
    #[error("{url} redirects {why}")]
    Redirect { url: String, why: String },
    #[error("{what} is larger than {most} bytes")]
    TooLarge { what: String, most: u64 },
    #[error("{what} can't be read: {why}")]
    Unreadable { what: String, why: String },
    #[error("{range:?} is no version or range: {why}")]
    Range { range: String, why: String },
    #[error("{url} has no chart {chart}")]
    NoChart { url: String, chart: String },
    #[error("no version of {chart} in {url} is {wanted}")]
    NoVersion { url: String, chart: String, wanted: String },
    #[error("{what} has the digest {found} where {expected} was expected")]
    Digest { what: String, expected: String, found: String },
    #[error("{url} holds {found} where {expected} was expected")]
    Mismatch { url: String, expected: String, found: String },
    #[error("the archive {url} is refused: {why}")]
    Archive { url: String, why: ArchiveError },
    #[error("{what} is not verified: {why}")]
    Unverified { what: String, why: String },
    #[error("{0} is not supported")]
    Unsupported(String),
    #[error("{path}: {why}")]
    Disk { path: String, why: String },
}

impl RegistryError {
    pub fn fault(&self) -> Fault {
        match self {
            Self::Url { .. }
            | Self::Secret(_)
            | Self::Auth { .. }
            | Self::NotFound { .. }
            | Self::Redirect { .. }
            | Self::TooLarge { .. }
            | Self::Range { .. }
            | Self::NoChart { .. }
            | Self::NoVersion { .. }
            | Self::Digest { .. }
            | Self::Mismatch { .. }
            | Self::Archive { .. }
            | Self::Unverified { .. }
            | Self::Unsupported(_) => Fault::User,
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Certificate { .. }
            | Self::Status { .. }
            | Self::Unreadable { .. }
            | Self::Disk { .. } => Fault::Environment,
        }
    }

    /// Whether what was resolved last may be used instead. What is refused, gone or not what it claims to be is told.
    pub(crate) fn is_outage(&self) -> bool {
        self.fault() == Fault::Environment
    }

    pub(crate) fn url(text: &str, why: impl ToString) -> Self {
        Self::Url { url: shown_text(text), why: why.to_string() }
    }

    pub(crate) fn unverified(what: &str, why: &str) -> Self {
        Self::Unverified { what: what.to_owned(), why: why.to_owned() }
    }

    pub(crate) fn unreadable(what: impl Into<String>, why: impl ToString) -> Self {
        Self::Unreadable { what: what.into(), why: why.to_string() }
    }
}

/// Without user, password, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut out = url.clone();
    // Refused by URLs that can't have them.
    let _: (Result<(), ()>, Result<(), ()>) = (out.set_username(""), out.set_password(None));
    out.set_query(None);
    out.set_fragment(None);
    out.to_string()
}

fn shown_text(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) => shown(&url),
        // What is no URL may hold anything.
        Err(_) => match text.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                format!("{scheme}://{}", host.rsplit_once('@').map_or(host, |(_, host)| host))
            }
            None => "without a scheme".into(),
        },
    }
}
