//! Charts that lie in a registry, what is asked of them and what comes back; and what a chart asks of the cluster that it
//! is for.
use crate::{Content, Reference, Target};
use mainstay_object::GroupKind;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// One chart of a registry. Two that are equal are answered alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChartRequest {
    pub registry: Registry,
    /// `https://...`, or `oci://...` without a tag.
    pub url: String,
    /// Its name in the repository, behind an OCI URL too; empty where the URL names the chart itself.
    pub chart: String,
    pub version: ChartVersion,
    /// `username` and `password`, or a `.dockerconfigjson`.
    pub secret: Option<Reference>,
    /// `ca.crt`, `tls.crt` and `tls.key`.
    pub certificates: Option<Reference>,
    /// Credentials go to other hosts as well, if the index says that the chart lies there.
    pub pass_credentials: bool,
    /// Plain HTTP is good enough for an OCI registry.
    pub insecure: bool,
    pub timeout: Duration,
    /// How it is proved that somebody has signed it, before anything of it is used.
    pub verify: Option<Verification>,
}

/// A proof that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Verification {
    /// A signature of cosign's by one of the public keys (`*.pub`) of a Secret.
    Cosign { keys: Reference },
    /// A signature of cosign's, made without a key by whom one of these names; by anyone where there is none.
    Identity {
        any_of: Vec<OidcIdentity>,
        /// A Secret with a `trusted_root.json` of sigstore's, in the place of the public one that Mainstay brings along.
        root: Option<Reference>,
    },
    /// Helm's provenance, signed by one of the OpenPGP keys in the keyrings of a Secret.
    Provenance { keys: Reference },
}

/// Who has proved who he is: regular expressions of Go's that match anywhere unless they are anchored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct OidcIdentity {
    /// Of the URL of the OpenID provider.
    pub issuer: String,
    /// Of the URI or e-mail address that the provider vouches for.
    pub subject: String,
}

impl Verification {
    /// The Secret that it takes.
    pub fn secret(&self) -> Option<&Reference> {
        match self {
            Self::Cosign { keys } | Self::Provenance { keys } => Some(keys),
            Self::Identity { root, .. } => root.as_ref(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Registry {
    /// An `index.yaml` and archives beside it.
    Http,
    /// A registry by the OCI distribution specification.
    Oci,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ChartVersion {
    /// A version or a range, by the rules of Masterminds' semver, of those that match the regular expression.
    Range { range: String, filter: Option<String> },
    /// An OCI tag as it is written.
    Tag(String),
    /// An OCI manifest: `sha256:...`.
    Digest(String),
}

/// What the Secrets of a request hold.
#[derive(Clone, Copy, Default)]
pub struct ChartCredentials<'a> {
    pub secret: Option<&'a Content>,
    pub certificates: Option<&'a Content>,
    /// Public keys, keyrings or a trust root: [`Verification::secret`].
    pub keys: Option<&'a Content>,
}

/// A chart as it was fetched and unpacked.
#[derive(Clone, PartialEq, Eq)]
pub struct ChartArchive {
    /// `sha256:...`, of the archive.
    pub digest: String,
    /// The version that was chosen.
    pub version: String,
    /// Paths within the chart's folder, with slashes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The registry did not answer: since when this is what it said last, and why it is asked in vain.
    pub stale: Option<String>,
}

/// The files of a chart say nothing to people.
impl fmt::Debug for ChartArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {} files", self.digest, self.version, self.files.len())
    }
}

impl fmt::Display for ChartRequest {
    /// Without credentials, which a URL may hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chart = if self.chart.is_empty() { "chart" } else { &self.chart };
        write!(f, "{chart} {} of {}", self.version, shown(&self.url))
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range { range, filter: None } => f.write_str(range),
            Self::Range { range, filter: Some(filter) } => write!(f, "{range} among {filter}"),
            Self::Tag(text) | Self::Digest(text) => f.write_str(text),
        }
    }
}

pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{}", path.split(['?', '#']).next().unwrap_or_default())
}

/// What a chart sees of the API server that its objects go to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// `v1.31.2`.
    pub version: String,
    /// `group/version` and `group/version/Kind`, sorted.
    pub apis: Vec<String>,
    /// Kinds whose objects have no namespace.
    pub cluster_scoped: BTreeSet<GroupKind>,
}

impl Capabilities {
    /// Whether objects of a kind have no namespace; nothing where the kind is not served.
    pub fn scope(&self, kind: &GroupKind) -> Option<bool> {
        if self.cluster_scoped.contains(kind) {
            return Some(true);
        }
        let served = |api: &String| {
            let Some((version, name)) = api.rsplit_once('/') else { return false };
            let group = version.split_once('/').map_or("", |(group, _)| group);
            name == kind.kind && group == kind.group
        };
        self.apis.iter().any(served).then_some(false)
    }
}

/// An object, or where the name is empty the objects of a kind, on the cluster that a unit's objects go to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Lookup {
    pub target: Target,
    pub api_version: String,
    pub kind: String,
    /// Empty: all namespaces, or none.
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_version, kind, namespace, name, .. } = self;
        match (name.is_empty(), namespace.is_empty()) {
            (true, true) => write!(f, "every {kind} of {api_version}"),
            (true, false) => write!(f, "every {kind} of {api_version} in {namespace}"),
            (false, true) => write!(f, "{kind} {name} of {api_version}"),
            (false, false) => write!(f, "{kind} {namespace}/{name} of {api_version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_shown_without_credentials() {
        let request = ChartRequest {
            registry: Registry::Http,
            url: "https://user:hunter2@charts.example.com/stable?token=hunter2".into(),
            chart: "web".into(),
            version: ChartVersion::Range { range: ">= 1.2".into(), filter: None },
            secret: None,
            certificates: None,
            pass_credentials: false,
            insecure: false,
            timeout: Duration::from_secs(60),
            verify: None,
        };
        assert_eq!(request.to_string(), "web >= 1.2 of https://charts.example.com/stable");
    }
}
