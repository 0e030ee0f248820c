use serde_json::Value;
use std::time::Duration;
use thiserror::Error;

/// What an API server answered, or that it did not. Messages are the server's own words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClusterError {
    #[error("{message}")]
    NotFound { message: String },
    #[error("no matches for kind {kind} in version {version}")]
    NoKind { kind: String, version: String },
    /// Server-side apply: fields that other managers own.
    #[error("{}", conflict_text(.0))]
    FieldConflict(Vec<FieldConflict>),
    /// A precondition or a resource version did not hold, or the object exists.
    #[error("{message}")]
    Conflict { message: String },
    #[error("{message}")]
    Invalid { message: String },
    #[error("{message}")]
    Forbidden { message: String },
    #[error("{message}")]
    Unauthorized { message: String },
    #[error("the server is busy: {message}")]
    Throttled { message: String, retry_after: Option<Duration> },
    /// The resource version of a watch or list is too old.
    #[error("{message}")]
    Gone { message: String },
    #[error("the server answered {code}: {message}")]
    Server { code: u16, message: String },
    #[error("the API server can't be reached: {message}")]
    Unreachable { message: String },
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// Another process may be the one to write now.
    #[error("the Lease has run out: nothing is written")]
    Fenced,
    #[error("the server's answer can't be read: {message}")]
    Unreadable { message: String },
}

/// One field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    pub manager: String,
    /// As the API server writes it: `.spec.containers[name="web"].image`.
    pub field: String,
    /// Through which the manager wrote it, such as `scale`; empty for the object itself.
    pub subresource: String,
}

fn conflict_text(conflicts: &[FieldConflict]) -> String {
    let all: Vec<_> = conflicts.iter().map(|c| format!("{} (owned by {})", c.field, c.manager)).collect();
    format!("fields belong to others: {}", all.join(", "))
}

/// Reads a `Status` object, or what stands in its place.
pub(crate) fn from_answer(code: u16, retry_after: Option<Duration>, body: &[u8]) -> ClusterError {
    let status: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let message = match text("/message") {
        "" => clip(&String::from_utf8_lossy(body)),
        message => message.to_owned(),
    };
    match code {
        400 | 413 | 415 | 422 => ClusterError::Invalid { message },
        401 => ClusterError::Unauthorized { message },
        403 => ClusterError::Forbidden { message },
        404 => ClusterError::NotFound { message },
        409 => match conflicts(&status) {
            list if list.is_empty() => ClusterError::Conflict { message },
            list => ClusterError::FieldConflict(list),
        },
        410 => ClusterError::Gone { message },
        429 => ClusterError::Throttled { message, retry_after },
        code => ClusterError::Server { code, message },
    }
}

fn conflicts(status: &Value) -> Vec<FieldConflict> {
    let causes = status.pointer("/details/causes").and_then(Value::as_array);
    let mut out: Vec<FieldConflict> = causes
        .into_iter()
        .flatten()
        .filter(|c| c.get("reason").and_then(Value::as_str) == Some("FieldManagerConflict"))
        .map(|c| {
            let text = |key: &str| c.get(key).and_then(Value::as_str).unwrap_or_default();
            // `conflict with "kubectl-edit" using apps/v1`, `conflict with "a" with subresource "scale" using apps/v1`
            let mut quoted = text("message").split('"').skip(1).step_by(2);
            let manager = quoted.next().unwrap_or("unknown").to_owned();
            let through = text("message").contains("\" with subresource \"");
            let subresource = quoted.next().filter(|_| through).unwrap_or_default().to_owned();
            FieldConflict { manager, field: text("field").to_owned(), subresource }
        })
        .collect();
    out.sort_by(|a, b| (&a.field, &a.manager).cmp(&(&b.field, &b.manager)));
    out
}

fn clip(text: &str) -> String {
    text.chars().take(300).collect::<String>().trim().to_owned()
}
