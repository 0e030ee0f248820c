//! Output cut into documents, hooks told from the rest, all in the order of installation.
use crate::error::RenderError;
use crate::exec::Limits;
use crate::funcs::{Unread, parse_yaml};
use crate::json::as_text;
use regex::Regex;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A document that a template made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The template's path, the chart's name first.
    pub path: String,
    pub kind: String,
    pub text: String,
}

/// A document that is applied at certain moments instead of with the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub path: String,
    pub kind: String,
    pub name: String,
    pub text: String,
    /// `pre-install`, `post-upgrade`, `test`, ...
    pub events: Vec<String>,
    pub weight: i64,
    pub delete_policies: Vec<String>,
    pub output_log_policies: Vec<String>,
}

const INSTALL_ORDER: [&str; 36] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

const EVENTS: [&str; 9] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
];

/// By paths, of which those that begin with `_` hold nothing to install.
pub(super) fn sort(
    files: &BTreeMap<String, String>,
    limits: &Limits,
) -> Result<(Vec<Manifest>, Vec<Hook>), RenderError> {
    let (mut manifests, mut hooks) = (Vec::new(), Vec::new());
    if files.values().map(String::len).sum::<usize>() > limits.release_bytes {
        return Err(RenderError::Limit(format!("templates make more than {} bytes", limits.release_bytes)));
    }
    for (path, content) in files {
        for text in split(content) {
            let fail = |message| RenderError::Manifest { path: path.clone(), message };
            let read = parse_yaml(text.as_bytes()).map_err(|why| match why {
                Unread::Broken(message) => fail(message),
                limit @ Unread::Limit(_) => RenderError::Limit(format!("{path}: {limit}")),
            });
            let head = Head::read(&read?).map_err(fail)?;
            let text = text.to_owned();
            let Some(on) = head.annotations.get("helm.sh/hook") else {
                manifests.push(Manifest { path: path.clone(), kind: head.kind, text });
                continue;
            };
            // A hook of a kind that Helm does not know is skipped.
            let events: Option<Vec<String>> = listed(on).map(event).collect();
            let Some(events) = events else { continue };
            let policies =
                |key| head.annotations.get(key).map(|list| listed(list).collect()).unwrap_or_default();
            hooks.push(Hook {
                path: path.clone(),
                text,
                events,
                weight: head.annotations.get("helm.sh/hook-weight").and_then(|w| w.parse().ok()).unwrap_or(0),
                delete_policies: policies("helm.sh/hook-delete-policy"),
                output_log_policies: policies("helm.sh/hook-output-log-policy"),
                kind: head.kind,
                name: head.name,
            });
        }
    }
    manifests.sort_by(|a, b| place(&a.kind).cmp(&place(&b.kind)));
    hooks.sort_by(|a, b| place(&a.kind).cmp(&place(&b.kind)));
    Ok((manifests, hooks))
}

/// Unknown kinds come last, by name.
fn place(kind: &str) -> (usize, &str) {
    match INSTALL_ORDER.iter().position(|known| *known == kind) {
        Some(at) => (at, ""),
        None => (INSTALL_ORDER.len(), kind),
    }
}

fn listed(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|part| part.trim().to_lowercase())
}

fn event(name: String) -> Option<String> {
    let name = if name == "test-success" { "test".to_owned() } else { name };
    EVENTS.contains(&name.as_str()).then_some(name)
}

/// The documents of an output, without blanks around them.
fn split(content: &str) -> Vec<&str> {
    static SEPARATOR: OnceLock<Option<Regex>> = OnceLock::new();
    let content = content.trim();
    let separator = SEPARATOR.get_or_init(|| Regex::new(r"(?:^|[\t\n\x0C\r ]*\n)---[\t\n\x0C\r ]*").ok());
    // The pattern is a constant that compiles.
    let Some(separator) = separator else { return vec![content] };
    separator.split(content).filter(|part| !part.is_empty()).map(str::trim).collect()
}

struct Head {
    kind: String,
    name: String,
    annotations: BTreeMap<String, String>,
}

impl Head {
    fn read(json: &Json) -> Result<Self, String> {
        let decoding = |what: String| format!("error unmarshaling JSON: while decoding JSON: {what}");
        let mismatch = |found: &Json, wanted: &str| decoding(crate::json::mismatch(found, wanted));
        let text = |value: Option<&Json>, of: &str| match value {
            None | Some(Json::Null) => Ok(String::new()),
            Some(value) => {
                as_text(value).ok_or_else(|| mismatch(value, &format!("SimpleHead.{of} of type string")))
            }
        };
        if !json.is_object() && !json.is_null() {
            return Err(mismatch(json, "releaseutil.SimpleHead"));
        }
        text(json.get("apiVersion"), "apiVersion")?;
        let mut head =
            Self { kind: text(json.get("kind"), "kind")?, name: String::new(), annotations: BTreeMap::new() };
        match json.get("metadata") {
            None | Some(Json::Null) => {}
            Some(metadata @ Json::Object(_)) => {
                head.name = text(metadata.get("name"), "metadata.name")?;
                match metadata.get("annotations") {
                    None | Some(Json::Null) => {}
                    Some(Json::Object(members)) => {
                        for (key, value) in members {
                            head.annotations.insert(key.clone(), text(Some(value), "metadata.annotations")?);
                        }
                    }
                    Some(other) => return Err(mismatch(other, "map[string]string")),
                }
            }
            Some(other) => return Err(mismatch(other, "SimpleHead.metadata")),
        }
        Ok(head)
    }
}
