//! What every server is asked to do, byte for byte the same.

use super::Args;
use super::client::Method;
use super::report::Measure;
use super::server::Server;
use crate::exit::Failure;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use std::time::Instant;

const LISTED: &str = "listed";
const MANAGER: &str = "fieldManager=bench&force=false";

/// Makes the namespace whose ConfigMaps are listed.
pub(super) async fn fill(server: &Server, count: u32, concurrency: u16) -> Result<(), Failure> {
    namespace(server, LISTED).await?;
    let path = format!("/api/v1/namespaces/{LISTED}/configmaps");
    let requests = (0..count)
        .map(|i| (Method::Post, path.clone(), Bytes::from(config_map(LISTED, &format!("map-{i}"), 0))));
    send_all(server, requests, usize::from(concurrency)).await
}

/// One round: objects per second, milliseconds, events per second.
pub(super) async fn round(
    server: &Server,
    round: usize,
    args: &Args,
) -> Result<Vec<(Measure, f64)>, Failure> {
    let space = format!("round-{round}");
    namespace(server, &space).await?;
    let count = args.objects as usize;
    let mut found = Vec::new();
    let steps = [
        (Measure::Create, 0),
        (Measure::ApplyNew, 0),
        (Measure::ApplyChanging, 1),
        (Measure::ApplyNothing, 1),
    ];
    for (measure, generation) in steps {
        let requests: Vec<_> = (0..count).map(|i| write(measure, &space, i, generation)).collect();
        let begun = Instant::now();
        send_all(server, requests.into_iter(), args.concurrency()).await?;
        found.push((measure, count as f64 / begun.elapsed().as_secs_f64()));
    }
    let begun = Instant::now();
    let list = format!("/api/v1/namespaces/{LISTED}/configmaps");
    server.client.send(Method::Get, &list, Bytes::new()).await?;
    found.push((Measure::List, begun.elapsed().as_secs_f64() * 1000.0));
    found.push((Measure::FanOut, fan_out(server, &space, args).await?));
    Ok(found)
}

/// Events that watchers receive per second while objects are changed: the first change starts the clock, the last
/// event of the last watcher stops it.
async fn fan_out(server: &Server, space: &str, args: &Args) -> Result<f64, Failure> {
    let path = format!("/api/v1/namespaces/{space}/configmaps");
    let one = server.client.send(Method::Get, &format!("{path}?limit=1"), Bytes::new()).await?;
    let one: serde_json::Value =
        serde_json::from_slice(&one).map_err(|e| Failure::environment(format!("{path}: {e}")))?;
    let from = one.pointer("/metadata/resourceVersion").and_then(|v| v.as_str()).unwrap_or_default();
    let watch = format!("{path}?watch=true&timeoutSeconds=600&resourceVersion={from}");
    let changes = (args.objects as usize).div_ceil(5).max(1);
    let watchers = (0..args.watchers).map(|_| {
        let (client, watch) = (server.client.clone(), watch.clone());
        tokio::spawn(async move { client.watch(&watch, changes).await })
    });
    let watchers: Vec<_> = watchers.collect();
    // A watch that opens later starts at the same revision and misses nothing; most of them are open by then.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    // The even ones are ConfigMaps.
    let requests: Vec<_> = (0..changes).map(|i| write(Measure::ApplyNew, space, 2 * i, 2)).collect();
    let begun = Instant::now();
    send_all(server, requests.into_iter(), args.concurrency()).await?;
    for watcher in watchers {
        watcher.await.map_err(|e| Failure::internal(e.to_string()))??;
    }
    Ok(f64::from(args.watchers) * changes as f64 / begun.elapsed().as_secs_f64())
}

async fn namespace(server: &Server, name: &str) -> Result<(), Failure> {
    let body =
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{name}\"}}}}");
    server.client.send(Method::Post, "/api/v1/namespaces", body.into()).await.map(|_| ())
}

async fn send_all(
    server: &Server,
    requests: impl Iterator<Item = (Method, String, Bytes)>,
    concurrency: usize,
) -> Result<(), Failure> {
    let sent = requests.map(|(method, path, body)| {
        let client = server.client.clone();
        async move {
            // A task of its own, so that the client uses the same threads for every server.
            let sent = tokio::spawn(async move { client.send(method, &path, body).await });
            sent.await.map_err(|e| Failure::internal(e.to_string()))?
        }
    });
    futures::stream::iter(sent).buffer_unordered(concurrency).try_for_each(|_| async { Ok(()) }).await
}

/// Even ones are ConfigMaps, odd ones Deployments; what is created and what is applied are different objects.
fn write(measure: Measure, space: &str, i: usize, generation: usize) -> (Method, String, Bytes) {
    let (base, kind) = if i.is_multiple_of(2) {
        (format!("/api/v1/namespaces/{space}/configmaps"), config_map as fn(&str, &str, usize) -> String)
    } else {
        (
            format!("/apis/apps/v1/namespaces/{space}/deployments"),
            deployment as fn(&str, &str, usize) -> String,
        )
    };
    if measure == Measure::Create {
        let name = format!("created-{i}");
        return (Method::Post, base, kind(space, &name, generation).into());
    }
    let name = format!("applied-{i}");
    (Method::Apply, format!("{base}/{name}?{MANAGER}"), kind(space, &name, generation).into())
}

pub(super) fn config_map(space: &str, name: &str, generation: usize) -> String {
    let text = "lorem ipsum dolor sit amet ".repeat(10);
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"{space}","labels":{{"app.kubernetes.io/name":"{name}","app.kubernetes.io/part-of":"bench"}},"annotations":{{"example.com/generation":"{generation}"}}}},"data":{{"config.yaml":"{text}","level":"{generation}"}}}}"#
    )
}

pub(super) fn deployment(space: &str, name: &str, generation: usize) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{name}","namespace":"{space}","labels":{{"app.kubernetes.io/name":"{name}","app.kubernetes.io/part-of":"bench"}},"annotations":{{"example.com/generation":"{generation}"}}}},"spec":{{"replicas":3,"selector":{{"matchLabels":{{"app.kubernetes.io/name":"{name}"}}}},"template":{{"metadata":{{"labels":{{"app.kubernetes.io/name":"{name}"}}}},"spec":{{"serviceAccountName":"default","containers":[{{"name":"main","image":"registry.example.com/{name}:1.{generation}","args":["--listen=:8080","--verbose"],"env":[{{"name":"LEVEL","value":"info"}},{{"name":"POD","valueFrom":{{"fieldRef":{{"fieldPath":"metadata.name"}}}}}}],"ports":[{{"name":"http","containerPort":8080}}],"readinessProbe":{{"httpGet":{{"path":"/healthz","port":"http"}}}},"resources":{{"requests":{{"cpu":"100m","memory":"64Mi"}},"limits":{{"memory":"128Mi"}}}},"volumeMounts":[{{"name":"config","mountPath":"/etc/main"}}]}}],"volumes":[{{"name":"config","configMap":{{"name":"{name}"}}}}]}}}}}}}}"#
    )
}
