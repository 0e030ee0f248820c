use crate::exit::Failure;
use bytes::Bytes;
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::path::Path;

/// The one client of all servers: bytes in, bytes out, nothing decoded.
#[derive(Clone)]
pub(super) struct Client(kube::Client);

#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Get,
    Post,
    Apply,
}

impl Client {
    pub(super) async fn from_file(path: &Path) -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::environment(format!("{}: {e}", path.display()));
        let kubeconfig = Kubeconfig::read_from(path).map_err(|e| failed(&e))?;
        let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .map_err(|e| failed(&e))?;
        config.default_retry = false;
        Ok(Self(kube::Client::try_from(config).map_err(|e| failed(&e))?))
    }

    /// A logical cluster of this process, without a socket.
    pub(super) fn inside(service: mainstay_apiserver::InProcess) -> Self {
        Self(kube::Client::new(service, "default"))
    }

    /// The whole answer; anything but a success is a failure.
    pub(super) async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Failure> {
        let (status, answer) = self.ask(method, path, body).await?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let text = String::from_utf8_lossy(&answer);
        Err(Failure::environment(format!("{method:?} {path}: {status}: {text}")))
    }

    /// Reads a watch until `count` events have come.
    pub(super) async fn watch(&self, path: &str, count: usize) -> Result<(), Failure> {
        let response = self.open(Method::Get, path, Bytes::new()).await?;
        if response.status() != 200 {
            return Err(Failure::environment(format!("watch {path}: {}", response.status())));
        }
        let (mut body, mut seen) = (response.into_body(), 0);
        while seen < count {
            match body.frame().await {
                Some(Ok(frame)) => {
                    let data = frame.data_ref().map_or(&[][..], |d| d);
                    // JSON text has no line feed of its own.
                    seen += data.iter().filter(|b| **b == b'\n').count();
                }
                Some(Err(error)) => return Err(failed(Method::Get, path, &error)),
                None => return Err(Failure::environment(format!("watch {path} ended after {seen} events"))),
            }
        }
        Ok(())
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<(u16, Bytes), Failure> {
        let response = self.open(method, path, body).await?;
        let status = response.status().as_u16();
        let answer = response.into_body().collect().await.map_err(|e| failed(method, path, &e))?;
        Ok((status, answer.to_bytes()))
    }

    async fn open(&self, method: Method, path: &str, body: Bytes) -> Result<http::Response<Body>, Failure> {
        let (verb, content_type) = match method {
            Method::Get => ("GET", "application/json"),
            Method::Post => ("POST", "application/json"),
            Method::Apply => ("PATCH", "application/apply-patch+yaml"),
        };
        let request = http::Request::builder()
            .method(verb)
            .uri(path)
            .header("accept", "application/json")
            .header("content-type", content_type)
            .body(Body::from(body))
            .map_err(|e| Failure::internal(format!("{path}: {e}")))?;
        self.0.send(request).await.map_err(|e| failed(method, path, &e))
    }
}

fn failed(method: Method, path: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::environment(format!("{method:?} {path}: {error}"))
}
