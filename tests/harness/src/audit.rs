//! The server's audit log: one entry per request, so that tests can count what was sent.
//!
//! Every request is logged without its body. A watch counts when it starts, any other request when it is
//! answered; none counts twice.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
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
pub struct AuditMark(pub(crate) u64);

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

    /// The end of the last whole line at or after `from`.
    pub fn end(&self, from: AuditMark) -> AuditMark {
        AuditMark(from.0 + self.text(from).len() as u64)
    }

    pub fn since(&self, mark: AuditMark) -> Vec<AuditEntry> {
        entries(&self.text(mark))
    }

    pub fn mentions(&self, uri: &str, since: AuditMark) -> bool {
        self.text(since).contains(uri)
    }

    /// The whole lines from `from` on; none before the first request.
    fn text(&self, from: AuditMark) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(from.0))?;
            file.read_to_end(&mut bytes)
        });
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        match read {
            // The server writes ASCII: a length in bytes and one in text are the same.
            Ok(_) => String::from_utf8_lossy(&bytes[..end]).into_owned(),
            Err(_) => String::new(),
        }
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
        let start = AuditMark(0);
        assert_eq!(log.end(start), start);
        let whole = line("1", "ResponseComplete", "get", "/a");
        std::fs::write(log.path(), format!("{whole}{}", &whole[..10])).expect("a log");
        let end = log.end(start);
        assert_eq!((log.since(start).len(), log.since(end).len()), (1, 0));
        std::fs::write(log.path(), format!("{whole}{whole}")).expect("a log");
        assert_eq!(log.since(end).len(), 1);
    }
}
