//! Logical clusters by API: a `LogicalCluster` on the root cluster asks for one.
//!
//! It is an object like any other, so that RBAC, watches, labels and `kubectl` work with it, and who may create one is
//! who may create it. A finalizer holds it until its cluster is gone. The object's UID becomes the cluster's: whose a
//! cluster is can't be mistaken after a crash or a reuse of the name, and clusters that were made otherwise are never
//! taken over. Credentials are no part of the object: they are made when they are asked for (`kubeconfigs`).

mod definition;
mod kubeconfigs;
mod reconcile;

pub(super) use kubeconfigs::answer;

use super::answer::Refusal;
use super::authority::Authority;
use super::clusters::Clusters;
use super::hosted::Hosted;
use super::plane::Listening;
use super::{ROOT, webhooks};
use crate::core::{Method, Polled, Reply, Request, User, Watch};
use reconcile::reconcile;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

pub(super) const GROUP: &str = "controlplane.mainstay.dev";
const PATH: &str = "/apis/controlplane.mainstay.dev/v1alpha1/logicalclusters";
const FRAMES: usize = 64;
const RETRY: Duration = Duration::from_secs(1);

/// What credentials are made with.
pub(super) struct Mint {
    pub(super) authority: Arc<Authority>,
    pub(super) listening: Option<Arc<Listening>>,
}

/// Follows the objects for as long as the control plane runs.
pub(super) async fn run(clusters: Arc<Clusters>, mut stop: watch::Receiver<bool>) {
    let follow = async {
        loop {
            if let Err(why) = follow(&clusters).await {
                tracing::warn!(%why, "logical clusters can't be followed; trying again");
            }
            tokio::time::sleep(RETRY).await;
        }
    };
    tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => {}
        () = follow => {}
    }
}

async fn follow(clusters: &Arc<Clusters>) -> Result<(), String> {
    let root = clusters.get(ROOT).map_err(|e| e.to_string())?;
    definition::install(&root).await?;
    let mut revisions = root.revisions();
    let mut watch = begin(&root).await?;
    let mut again = BTreeSet::new();
    loop {
        revisions.borrow_and_update();
        match root.poll(&mut watch, FRAMES).await {
            Some(Polled::Frames(frames)) => {
                for frame in frames {
                    let event: Value = serde_json::from_slice(&frame).map_err(|e| e.to_string())?;
                    if event["type"] == "DELETED" {
                        continue;
                    }
                    attend(clusters, &root, &event["object"], &mut again).await;
                }
                continue;
            }
            Some(Polled::Idle) => {}
            Some(Polled::Calls(calls)) => {
                watch.answers.extend(webhooks::answers(calls).await);
                continue;
            }
            // Too old, or the definition was deleted: from the start.
            Some(Polled::Gone(_) | Polled::Closed) | None => return Ok(()),
        }
        tokio::select! {
            changed = revisions.changed() => changed.map_err(|e| e.to_string())?,
            () = tokio::time::sleep(RETRY), if !again.is_empty() => {
                for name in std::mem::take(&mut again) {
                    let (status, object) = ask(&root, Method::Get, &format!("{PATH}/{name}"), Value::Null).await?;
                    if status == 200 {
                        attend(clusters, &root, &object, &mut again).await;
                    }
                }
            }
        }
    }
}

async fn attend(clusters: &Arc<Clusters>, root: &Arc<Hosted>, object: &Value, again: &mut BTreeSet<String>) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if let Err(why) = reconcile(clusters, root, object).await {
        tracing::warn!(cluster = name, %why, "a logical cluster is not yet as it was asked for");
        again.insert(name.to_owned());
    }
}

async fn begin(root: &Arc<Hosted>) -> Result<Watch, String> {
    let mut request = request(Method::Get, PATH, &Value::Null);
    request.query = vec![("watch".into(), "true".into())];
    match webhooks::handle(root, request).await {
        Ok(Reply::Watch(watch)) => Ok(watch),
        Ok(Reply::Done(response)) => Err(format!("watching them is answered with {}", response.status)),
        Err(refusal) => Err(refusal.message),
    }
}

fn request(method: Method, path: &str, body: &Value) -> Request {
    let content_type = match method {
        Method::Patch => "application/merge-patch+json",
        _ => "application/json",
    };
    Request {
        method,
        path: path.to_owned(),
        query: vec![("fieldManager".into(), "mainstay-control-plane".into())],
        content_type: Some(content_type.into()),
        user_agent: "mainstay-control-plane".into(),
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        user: User::admin(),
        ..Request::default()
    }
}

/// A request of the control plane itself, and its answer.
async fn ask(root: &Arc<Hosted>, method: Method, path: &str, body: Value) -> Result<(u16, Value), String> {
    let reply = webhooks::handle(root, request(method, path, &body)).await;
    match reply.map_err(|refusal: Refusal| refusal.message)? {
        Reply::Done(mut response) => {
            while let Some(piece) = response.items.next_piece(usize::MAX) {
                response.body.extend_from_slice(&piece);
            }
            Ok((response.status, serde_json::from_slice(&response.body).unwrap_or_default()))
        }
        Reply::Watch(_) => Err("a request became a watch".to_owned()),
    }
}

/// The answer of a request that must succeed.
async fn done(root: &Arc<Hosted>, method: Method, path: &str, body: Value) -> Result<Value, String> {
    let (status, answer) = ask(root, method, path, body).await?;
    if status < 300 {
        return Ok(answer);
    }
    Err(format!("{path}: {status}: {}", answer["message"].as_str().unwrap_or_default()))
}
