//! What Helm's own tools are told of a unit whose objects come out of a chart.

use mainstay_object::{Digest, DigestKey};
use std::fmt;
use std::sync::Arc;

/// A release as Helm stores it, but for its number, its state and its times.
#[derive(Clone, PartialEq, Eq)]
pub struct Release {
    pub name: String,
    /// Where its records lie.
    pub namespace: String,
    /// How many of them are kept; all where it is zero.
    pub history: usize,
    /// gzip around JSON. It holds what the values and the objects hold, Secrets included.
    pub body: Arc<[u8]>,
    /// Of the body, keyed.
    pub digest: Digest,
}

impl Release {
    pub fn new(name: String, namespace: String, history: usize, body: Vec<u8>, key: &DigestKey) -> Self {
        let digest = Digest::keyed(key, &body);
        Self { name, namespace, history, body: body.into(), digest }
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} of {} bytes", self.namespace, self.name, self.body.len())
    }
}
