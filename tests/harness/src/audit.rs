//! The server's audit log: one entry per request, so that tests can count what was sent.
//!
//! Every request is logged without its body. A watch counts when it starts, any other request when it is
//! answered; none counts twice.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Makes the server log all requests.
pub(crate) const POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// One request. Absent parts are empty; `code` is the HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; in lower case the
    /// HTTP method for paths that are no resource.
    pub verb: String,
    pub user: String,
    /// Whom the user acted as.
    pub impersonated: String,
    pub user_agent: String,
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub code: u16,
    pub uri: String,
    /// When the request arrived, RFC 3339 with microseconds.
    pub received_timestamp: String,
    /// When it was answered (a watch: when its answer began), likewise.
    pub stage_timestamp: String,
}

impl AuditEntry {
    /// Whether the request could change something: a writing verb and no dry-run.
    pub fn is_write(&self) -> bool {
        let writes = ["create", "update", "patch", "delete", "deletecollection"];
        writes.contains(&self.verb.as_str()) && !self.uri.contains("dryRun=")
    }
}

/// A place in the audit log: what was logged before it is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditMark(pub(crate) usize);

#[derive(Debug)]
pub(crate) struct AuditLog {
    path: PathBuf,
}

/// The path that is requested to learn that everything before it has been logged.
pub(crate) const SETTLE: &str = "/version?settled=";

impl AuditLog {
    pub fn at(folder: &Path) -> Self {
        Self { path: folder.join("audit.log") }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn mark(&self) -> AuditMark {
        AuditMark(self.text().len())
    }

    pub fn since(&self, mark: AuditMark) -> Vec<AuditEntry> {
        entries(self.text().get(mark.0..).unwrap_or_default())
    }

    pub fn mentions(&self, uri: &str) -> bool {
        self.text().contains(uri)
    }

    /// The log up to its last whole line; empty before the first request.
    fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }
}

fn entries(log: &str) -> Vec<AuditEntry> {
    let mut started = BTreeSet::new();
    let mut entries = Vec::new();
    for event in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let id = text(&event["auditID"]);
        let counts = match event["stage"].as_str() {
            Some("ResponseStarted") => started.insert(id),
            Some("ResponseComplete" | "Panic") => !started.contains(&id),
            _ => false,
        };
        if counts && !text(&event["requestURI"]).starts_with(SETTLE) {
            entries.push(entry(&event));
        }
    }
    entries
}

fn entry(event: &Value) -> AuditEntry {
    let object = &event["objectRef"];
    AuditEntry {
        verb: text(&event["verb"]),
        user: text(&event["user"]["username"]),
        impersonated: text(&event["impersonatedUser"]["username"]),
        user_agent: text(&event["userAgent"]),
        group: text(&object["apiGroup"]),
        resource: text(&object["resource"]),
        subresource: text(&object["subresource"]),
        namespace: text(&object["namespace"]),
        name: text(&object["name"]),
        code: event["responseStatus"]["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(0),
        uri: text(&event["requestURI"]),
        received_timestamp: text(&event["requestReceivedTimestamp"]),
        stage_timestamp: text(&event["stageTimestamp"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, stage: &str, verb: &str, uri: &str) -> String {
        format!(r#"{{"auditID":"{id}","stage":"{stage}","verb":"{verb}","requestURI":"{uri}"}}"#) + "\n"
    }

    #[test]
    fn a_watch_counts_once_and_when_it_starts() {
        let log = line("1", "ResponseStarted", "watch", "/a") + &line("1", "ResponseComplete", "watch", "/a");
        assert_eq!(entries(&log).len(), 1);
        assert_eq!(entries(&line("1", "ResponseStarted", "watch", "/a")).len(), 1);
    }

    #[test]
    fn a_refused_watch_counts_too() {
        assert_eq!(entries(&line("1", "ResponseComplete", "watch", "/a")).len(), 1);
    }

    #[test]
    fn our_own_settling_requests_do_not_count() {
        assert!(entries(&line("1", "ResponseComplete", "get", "/version?settled=3")).is_empty());
    }

    #[test]
    fn a_dry_run_is_no_write() {
        let of = |uri: &str| entries(&line("1", "ResponseComplete", "patch", uri)).remove(0).is_write();
        assert!(of("/api/v1/namespaces/a/configmaps/b?fieldManager=mainstay"));
        assert!(!of("/api/v1/namespaces/a/configmaps/b?dryRun=All"));
    }

    #[test]
    fn a_line_that_is_still_being_written_is_left_for_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = AuditLog::at(folder.path());
        assert_eq!(log.mark(), AuditMark(0));
        let whole = line("1", "ResponseComplete", "get", "/a");
        std::fs::write(log.path(), format!("{whole}{}", &whole[..10])).expect("a log");
        assert_eq!(log.since(AuditMark(0)).len(), 1);
        assert_eq!(log.mark(), AuditMark(whole.len()));
    }
}
