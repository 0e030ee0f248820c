//! The few requests that a simulator makes, over the in-process service.

use crate::kinds::Watched;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use mainstay_apiserver::{Body, InProcess};
use serde_json::Value;
use tower::ServiceExt;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("{code}: {message}")]
    Refused { code: u16, message: String },
    #[error("the answer is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the request can't be written: {0}")]
    Request(#[from] http::Error),
}

pub(crate) struct Client {
    pub(crate) service: InProcess,
}

/// Names an object of a watched kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn of(object: &Value) -> Option<Self> {
        let text = |key: &str| object["metadata"][key].as_str().map(str::to_owned);
        Some(Self { namespace: text("namespace")?, name: text("name")? })
    }

    fn path(&self, watched: &Watched) -> String {
        format!("{}/namespaces/{}/{}/{}", watched.base, self.namespace, watched.plural, self.name)
    }
}

impl Client {
    pub(crate) async fn list(&self, watched: &Watched) -> Result<(Vec<Value>, String), ClientError> {
        let mut list = self.json("GET", &format!("{}/{}", watched.base, watched.plural), None).await?;
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let items = match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        Ok((items, version))
    }

    pub(crate) async fn watch(&self, watched: &Watched, version: &str) -> Result<Events, ClientError> {
        let Watched { base, plural, .. } = watched;
        let path = format!("{base}/{plural}?watch=true&allowWatchBookmarks=true&resourceVersion={version}");
        let response = self.send("GET", &path, None).await?;
        if response.status() != http::StatusCode::OK {
            return Err(refused(response).await);
        }
        Ok(Events { body: response.into_body(), buffer: BytesMut::new() })
    }

    pub(crate) async fn get(&self, watched: &Watched, key: &Key) -> Result<Value, ClientError> {
        self.json("GET", &key.path(watched), None).await
    }

    pub(crate) async fn patch_status(
        &self,
        watched: &Watched,
        key: &Key,
        patch: &Value,
    ) -> Result<(), ClientError> {
        let path = format!("{}/status?fieldManager=mainstay-simulator", key.path(watched));
        self.json("PATCH", &path, Some(patch)).await.map(drop)
    }

    async fn json(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let response = self.send(method, path, body).await?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        Ok(serde_json::from_slice(&whole(response.into_body()).await)?)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<http::Response<Body>, ClientError> {
        let bytes = body.map(|b| Bytes::from(b.to_string())).unwrap_or_default();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .header("content-type", "application/merge-patch+json")
            .header("user-agent", "mainstay-simulator")
            .body(Full::new(bytes))?;
        match self.service.clone().oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }
}

/// The events of a watch.
pub(crate) struct Events {
    body: Body,
    buffer: BytesMut,
}

impl Events {
    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Value, ClientError>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line = self.buffer.split_to(end + 1);
                return Some(serde_json::from_slice(&line).map_err(ClientError::NotJson));
            }
            match self.body.frame().await? {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Err(never) => match never {},
            }
        }
    }
}

async fn refused(response: http::Response<Body>) -> ClientError {
    let code = response.status().as_u16();
    let body = whole(response.into_body()).await;
    let status: Value = serde_json::from_slice(&body).unwrap_or_default();
    ClientError::Refused { code, message: status["message"].as_str().unwrap_or_default().to_owned() }
}

async fn whole(body: Body) -> Bytes {
    match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(never) => match never {},
    }
}
