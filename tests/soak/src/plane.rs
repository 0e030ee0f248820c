//! The API server of the soak, and asking it past all faults.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use mainstay_apiserver::core::Method;
use mainstay_apiserver::{ControlPlane, InProcess, ROOT, Storage, User};
use mainstay_sim::Simulator;
use mainstay_simulation::ask::Ask;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

pub struct Plane {
    runtime: Runtime,
    plane: ControlPlane,
    _simulator: Simulator,
}

impl Plane {
    pub fn start(folder: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (plane, simulator) = runtime.block_on(async {
            let builder = ControlPlane::builder().storage(Storage::Folder(folder.to_owned()));
            let plane = builder.listen(([127, 0, 0, 1], 0).into()).build().await?;
            let simulator = Simulator::start(&plane, mainstay_sim::Options::default());
            anyhow::Ok((plane, simulator))
        })?;
        Ok(Self { runtime, plane, _simulator: simulator })
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub fn address(&self) -> Result<SocketAddr> {
        self.plane.address().context("the control plane listens nowhere")
    }

    /// A kubeconfig that leads elsewhere first.
    pub fn kubeconfig(&self, through: SocketAddr) -> Result<String> {
        let (direct, kubeconfig) = (self.address()?, self.plane.kubeconfig(ROOT)?);
        Ok(kubeconfig.replace(&direct.to_string(), &through.to_string()))
    }

    pub fn administrator(&self) -> Result<Administrator<'_>> {
        Ok(Administrator { runtime: &self.runtime, service: self.plane.service(ROOT, User::admin())? })
    }
}

pub struct Administrator<'a> {
    runtime: &'a Runtime,
    service: InProcess,
}

impl Ask for Administrator<'_> {
    fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (name, content_type) = match method {
            Method::Get => ("GET", "application/json"),
            Method::Post => ("POST", "application/json"),
            Method::Put => ("PUT", "application/json"),
            Method::Patch => ("PATCH", "application/merge-patch+json"),
            Method::Delete => ("DELETE", "application/json"),
            Method::Head | Method::Options | Method::Other => return (405, Value::Null),
        };
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = http::Request::builder()
            .method(name)
            .uri(path)
            .header(http::header::CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::from(bytes)));
        let Ok(request) = request else { return (400, Value::Null) };
        let service = self.service.clone();
        self.runtime.block_on(async move {
            let Ok(response) = service.oneshot(request).await;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await.map(|body| body.to_bytes());
            (status, bytes.ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default())
        })
    }
}
