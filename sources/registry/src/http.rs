//! One kind of request, GET, with a limit on everything. Redirects are followed here, so that credentials stay behind.
use crate::RegistryError;
use crate::access::{Access, User};
use crate::error::shown;
use crate::tls;
use std::io::Read;
use std::time::Duration;
use ureq::Agent;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use ureq::http::{HeaderMap, Response, StatusCode};
use url::{Origin, Url};

const CONNECT: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 5;
const MOST_HEADERS: usize = 64 << 10;
const USER_AGENT: &str = concat!("mainstay/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Client {
    /// Shows the client's certificate, if there is one.
    own: Agent,
    foreign: Agent,
    origin: Origin,
    /// Credentials go to whatever host is asked first, not to those that it redirects to.
    anywhere: bool,
    /// Whether `http:` is what was asked for.
    plain: bool,
    timeout: Duration,
}

/// A request. Secrets are in `user` alone.
pub(crate) struct Get<'a> {
    pub url: &'a Url,
    pub accept: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub user: Option<&'a User>,
    /// Bytes of the body, at most.
    pub most: u64,
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    /// `timeout` is that of one request, its redirects apart; a connection has 10 s of it.
    pub fn new(access: &Access, url: &Url, anywhere: bool, timeout: Duration) -> Result<Self, RegistryError> {
        let agent = |client: bool| {
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .max_response_header_size(MOST_HEADERS)
                .user_agent(USER_AGENT)
                .accept_encoding("identity")
                .timeout_connect(Some(CONNECT.min(timeout)))
                .timeout_global(Some(timeout))
                .tls_config(tls::config(access, client)?)
                .build();
            Ok(Agent::new_with_config(config))
        };
        let (own, foreign) = (agent(true)?, agent(false)?);
        Ok(Self { own, foreign, origin: url.origin(), anywhere, plain: url.scheme() == "http", timeout })
    }

    /// For a service that this one's host names: credentials are for it alone, a client's certificate is not for it.
    pub fn for_realm(&self, access: &Access, url: &Url) -> Result<Self, RegistryError> {
        if url.origin() == self.origin {
            return Self::new(access, url, false, self.timeout);
        }
        let without = Access { client: None, ..access.clone() };
        Self::new(&without, url, false, self.timeout)
    }

    /// Answers of any status but a redirect. A body is read where the status says that it is what was asked for.
    pub fn get(&self, get: &Get<'_>) -> Result<Answer, RegistryError> {
        let mut url = get.url.clone();
        for hop in 0..=MOST_REDIRECTS {
            let response = self.once(get, &url, hop)?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return read(response, &url, get.most);
            }
            url = self.next(&url, &response)?;
        }
        let why = format!("more than {MOST_REDIRECTS} times");
        Err(RegistryError::Redirect { url: shown(get.url), why })
    }

    fn once(&self, get: &Get<'_>, url: &Url, hop: usize) -> Result<Response<ureq::Body>, RegistryError> {
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(RegistryError::url(url.as_str(), "it is neither http nor https"));
        }
        let trusted = url.origin() == self.origin || self.anywhere && hop == 0;
        let agent = if trusted { &self.own } else { &self.foreign };
        let mut bare = url.clone();
        bare.set_fragment(None);
        if bare.set_username("").is_err() || bare.set_password(None).is_err() {
            return Err(RegistryError::url(url.as_str(), "it can't be asked without its user"));
        }
        let mut request = agent.get(bare.as_str()).header(ACCEPT, get.accept);
        for (name, value) in get.headers {
            request = request.header(*name, *value);
        }
        if let Some(user) = get.user.filter(|_| trusted) {
            request = request.header(AUTHORIZATION, user.header());
        }
        request.call().map_err(|error| failed(url, &error))
    }

    fn next(&self, url: &Url, response: &Response<ureq::Body>) -> Result<Url, RegistryError> {
        let redirect = |why: &str| RegistryError::Redirect { url: shown(url), why: why.into() };
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| redirect("without saying where to"))?;
        let next = url.join(location).map_err(|_| redirect("to something that is no URL"))?;
        match (url.scheme(), next.scheme()) {
            (_, "https") => Ok(next),
            ("http", "http") if self.plain => Ok(next),
            (_, "http") => Err(redirect("to a host without TLS")),
            _ => Err(redirect("to something that is neither http nor https")),
        }
    }
}

fn read(response: Response<ureq::Body>, url: &Url, most: u64) -> Result<Answer, RegistryError> {
    let (parts, body) = response.into_parts();
    let mut answer = Answer { status: parts.status, headers: parts.headers, body: Vec::new() };
    if !answer.status.is_success() {
        return Ok(answer);
    }
    let too_large = || RegistryError::TooLarge { what: shown(url), most };
    let length =
        answer.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut reader = body.into_reader().take(most.saturating_add(1));
    reader.read_to_end(&mut answer.body).map_err(|error| match ureq::Error::from(error) {
        ureq::Error::Io(error) => RegistryError::Unreachable {
            url: shown(url),
            why: format!("its answer is cut off: {}", error.kind()),
        },
        error => failed(url, &error),
    })?;
    if answer.body.len() as u64 > most { Err(too_large()) } else { Ok(answer) }
}

impl Answer {
    /// The body of a 200; every other status as what it means for whoever wants a chart.
    pub fn ok(self, url: &Url, credentials: bool) -> Result<Vec<u8>, RegistryError> {
        let (url, status) = (shown(url), self.status.as_u16());
        match status {
            200 => Ok(self.body),
            401 | 403 => Err(RegistryError::Auth { url, status, credentials }),
            404 | 410 => Err(RegistryError::NotFound { url }),
            _ => Err(RegistryError::Status { url, status }),
        }
    }

    pub fn text(&self, header: &str) -> Option<String> {
        self.headers.get(header).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }
}

/// Whatever a library says of a connection, without the URL, which may hold a query.
fn failed(url: &Url, error: &ureq::Error) -> RegistryError {
    let shown = shown(url);
    let unreachable = |why: String| RegistryError::Unreachable { url: shown.clone(), why };
    match error {
        ureq::Error::Timeout(_) => RegistryError::Timeout { url: shown },
        ureq::Error::HostNotFound => unreachable("its host is not known".into()),
        ureq::Error::ConnectionFailed => unreachable("no connection is made".into()),
        ureq::Error::Rustls(error) => RegistryError::Certificate { url: shown, why: error.to_string() },
        ureq::Error::Tls(why) => RegistryError::Certificate { url: shown, why: (*why).into() },
        ureq::Error::Io(error) => {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => RegistryError::Certificate { url: shown, why: error.to_string() },
                None if error.kind() == std::io::ErrorKind::TimedOut => RegistryError::Timeout { url: shown },
                None => unreachable(error.to_string()),
            }
        }
        ureq::Error::LargeResponseHeader(_, most) => {
            RegistryError::TooLarge { what: format!("the header of {shown}"), most: *most as u64 }
        }
        ureq::Error::Protocol(_) => unreachable("it does not speak HTTP".into()),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            unreachable("the proxy does not connect".into())
        }
        _ => unreachable("the request failed".into()),
    }
}
