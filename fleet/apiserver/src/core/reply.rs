use crate::core::admission::{Answer, Call};
use crate::core::items::Items;
use crate::core::selector::{Fields, Labels};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Done(Response),
    /// Status 200, chunked, one JSON frame per event, pulled with `Cluster::poll_watch`.
    Watch(Watch),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    pub status: u16,
    /// Empty when there is no body.
    pub content_type: String,
    /// `Warning`, `Retry-After`, `Audit-Id`...; without content type and length.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// What follows `body`: only `Cluster::handle_in_pieces` leaves anything here.
    pub items: Items,
}

/// A cursor into a cluster's events. It owns no resources: dropping it ends the watch.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// The content type to answer with.
    pub content_type: String,
    pub headers: Vec<(String, String)>,
    /// End the stream after this long, with a bookmark first (`Cluster::bookmark`). The server's choice if absent.
    pub timeout_seconds: Option<u64>,
    /// The client accepts bookmarks: about one per minute.
    pub bookmarks: bool,
    pub(crate) what: Watched,
    pub(crate) position: u64,
    /// What `Polled::Calls` asked for, by the calls' keys.
    pub answers: BTreeMap<String, Answer>,
    pub(crate) start: Start,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Watched {
    /// Key prefix, as in the store.
    pub(crate) prefix: String,
    /// `group/resource` and version, for looking the resource up again: it may be a CRD that was deleted.
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resource: String,
    /// The CRD's UID; empty for built-ins. Another CRD with this name is another resource.
    pub(crate) identity: String,
    pub(crate) labels: Labels,
    pub(crate) fields: Fields,
    pub(crate) form: Form,
    pub(crate) include: Include,
}

/// What is still to send before events: nothing, or the state at the start, from this key on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Start {
    Events,
    State {
        after: Option<Arc<str>>,
        at: u64,
        end_bookmark: bool,
    },
    /// A 410 was sent; the stream is over.
    Over,
}

/// In which shape objects are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    #[default]
    Object,
    Table,
    Partial,
}

/// `includeObject` of a Table request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Include {
    #[default]
    Metadata,
    Object,
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// JSON frames, each ending with a newline. Poll again at once: there may be more.
    Frames(Vec<Vec<u8>>),
    /// Nothing until `Cluster::revision` moves.
    Idle,
    /// The position is older than the history: send this frame (an ERROR event with a 410 Status), then end.
    Gone(Vec<u8>),
    /// The resource is gone (its CRD was deleted): end the stream.
    Closed,
    /// Make these, put their answers into `Watch::answers`, and poll again.
    Calls(Vec<Call>),
}

/// What `kubectl` prints before its own output.
pub(crate) fn warning_headers(warnings: &[String]) -> impl Iterator<Item = (String, String)> {
    warnings.iter().map(|text| {
        let quoted: String = text
            .chars()
            .filter(|c| !c.is_control())
            .flat_map(|c| match c {
                '"' | '\\' => vec!['\\', c],
                c => vec![c],
            })
            .collect();
        ("Warning".to_owned(), format!("299 - \"{quoted}\""))
    })
}
