use crate::core::request::Now;
use mainstay_object::Digest;
use std::collections::BTreeMap;

/// What must be called, all at once, before a request can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    pub calls: Vec<Call>,
    /// With the answers, by the calls' keys, what `Request::resumed` must be when the request is handled anew.
    pub resumed: Resumed,
}

/// One HTTPS call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What its answer is found by.
    pub key: String,
    pub(crate) uid: String,
    /// POST to it; the timeout is in its query.
    pub url: String,
    /// Where to connect instead of the URL's host: `10.1.2.3:8443`.
    pub connect: Option<String>,
    /// PEM; who must have signed the server's certificate.
    pub ca_bundle: Vec<u8>,
    pub seconds: u64,
    /// JSON.
    pub body: Vec<u8>,
}

/// The body of an answer with status 200, or why there is none.
pub type Answer = Result<Vec<u8>, String>;

/// What a request that was handled before has seen already. The default: it was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resumed {
    pub(crate) now: Option<Now>,
    pub(crate) drawn: Vec<u8>,
    pub(crate) rounds: usize,
    pub answers: BTreeMap<String, Answer>,
}

pub(super) enum Asked {
    Answered(Answer),
    Wanted,
}

/// Not a failure of the webhook: policies do not apply to it.
pub(super) const NO_DRY_RUN: &str = "it does not support dry run";

/// The UUID of a question: one and the same however often it is asked.
pub(crate) fn uid(content: &str) -> String {
    let digest = Digest::of_bytes(content.as_bytes()).hex();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
