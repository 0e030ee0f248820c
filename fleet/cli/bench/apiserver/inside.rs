//! What is measured without a wire: in a process that does nothing else, because its memory is one of the figures.

use super::client::{Client, Method};
use super::{server, work};
use crate::exit::Failure;
use crate::management::block_on;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use mainstay_apiserver::core::{self, Cluster, Entropy, Now, Reply, Request, Settings};
use mainstay_apiserver::{ControlPlane, Storage, User};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inside {
    /// Microseconds, median, of applying again what was applied: a Deployment, through the core.
    pub(super) no_op_apply: f64,
    /// Bytes of resident memory per logical cluster that holds only what every cluster holds.
    pub(super) empty_cluster: Option<f64>,
    /// Seconds until all logical clusters are there, with their objects.
    pub(super) clusters_memory: f64,
    pub(super) clusters_folder: f64,
    /// Seconds from opening the folder until all of them serve again.
    pub(super) restart: f64,
    /// Seconds until all of them are dropped from the folder.
    pub(super) dropping: f64,
}

pub(super) const OBJECTS: usize = 20;
const APPLIES: usize = 20_000;
/// Logical clusters at work at a time: writes that wait for the disk together are synced together.
const AT_A_TIME: usize = 64;

pub(super) fn measure(folder: &Path, clusters: u32) -> Result<Inside, Failure> {
    let no_op_apply = no_op_apply()?;
    block_on(async {
        let plane = open(Storage::Memory).await?;
        let empty_cluster = empty(&plane, clusters).await?;
        close(plane).await;

        let plane = open(Storage::Memory).await?;
        let clusters_memory = fill(&plane, clusters).await?;
        close(plane).await;

        let storage = Storage::Folder(folder.to_path_buf());
        let plane = open(storage.clone()).await?;
        let clusters_folder = fill(&plane, clusters).await?;
        close(plane).await;
        let begun = Instant::now();
        let plane = open(storage).await?;
        let restart = begun.elapsed().as_secs_f64();
        check(&plane, clusters).await?;
        let dropping = drop_all(&plane, clusters).await?;
        close(plane).await;
        Ok(Inside { no_op_apply, empty_cluster, clusters_memory, clusters_folder, restart, dropping })
    })
}

async fn open(storage: Storage) -> Result<ControlPlane, Failure> {
    ControlPlane::builder().storage(storage).build().await.map_err(environment)
}

async fn close(plane: ControlPlane) {
    plane.shutdown().await;
}

/// Bytes of resident memory per cluster.
async fn empty(plane: &ControlPlane, clusters: u32) -> Result<Option<f64>, Failure> {
    let resident = || server::memory(std::process::id(), "VmRSS:");
    // Tables that all clusters share are built with the first of them.
    each(plane, "warm", clusters.min(100), false).await?;
    let before = resident();
    each(plane, "empty", clusters, false).await?;
    Ok(before.zip(resident()).map(|(before, after)| (after - before) / f64::from(clusters)))
}

async fn fill(plane: &ControlPlane, clusters: u32) -> Result<f64, Failure> {
    let begun = Instant::now();
    each(plane, "full", clusters, true).await?;
    Ok(begun.elapsed().as_secs_f64())
}

async fn each(plane: &ControlPlane, prefix: &str, clusters: u32, full: bool) -> Result<(), Failure> {
    let made = (0..clusters).map(|i| {
        let (plane, name) = (plane.clone(), format!("{prefix}-{i}"));
        async move {
            let work = tokio::spawn(async move {
                plane.create_cluster(&name).await.map_err(environment)?;
                if full { objects(&plane, &name).await } else { Ok(()) }
            });
            work.await.map_err(|e| Failure::internal(e.to_string()))?
        }
    });
    futures::stream::iter(made).buffer_unordered(AT_A_TIME).try_for_each(|()| async { Ok(()) }).await
}

async fn objects(plane: &ControlPlane, cluster: &str) -> Result<(), Failure> {
    let client = Client::inside(plane.service(cluster, User::admin()).map_err(environment)?);
    for i in 0..OBJECTS {
        let name = format!("object-{i}");
        let (path, body) = if i.is_multiple_of(2) {
            ("/api/v1/namespaces/default/configmaps", work::config_map("default", &name, 0))
        } else {
            ("/apis/apps/v1/namespaces/default/deployments", work::deployment("default", &name, 0))
        };
        client.send(Method::Post, path, body.into()).await?;
    }
    Ok(())
}

/// All are there, and the last of them has its objects.
async fn check(plane: &ControlPlane, clusters: u32) -> Result<(), Failure> {
    let client =
        Client::inside(plane.service(&format!("full-{}", clusters - 1), User::admin()).map_err(environment)?);
    let last = format!("/apis/apps/v1/namespaces/default/deployments/object-{}", OBJECTS - 1);
    client.send(Method::Get, &last, Bytes::new()).await?;
    let found = plane.clusters().len();
    if found != clusters as usize + 1 {
        return Err(Failure::internal(format!("{found} logical clusters were found again")));
    }
    Ok(())
}

async fn drop_all(plane: &ControlPlane, clusters: u32) -> Result<f64, Failure> {
    let begun = Instant::now();
    let dropped = (0..clusters)
        .map(|i| async move { plane.drop_cluster(&format!("full-{i}")).await.map_err(environment) });
    futures::stream::iter(dropped).buffer_unordered(AT_A_TIME).try_for_each(|()| async { Ok(()) }).await?;
    Ok(begun.elapsed().as_secs_f64())
}

fn no_op_apply() -> Result<f64, Failure> {
    let now = Now::from_seconds(jiff::Timestamp::now().as_second());
    let mut entropy = Numbers(1);
    let mut cluster = Cluster::new(Settings::default(), now, &mut entropy);
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let request = Request {
        method: core::Method::Patch,
        path: path.into(),
        query: vec![("fieldManager".into(), "bench".into())],
        content_type: Some("application/apply-patch+yaml".into()),
        body: work::deployment("default", "web", 0).into_bytes(),
        user: User::admin(),
        ..Request::default()
    };
    let mut samples = Vec::with_capacity(APPLIES);
    for _ in 0..=APPLIES {
        let begun = Instant::now();
        let reply = cluster.handle(&request, now, &mut entropy);
        samples.push(begun.elapsed().as_secs_f64() * 1e6);
        match reply {
            Reply::Done(response) if response.status < 300 => {}
            Reply::Done(response) => {
                let text = String::from_utf8_lossy(&response.body).into_owned();
                return Err(Failure::internal(format!("{path}: {}: {text}", response.status)));
            }
            Reply::Watch(_) => return Err(Failure::internal(format!("{path}: an apply became a watch"))),
        }
    }
    // The first one created it.
    samples.remove(0);
    Ok(super::report::median(&samples))
}

/// UIDs need not be hard to guess here.
struct Numbers(u64);

impl Entropy for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

fn environment(error: mainstay_apiserver::Error) -> Failure {
    Failure::environment(error.to_string())
}
