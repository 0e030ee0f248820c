//! Files that lie in an OCI registry as an artifact: what `flux push artifact` makes, or any other with a layer that is an
//! archive.
use crate::ChartRequest;
use crate::tree::Tree;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// One artifact of a registry. Two that are equal are answered alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ArtifactRequest {
    /// Where it lies and who asks, as of a chart that the URL names itself.
    pub from: ChartRequest,
    /// The media type of the layer, of which the first is taken; nothing: the first layer, whatever it is.
    pub layer: Option<String>,
}

impl fmt::Display for ArtifactRequest {
    /// Without credentials, which a URL may hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.from.version, crate::chart::shown(&self.from.url))
    }
}

/// An artifact as it was fetched and unpacked.
#[derive(Clone)]
pub struct OciArtifact {
    /// As source-controller writes it: `<tag>@sha256:...`, or the digest alone where that was asked for.
    pub revision: String,
    /// The files of the layer.
    pub tree: Arc<dyn Tree>,
    /// The registry did not answer: since when this is what it said last, and why it is asked in vain.
    pub stale: Option<String>,
}

/// Its files say nothing to people.
impl fmt::Debug for OciArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.revision)
    }
}
