//! Flux's kustomize-controller, where it has been built (`cargo xtask real kustomize-controller`), with the same
//! objects: what it takes for them is measured beside what Mainstay takes. Nothing else of Flux runs: its source is an
//! artifact that is there already, of one small file that every unit fills in with its own name.

use super::super::apiserver::{Server, free_port, start};
use super::super::daemon;
use super::{Condition, SPACE, until};
use crate::exit::Failure;
use axum::Router;
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use mainstay_cluster::{Apply, Cluster};
use mainstay_flux::{KUSTOMIZE, SOURCE};
use mainstay_object::{Digest, Object, Value};
use serde_json::json;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::process::Command;

/// Units that it works on at a time, as where Flux publishes its figures (fluxcd/flux-benchmark, RESULTS.md).
const CONCURRENT: &str = "20";
/// Definitions are there for others a moment after they are taken.
const PATIENCE: Duration = Duration::from_secs(60);
const SOURCES: [(&str, &str); 4] = [
    ("GitRepository", "gitrepositories"),
    ("OCIRepository", "ocirepositories"),
    ("Bucket", "buckets"),
    ("ExternalArtifact", "externalartifacts"),
];

/// How long it takes from its start until every unit is ready. `manifest` holds `${name}` where a unit's name goes.
pub(super) async fn until_ready(
    program: &Path,
    folder: &Path,
    (server, cluster): (&Server, &Cluster),
    (manifest, units): (&str, usize),
) -> Result<Duration, Failure> {
    let artifact = archive(manifest)?;
    let digest = Digest::of_bytes(&artifact).hex();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(environment)?;
    let url = format!("http://{}/artifact.tar.gz", listener.local_addr().map_err(environment)?);
    let router = Router::new().route("/artifact.tar.gz", get(move || std::future::ready(artifact.clone())));
    let serve = async { axum::serve(listener, router).await.map_err(environment) };
    let work = async {
        prepare(cluster, &object(source(&url, &digest))?, units).await?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env("KUBECONFIG", server.kubeconfig())
            .env("RUNTIME_NAMESPACE", SPACE)
            .args(["--concurrent", CONCURRENT, "--kube-api-qps=5000", "--kube-api-burst=5000"])
            .args(["--metrics-addr=0", "--log-level=error"])
            .arg(format!("--health-addr=127.0.0.1:{}", free_port()?));
        let begun = Instant::now();
        let mut controller = start(&mut command, &folder.join("kustomize-controller.log"))?;
        let ready = Condition { resource: (KUSTOMIZE, "v1", "Kustomization"), name: "Ready" };
        tokio::select! {
            outcome = until(cluster, &ready, SPACE, units) => outcome?,
            ended = controller.wait() => {
                let how = ended.map_or_else(|e| e.to_string(), |status| status.to_string());
                return Err(Failure::environment(format!("kustomize-controller ended: {how}")));
            }
        }
        Ok(begun.elapsed())
    };
    tokio::select! {
        took = work => took,
        served = serve => Err(served.err().unwrap_or_else(|| environment("the artifact is no longer served"))),
    }
}

fn environment(error: impl std::fmt::Display) -> Failure {
    Failure::environment(error.to_string())
}

/// Definitions, the source, and units that wait for a controller.
async fn prepare(cluster: &Cluster, source: &Object, units: usize) -> Result<(), Failure> {
    let sources = SOURCES.map(|(kind, plural)| definition(SOURCE, kind, plural, false));
    let unit = definition(KUSTOMIZE, "Kustomization", "kustomizations", true);
    for definition in sources.into_iter().chain([unit]) {
        cluster.apply(&object(definition)?, &Apply::default()).await.map_err(environment)?;
    }
    let begun = Instant::now();
    loop {
        match cluster.apply(source, &Apply::default()).await {
            Ok(_) => break,
            Err(_) if begun.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(error) => return Err(environment(error)),
        }
    }
    let units = (0..units).map(|unit| object(kustomization(&format!("u{unit:05}"))));
    daemon::bare(cluster, units.collect::<Result<_, _>>()?, 16).await.map(drop)
}

fn object(value: Value) -> Result<Object, Failure> {
    Object::new(value).map_err(|e| Failure::internal(e.to_string()))
}

/// It takes everything: what is measured here is not validation.
fn definition(group: &str, kind: &str, plural: &str, status: bool) -> Value {
    let mut version = json!({
        "name": "v1", "served": true, "storage": true,
        "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
    });
    // The status of a source is written with the rest: nobody else writes it here.
    if status {
        version["subresources"] = json!({ "status": {} });
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.{group}") },
        "spec": {
            "group": group, "scope": "Namespaced", "versions": [version],
            "names": { "kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List") },
        },
    })
}

fn source(url: &str, digest: &str) -> Value {
    json!({
        "apiVersion": format!("{SOURCE}/v1"), "kind": "GitRepository",
        "metadata": { "name": "fleet", "namespace": SPACE },
        "spec": { "url": "https://git.example.com/fleet", "interval": "1h" },
        "status": { "artifact": {
            "path": "artifact.tar.gz", "url": url, "digest": format!("sha256:{digest}"),
            "revision": "main@sha1:0000000000000000000000000000000000000000",
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        } },
    })
}

fn kustomization(name: &str) -> Value {
    json!({
        "apiVersion": format!("{KUSTOMIZE}/v1"), "kind": "Kustomization",
        "metadata": { "name": name, "namespace": SPACE },
        "spec": {
            "interval": "1h", "timeout": "20m", "prune": true, "wait": true, "path": "./",
            "sourceRef": { "kind": "GitRepository", "name": "fleet" },
            "postBuild": { "substitute": { "name": name } },
        },
    })
}

/// One file as source-controller packs it.
fn archive(manifest: &str) -> Result<Vec<u8>, Failure> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, "objects.yaml");
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", manifest.len()));
    put(136, "00000000000\0");
    // The sum is taken with spaces in its own place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let padding = vec![0_u8; manifest.len().next_multiple_of(512) - manifest.len() + 1024];
    for part in [&header[..], manifest.as_bytes(), &padding] {
        packed.write_all(part).map_err(environment)?;
    }
    packed.finish().map_err(environment)
}
