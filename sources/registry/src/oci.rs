//! Charts and other artifacts in OCI registries: the pull half of the distribution specification v1.1, with the media types
//! of Helm.
mod challenge;
mod manifest;
mod name;
mod signatures;
mod tags;

pub(crate) use manifest::CHART;
pub(crate) use name::Repository;
pub(crate) use tags::Spelling;

use crate::RegistryError;
use crate::access::{Access, User};
use crate::digest::Digest;
use crate::error::shown;
use crate::http::{Answer, Client, Get};
use crate::verify::provenance::MOST_BYTES;
use challenge::Challenge;
use serde::Deserialize;
use std::cell::RefCell;
use std::time::Duration;
use url::Url;

const MOST_TOKEN: u64 = 1 << 20;

/// A repository of a registry, asked by one.
pub(crate) struct Oci<'a> {
    repository: &'a Repository,
    access: &'a Access,
    client: Client,
    /// What the registry wanted to see last.
    shown: RefCell<Option<User>>,
}

/// Which layer of a manifest is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer<'a> {
    /// The only one that is a chart.
    Chart,
    /// The first, whatever it is.
    First,
    /// The first of a media type.
    Of(&'a str),
}

/// Where a chart or another artifact lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// What the tag or digest stands for: that is what people sign.
    pub resolved: Digest,
    /// Of the artifact itself: another one, if that was an index.
    pub manifest: Digest,
    pub layer: Digest,
    pub size: u64,
    /// Digests of Helm's provenance, as they are written; there should be one at most.
    pub provenances: Vec<String>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl<'a> Oci<'a> {
    pub fn new(
        repository: &'a Repository,
        access: &'a Access,
        timeout: Duration,
    ) -> Result<Self, RegistryError> {
        let client = Client::new(access, &repository.base, false, timeout)?;
        // A token of the registry's own is shown at once; a password only to who asks for it.
        let shown = match &access.user {
            Some(User::Token(token)) => Some(User::Token(token.clone())),
            Some(User::Basic { .. }) | None => None,
        };
        Ok(Self { repository, access, client, shown: RefCell::new(shown) })
    }

    /// The archive, checked against its digest.
    pub fn blob(&self, found: &Found) -> Result<Vec<u8>, RegistryError> {
        let url = self.repository.url(&["blobs", found.layer.text()]);
        let bytes = self.get(&url, "*/*", found.size)?.ok(&url, self.access.user.is_some())?;
        found.layer.check(&bytes, &shown(&url))?;
        Ok(bytes)
    }

    /// The provenance, checked against its digest.
    pub fn provenance(&self, found: &Found) -> Result<Vec<u8>, RegistryError> {
        let missing = |why: &str| RegistryError::unverified(&self.repository.shown(), why);
        let digest = match found.provenances.as_slice() {
            [] => return Err(missing("its provenance is missing: its manifest names none")),
            [one] => Digest::required(one, "its provenance")?,
            _ => return Err(missing("its manifest names more than one provenance")),
        };
        let url = self.repository.url(&["blobs", digest.text()]);
        let answer = self.get(&url, "*/*", MOST_BYTES as u64);
        match answer.and_then(|answer| answer.ok(&url, self.access.user.is_some())) {
            Ok(bytes) => {
                digest.check(&bytes, &shown(&url))?;
                Ok(bytes)
            }
            Err(error @ (RegistryError::NotFound { .. } | RegistryError::TooLarge { .. })) => {
                Err(missing(&format!("its provenance is missing: {error}")))
            }
            Err(error) => Err(error),
        }
    }

    /// Asks, proves who asks if the registry wants to know, and asks again.
    fn get(&self, url: &Url, accept: &str, most: u64) -> Result<Answer, RegistryError> {
        let first = self.once(url, accept, most)?;
        if first.status != 401 {
            return Ok(first);
        }
        let Some(challenge) = first.text("www-authenticate").and_then(|text| Challenge::read(&text)) else {
            return Ok(first);
        };
        let user = match challenge {
            Challenge::Basic => match &self.access.user {
                Some(User::Basic { name, password }) => {
                    User::Basic { name: name.clone(), password: password.clone() }
                }
                Some(User::Token(_)) | None => return Ok(first),
            },
            Challenge::Bearer { realm, service } => self.token(&realm, &service)?,
        };
        *self.shown.borrow_mut() = Some(user);
        self.once(url, accept, most)
    }

    fn once(&self, url: &Url, accept: &str, most: u64) -> Result<Answer, RegistryError> {
        let shown = self.shown.borrow();
        self.client.get(&Get { url, accept, headers: &[], user: shown.as_ref(), most })
    }

    /// A token for reading this repository, from the service that the registry names: it is trusted with the password,
    /// as the specification has it, but not without TLS unless the registry has none either.
    fn token(&self, realm: &str, service: &str) -> Result<User, RegistryError> {
        let mut url = Url::parse(realm).map_err(|why| RegistryError::url(realm, why))?;
        if url.scheme() != "https" && self.repository.base.scheme() == "https" {
            return Err(RegistryError::url(realm, "the service for tokens has no TLS"));
        }
        if !service.is_empty() {
            url.query_pairs_mut().append_pair("service", service);
        }
        let scope = format!("repository:{}:pull", self.repository.name);
        url.query_pairs_mut().append_pair("scope", &scope);
        let client = self.client.for_realm(self.access, &url)?;
        let user = self.access.user.as_ref().filter(|user| matches!(user, User::Basic { .. }));
        let get = Get { url: &url, accept: "application/json", headers: &[], user, most: MOST_TOKEN };
        let body = client.get(&get)?.ok(&url, user.is_some())?;
        // The reader's message may quote the token.
        let token: Token = serde_json::from_slice(&body).map_err(|_| {
            RegistryError::unreadable(format!("the token of {}", shown(&url)), "it is no JSON")
        })?;
        let text = if token.token.is_empty() { token.access_token } else { token.token };
        if text.is_empty() || text.bytes().any(|byte| !(0x21..0x7f).contains(&byte)) {
            return Err(RegistryError::unreadable(format!("the token of {}", shown(&url)), "it is none"));
        }
        Ok(User::Token(text))
    }
}
