use crate::{ArtifactRequest, ChartRequest, Content, HelmRun, Lookup, ServiceAccount, Target};
use serde::Serialize;
use std::fmt;

/// The name of a tree of files: the platform repository itself, or a source that a unit names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum SourceId {
    Platform,
    /// A declared source: its kind as written, its namespace (or tenant) and name.
    Named {
        kind: String,
        namespace: String,
        name: String,
    },
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("the platform repository"),
            Self::Named { kind, namespace, name } => write!(f, "{kind} {namespace}/{name}"),
        }
    }
}

/// What a pure reader or renderer lacks. The runtime meets it and calls again; what nobody can meet is shown as
/// *not evaluated*, never defaulted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Need {
    /// A Git repository's tree.
    Git {
        id: SourceId,
        url: String,
        reference: GitReference,
        secret: Option<Reference>,
        /// Whose signature it must have; without one nothing of it is used.
        verify: Option<GitVerification>,
        /// What those who declare the repository must be allowed to.
        authorities: Vec<Authority>,
    },
    /// The content of a ConfigMap or Secret of the management cluster.
    Reference { reference: Reference, claim: Claim },
    /// A chart of a registry.
    Chart {
        request: Box<ChartRequest>,
        /// What those who declare the registry and the unit must be allowed to.
        authorities: Vec<Authority>,
    },
    /// The files of an artifact in an OCI registry.
    Artifact {
        request: Box<ArtifactRequest>,
        /// What those who declare the source must be allowed to.
        authorities: Vec<Authority>,
    },
    /// What a chart sees of the API server that its objects go to.
    Capabilities { target: Target, authorities: Vec<Authority> },
    /// What a chart looks up on the cluster that its objects go to.
    Lookup { lookup: Lookup, claim: Claim },
    /// A render that is left to the real Helm.
    Helm { run: HelmRun },
    /// A file of the web.
    File { file: WebFile },
}

/// A file of the web, and what must be in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct WebFile {
    /// `https://` or `http://`, without a user.
    pub url: String,
    /// 64 hexadecimal digits, in lower case.
    pub sha256: String,
}

impl fmt::Display for WebFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.split('?').next().unwrap_or_default())
    }
}

/// In whose name something is read for a unit. What may not be read in that name is not read at all: a plan could show
/// it to somebody who may not see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Claim {
    /// None: Mainstay's own identity.
    pub account: Option<ServiceAccount>,
    pub authorities: Vec<Authority>,
}

/// A render that declares something of the fleet creates an object: whoever it is applied as must be allowed to create
/// that object, as if it went through the API server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Authority {
    pub account: ServiceAccount,
    /// Where the declaring unit's objects go.
    pub target: Target,
    pub group: String,
    pub resource: String,
    pub namespace: String,
    pub name: String,
}

/// Flux's precedence: commit, name, semver, tag, branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct GitReference {
    pub branch: Option<String>,
    pub tag: Option<String>,
    pub semver: Option<String>,
    pub name: Option<String>,
    pub commit: Option<String>,
}

/// A proof that is asked of a repository: signatures of OpenPGP.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct GitVerification {
    pub what: Signable,
    /// A Secret, of which every entry is a keyring but for keys of SSH (`*.sshpub`).
    pub keys: Reference,
}

/// What of a repository is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Signable {
    /// The commit that the reference leads to.
    Commit,
    /// The annotated tag that the reference is.
    Tag,
    TagAndCommit,
}

/// What the Secrets of a repository hold.
#[derive(Clone, Copy, Default)]
pub struct GitCredentials<'a> {
    pub secret: Option<&'a Content>,
    /// Keyrings: [`GitVerification::keys`].
    pub keys: Option<&'a Content>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ReferenceKind {
    ConfigMap,
    Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ReferenceKind::ConfigMap => "ConfigMap",
            ReferenceKind::Secret => "Secret",
        };
        write!(f, "{kind} {}/{}", self.namespace, self.name)
    }
}
