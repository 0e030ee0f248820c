use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use kube::Client;
use std::sync::Arc;

/// An answer's body, as it comes.
pub type Answer = UnsyncBoxBody<Bytes, std::io::Error>;

/// What becomes of a request; an error is a connection that failed.
pub type Sent = BoxFuture<'static, Result<Response<Answer>, String>>;

/// The way to API servers in a simulation. A server is named as kubeconfigs name it.
pub trait Network: Send + Sync {
    fn send(&self, server: &str, request: Request<Vec<u8>>) -> Sent;
}

#[derive(Clone)]
pub(crate) enum Transport {
    Client(Client),
    Network { network: Arc<dyn Network>, server: String },
}
