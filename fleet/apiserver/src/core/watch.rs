//! Watches: a cursor over the store's events. Nothing waits here, and nothing is kept for a watcher.

use crate::core::admission::{Answer, Call};
use crate::core::cluster::Cluster;
use crate::core::conversion::Asking;
use crate::core::failure::{Failure, forbidden_field};
use crate::core::negotiate::Negotiated;
use crate::core::options::ListOptions;
use crate::core::registry::Resource;
use crate::core::reply::{Form, Polled, Start, Watch, Watched};
use crate::core::request::{Now, Request};
use crate::core::route::Target;
use crate::core::store::{Entry, Event};
use crate::core::text::Text;
use crate::core::{body, fields, read, table};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn start(
    cluster: &Cluster,
    resource: &Resource,
    target: &Target,
    request: &Request,
    forms: Negotiated,
) -> Result<Watch, Failure> {
    let mut options = ListOptions::read(request)?;
    fields::check(&options.fields, resource)?;
    if !target.name.is_empty() {
        options.fields.0.push(crate::core::selector::FieldTerm {
            path: "metadata.name".into(),
            value: target.name.clone(),
            equal: true,
        });
    }
    let initial = options.send_initial_events;
    let refuse = |field: &str, detail: &str| {
        Err(Failure::invalid("meta.k8s.io", "ListOptions", "", &[forbidden_field(field, detail)]))
    };
    match (initial, &*options.resource_version_match) {
        (Some(_), "NotOlderThan") | (None, "") => {}
        (Some(_), _) => {
            return refuse(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            );
        }
        (None, _) => {
            return refuse(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            );
        }
    }
    if initial == Some(true) && !options.bookmarks {
        return refuse(
            "sendInitialEvents",
            "sendInitialEvents=true requires setting allowWatchBookmarks to true",
        );
    }
    let asked = read::parse_version(&options.resource_version).map_err(|why| Failure::new(500, "", why))?;
    read::check_not_future(cluster, asked)?;
    let current = cluster.store.revision();
    let from_state = initial.unwrap_or(asked == 0);
    let (position, begin) = if from_state {
        (current, Start::State { after: None, at: current, end_bookmark: initial == Some(true) })
    } else if asked == 0 {
        (current, Start::Events)
    } else {
        (asked, Start::Events)
    };
    let content_type = if forms.yaml { "application/yaml" } else { "application/json" };
    Ok(Watch {
        content_type: content_type.to_owned(),
        headers: Vec::new(),
        timeout_seconds: options.timeout_seconds,
        bookmarks: options.bookmarks,
        what: Watched {
            prefix: resource.prefix_in(&target.namespace),
            group: resource.group.clone(),
            version: resource.version.clone(),
            resource: resource.plural.clone(),
            identity: resource.custom.as_ref().map(|c| c.uid.clone()).unwrap_or_default(),
            labels: options.labels,
            fields: options.fields,
            form: forms.form,
            include: read::include(request),
        },
        position,
        answers: BTreeMap::new(),
        start: begin,
    })
}

impl Cluster {
    /// The next frames, at most `limit`.
    pub fn poll_watch(&self, watch: &mut Watch, limit: usize, now: Now) -> Polled {
        let limit = limit.max(1);
        let resource = self.registry.find(&watch.what.group, &watch.what.version, &watch.what.resource);
        let same = |r: &Arc<Resource>| r.custom.as_ref().map_or("", |c| &*c.uid) == watch.what.identity;
        let Some(resource) = resource.filter(same) else { return Polled::Closed };
        match watch.start.clone() {
            Start::Over => Polled::Closed,
            Start::Events => self.poll_events(watch, &resource, limit, now),
            Start::State { after, at, end_bookmark } => {
                self.poll_state(watch, &resource, after, at, end_bookmark, limit, now)
            }
        }
    }

    /// A bookmark at the watch's position, for a client that accepts them and has seen all there was.
    pub fn bookmark(&self, watch: &mut Watch, now: Now) -> Option<Vec<u8>> {
        if !watch.bookmarks || watch.start != Start::Events {
            return None;
        }
        let resource = self.registry.find(&watch.what.group, &watch.what.version, &watch.what.resource)?;
        Some(bookmark_frame(&resource, watch.what.form, watch.position, false, now))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one variant")]
    fn poll_state(
        &self,
        watch: &mut Watch,
        resource: &Resource,
        after: Option<Arc<str>>,
        at: u64,
        end_bookmark: bool,
        limit: usize,
        now: Now,
    ) -> Polled {
        let past;
        let mut page: Vec<(Arc<str>, Entry)> = Vec::new();
        let (mut size, mut done) = (0, true);
        let mut take = |key: &Arc<str>, entry: &Entry| {
            // Finding the state of a while ago again costs more than holding a little of it.
            done = page.len() < limit && size < 4 * BYTES;
            if done {
                size += entry.body.len();
                page.push((key.clone(), entry.clone()));
            }
            done
        };
        if at == self.store.revision() {
            for (key, entry) in self.store.range(&watch.what.prefix, after.as_deref()) {
                if !take(key, entry) {
                    break;
                }
            }
        } else {
            match self.store.range_at(&watch.what.prefix, at) {
                None => return gone(watch, at),
                Some(state) => past = state,
            }
            for (key, entry) in past.iter().filter(|(k, _)| after.as_ref().is_none_or(|a| *k > a)) {
                if !take(key, entry) {
                    break;
                }
            }
        }
        let last = page.last().map(|(key, _)| key.clone());
        let mut frames = Vec::new();
        let (wanted, bodies) = (RefCell::default(), page.iter().map(|(_, entry)| &entry.body));
        let objects = match self.read(bodies, resource, asking(&watch.answers, &wanted)) {
            Ok(objects) => objects,
            Err(failure) => return unconverted(watch, failure, wanted),
        };
        for object in objects {
            if selected(watch, &object, resource) {
                frames.push(frame("ADDED", object, resource, watch, now));
            }
        }
        watch.answers.clear();
        if done {
            if end_bookmark {
                frames.push(bookmark_frame(resource, watch.what.form, at, true, now));
            }
            watch.start = Start::Events;
        } else {
            watch.start = Start::State { after: last.or(after), at, end_bookmark };
        }
        if frames.is_empty() && done {
            return self.poll_events(watch, resource, limit, now);
        }
        Polled::Frames(frames)
    }

    fn poll_events(&self, watch: &mut Watch, resource: &Resource, limit: usize, now: Now) -> Polled {
        let begun = watch.position;
        let Some(events) = self.store.events_after(begun) else { return gone(watch, begun) };
        let wanted = RefCell::default();
        let (mut frames, mut position) = (Vec::new(), begun);
        // Events that are converted are asked about together.
        let (mut failed, mut asked) = (None, 0);
        for event in events {
            if event.key.starts_with(&watch.what.prefix) {
                match self.event_frame(event, resource, watch, asking(&watch.answers, &wanted), now) {
                    Ok(frame) => frames.extend(frame),
                    Err(failure) => {
                        failed = failed.or(Some(failure));
                        asked += 1;
                    }
                }
            }
            position = event.revision;
            if frames.len() + asked == limit || frames.iter().map(Vec::len).sum::<usize>() >= BYTES {
                break;
            }
        }
        if let Some(failure) = failed {
            return unconverted(watch, failure, wanted);
        }
        watch.position = position;
        watch.answers.clear();
        if frames.is_empty() { Polled::Idle } else { Polled::Frames(frames) }
    }
}

/// Enough bytes for one poll: what a slow reader has not taken yet is in memory once for each of them.
const BYTES: usize = 16 << 10;

fn asking<'a>(answers: &'a BTreeMap<String, Answer>, wanted: &'a RefCell<Vec<Call>>) -> Asking<'a> {
    Asking { answers, wanted }
}

/// What must be called before the watch goes on; where nobody is to be called, it ends with what went wrong.
fn unconverted(watch: &mut Watch, failure: Failure, wanted: RefCell<Vec<Call>>) -> Polled {
    let calls = wanted.into_inner();
    if !calls.is_empty() {
        return Polled::Calls(calls);
    }
    watch.start = Start::Over;
    Polled::Gone(line(&json!({ "type": "ERROR", "object": failure.status() })))
}

fn gone(watch: &mut Watch, asked: u64) -> Polled {
    watch.start = Start::Over;
    let status = Failure::too_old(asked, asked).status();
    Polled::Gone(line(&json!({ "type": "ERROR", "object": status })))
}

impl Cluster {
    fn event_frame(
        &self,
        event: &Event,
        resource: &Resource,
        watch: &Watch,
        asking: Asking<'_>,
        now: Now,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let unselective = watch.what.labels.is_empty() && watch.what.fields.is_empty();
        let was = event.before.as_ref();
        let converted = resource.custom.as_ref().is_some_and(|custom| custom.webhook.is_some());
        if unselective && watch.what.form == Form::Object && !converted {
            let kind = match (event.deleted, was) {
                (true, _) => "DELETED",
                (false, None) => "ADDED",
                (false, Some(_)) => "MODIFIED",
            };
            return Ok(Some(splice_frame(kind, &event.body, resource)));
        }
        let object = self.read_one(&event.body, resource, asking);
        // Where everything is selected, what was before only counts as having been there.
        let before = was.filter(|_| !unselective).map(|entry| self.read_one(&entry.body, resource, asking));
        let (object, before) = (object?, before.transpose()?);
        let matched = match &before {
            Some(before) => selected(watch, before, resource),
            None => unselective && was.is_some(),
        };
        let matches = !event.deleted && selected(watch, &object, resource);
        let (kind, object) = match (matched, matches) {
            (false, false) => return Ok(None),
            (false, true) => ("ADDED", object),
            (true, true) => ("MODIFIED", object),
            (true, false) if event.deleted => ("DELETED", object),
            (true, false) => {
                // It left the selection: shown as it was, at the revision that it left at.
                let Some(mut last) = before else { return Ok(None) };
                body::set_meta(&mut last, "resourceVersion", Some(event.revision.to_string().into()));
                ("DELETED", last)
            }
        };
        Ok(Some(frame(kind, object, resource, watch, now)))
    }
}

fn selected(watch: &Watch, object: &Value, resource: &Resource) -> bool {
    watch.what.labels.matches(body::meta_value(object, "labels"))
        && (watch.what.fields.is_empty() || {
            let mut stored = object.clone();
            crate::core::convert::to_storage(&mut stored, resource);
            read::fields_match(&watch.what.fields, &stored, resource)
        })
}

fn frame(kind: &str, object: Value, resource: &Resource, watch: &Watch, now: Now) -> Vec<u8> {
    let shown = match watch.what.form {
        Form::Object => object,
        Form::Partial => read::partial(&object),
        Form::Table => {
            let metadata = json!({ "resourceVersion": body::meta(&object, "resourceVersion") });
            table::render(resource, &[object], watch.what.include, metadata, now)
        }
    };
    line(&json!({ "type": kind, "object": shown }))
}

/// The stored text is copied once, straight into the frame.
fn splice_frame(kind: &str, stored: &Text, resource: &Resource) -> Vec<u8> {
    let mut out = Vec::with_capacity(stored.len() + 160);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    body::splice_into(&mut out, stored, resource);
    out.extend_from_slice(b"}\n");
    out
}

fn bookmark_frame(resource: &Resource, form: Form, revision: u64, initial_end: bool, now: Now) -> Vec<u8> {
    let mut object = json!({
        "kind": resource.kind, "apiVersion": resource.api_version(),
        "metadata": { "resourceVersion": revision.to_string(), "creationTimestamp": null },
    });
    if initial_end {
        object["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
    }
    let object = match form {
        Form::Object => object,
        Form::Partial => read::partial(&object),
        Form::Table => {
            let metadata = json!({ "resourceVersion": revision.to_string() });
            let mut table =
                table::render(resource, &[], crate::core::reply::Include::Metadata, metadata, now);
            table["rows"] = json!([{ "cells": [], "object": read::partial(&object) }]);
            table
        }
    };
    line(&json!({ "type": "BOOKMARK", "object": object }))
}

fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
