//! How an API server is reached over the network: HTTP/2 where it speaks that, so that many requests share a connection.
//! Watches have connections of their own, each with room to spare below what servers allow: a watch holds a stream for
//! minutes, and a request must never wait for one. As many watches as one likes cost a handful of connections.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Service, ServiceBuilder};

/// In the extensions of a request whose answer goes on and on.
#[derive(Clone, Copy)]
pub(crate) struct LongLived;

/// kube-apiserver allows a hundred streams on a connection unless told otherwise (`--http2-max-streams-per-connection`).
const WATCHES: usize = 50;
/// As client-go: a connection that says nothing for so long is asked, and given up without an answer.
const SILENCE: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(15);
const STREAM_WINDOW: u32 = 1 << 20;
/// Room for every watch of a connection, so that one whose reader is slow holds up no other.
const CONNECTION_WINDOW: u32 = 64 << 20;
const CONNECT: Duration = Duration::from_secs(10);

type Connector = TimeoutConnector<HttpsConnector<HttpConnector>>;
type Content = UnsyncBoxBody<Bytes, hyper::Error>;

/// A client of the API server that the configuration names.
pub(crate) fn client(config: &Config) -> Result<Client, kube::Error> {
    // What is behind a proxy is reached as kube does it.
    if config.proxy_url.is_some() {
        let mut config = config.clone();
        config.connect_timeout = Some(CONNECT);
        return Client::try_from(config);
    }
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .service(Connections::new(connector(config)?));
    Ok(Client::new(service, config.default_namespace.clone()))
}

fn connector(config: &Config) -> Result<Connector, kube::Error> {
    let mut builder =
        HttpsConnectorBuilder::new().with_tls_config(config.rustls_client_config()?).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = name.clone().try_into().map_err(|error| kube::Error::Service(Box::new(error)))?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // Requests are small and are waited for.
    tcp.set_nodelay(true);
    let mut connector = TimeoutConnector::new(builder.enable_all_versions().wrap_connector(tcp));
    connector.set_connect_timeout(Some(CONNECT));
    Ok(connector)
}

fn http(connector: Connector) -> Http<Connector, Body> {
    Http::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(SILENCE)
        .http2_keep_alive_timeout(ANSWER)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .build(connector)
}

#[derive(Clone)]
struct Connections {
    connector: Connector,
    requests: Http<Connector, Body>,
    watches: Arc<Mutex<Vec<Shared>>>,
}

/// A connection of watches, once it is made; each of them holds a place.
struct Shared {
    http: Http<Connector, Body>,
    places: Arc<()>,
}

impl Connections {
    fn new(connector: Connector) -> Self {
        Self { requests: http(connector.clone()), connector, watches: Arc::default() }
    }

    /// A connection that has room for one more watch, which keeps the place as long as it lives.
    fn place(&self) -> (Http<Connector, Body>, Arc<()>) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = |shared: &Shared| Arc::strong_count(&shared.places) - 1;
        watches.retain(|shared| taken(shared) > 0);
        let free = watches.iter().find(|shared| taken(shared) < WATCHES);
        if let Some(shared) = free {
            return (shared.http.clone(), shared.places.clone());
        }
        let shared = Shared { http: http(self.connector.clone()), places: Arc::default() };
        let place = (shared.http.clone(), shared.places.clone());
        watches.push(shared);
        place
    }
}

impl Service<Request<Body>> for Connections {
    type Response = Response<Content>;
    type Error = tower::BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.extensions().get::<LongLived>().is_none() {
            let answer = self.requests.request(request);
            return async move { Ok(answer.await?.map(BodyExt::boxed_unsync)) }.boxed();
        }
        let (http, place) = self.place();
        let answer = http.request(request);
        let held = move |body: hyper::body::Incoming| {
            body.map_frame(move |frame| {
                let _place = &place;
                frame
            })
            .boxed_unsync()
        };
        async move { Ok(answer.await?.map(held)) }.boxed()
    }
}

#[cfg(test)]
mod tests;
