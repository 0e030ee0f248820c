//! Who asks: what the Secrets of a request hold, by the keys that Flux's sources read.
use crate::RegistryError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_unit::{ChartCredentials, ChartRequest, Content, Registry};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// Never shown: no `Debug`, no `Display`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub user: Option<User>,
    /// Certificates (PEM) that are trusted beside those of the machine.
    pub ca: Option<String>,
    /// A client's certificates and key (PEM).
    pub client: Option<(String, String)>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum User {
    Basic {
        name: String,
        password: String,
    },
    /// Shown to an OCI registry as it is.
    Token(String),
}

impl User {
    pub fn header(&self) -> String {
        match self {
            User::Basic { name, password } => {
                format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
            }
            User::Token(token) => format!("Bearer {token}"),
        }
    }
}

impl Access {
    pub fn read(
        request: &ChartRequest,
        url: &Url,
        credentials: ChartCredentials<'_>,
    ) -> Result<Self, RegistryError> {
        let mut access = Self::default();
        let fail = |why: &str| Err(RegistryError::Secret(why.to_owned()));
        let text = |secret: &Content, key: &str| {
            let text = secret.text(key).map_err(|why| RegistryError::Secret(why.to_string()))?;
            Ok(text.map(str::to_owned))
        };
        if let Some(secret) = credentials.secret {
            access.user = match (text(secret, "username")?, text(secret, "password")?) {
                (Some(name), Some(password)) => Some(User::Basic { name, password }),
                (None, None) => match (request.registry, text(secret, ".dockerconfigjson")?) {
                    (Registry::Oci, Some(config)) => docker(&config, url)?,
                    (Registry::Http | Registry::Oci, _) => {
                        return fail(
                            "it holds neither username and password nor, for an OCI registry, .dockerconfigjson",
                        );
                    }
                },
                (Some(_), None) => return fail("it holds a username without a password"),
                (None, Some(_)) => return fail("it holds a password without a username"),
            };
        } else if !url.username().is_empty() {
            let decoded = |text: &str| percent(text);
            let password = decoded(url.password().unwrap_or_default());
            access.user = Some(User::Basic { name: decoded(url.username()), password });
        }
        if let Some(secret) = credentials.certificates {
            access.ca = text(secret, "ca.crt")?;
            access.client = match (text(secret, "tls.crt")?, text(secret, "tls.key")?) {
                (Some(certificate), Some(key)) => Some((certificate, key)),
                (None, None) => None,
                (Some(_), None) => return fail("it holds tls.crt without tls.key"),
                (None, Some(_)) => return fail("it holds tls.key without tls.crt"),
            };
            if access.ca.is_none() && access.client.is_none() {
                return fail("it holds neither ca.crt nor tls.crt and tls.key");
            }
        }
        Ok(access)
    }

    /// Everything that decides what a server answers, for a keyed digest.
    pub fn parts(&self) -> Vec<&str> {
        let user = match &self.user {
            None => vec![""],
            Some(User::Basic { name, password }) => vec!["basic", name, password],
            Some(User::Token(token)) => vec!["token", token],
        };
        let (certificate, key) = self.client.as_ref().map_or(("", ""), |(a, b)| (a.as_str(), b.as_str()));
        user.into_iter().chain([self.ca.as_deref().unwrap_or_default(), certificate, key]).collect()
    }
}

pub(crate) fn percent(text: &str) -> String {
    let pairs = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[derive(Deserialize)]
struct Docker {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    auth: String,
    #[serde(default)]
    registrytoken: String,
    #[serde(default)]
    identitytoken: String,
}

/// The entry for the registry's host; none if there is none, as `docker` itself has it.
fn docker(config: &str, url: &Url) -> Result<Option<User>, RegistryError> {
    // The reader's message may quote the content.
    let invalid = |why: &str| RegistryError::Secret(format!(".dockerconfigjson {why}"));
    let config: Docker =
        serde_json::from_str(config).map_err(|_| invalid("is no configuration of Docker"))?;
    let host = host(url);
    let is_hub = matches!(host.as_str(), "docker.io" | "registry-1.docker.io" | "index.docker.io");
    let names = |key: &str| {
        let key = key.split_once("://").map_or(key, |(_, rest)| rest);
        let key = key.split('/').next().unwrap_or_default().to_ascii_lowercase();
        key == host
            || is_hub && matches!(key.as_str(), "docker.io" | "registry-1.docker.io" | "index.docker.io")
    };
    let Some(entry) = config.auths.iter().find(|(key, _)| names(key)).map(|(_, entry)| entry) else {
        return Ok(None);
    };
    if !entry.identitytoken.is_empty() {
        return Err(RegistryError::Unsupported("an identitytoken in .dockerconfigjson".into()));
    }
    if !entry.registrytoken.is_empty() {
        return Ok(Some(User::Token(entry.registrytoken.clone())));
    }
    if !entry.auth.is_empty() {
        let decoded = STANDARD.decode(entry.auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded.as_deref().and_then(|pair| pair.split_once(':'));
        let (name, password) = pair.ok_or_else(|| invalid("has an auth that is no user and password"))?;
        return Ok(Some(User::Basic { name: name.into(), password: password.into() }));
    }
    let pair = User::Basic { name: entry.username.clone(), password: entry.password.clone() };
    Ok((!entry.username.is_empty()).then_some(pair))
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}
