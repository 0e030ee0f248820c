use super::client;
use crate::{Cluster, Identity, Resource, Selection};
use bytes::Bytes;
use futures::StreamExt;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use kube::Config;
use mainstay_object::ObjectKey;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const PATIENCE: Duration = Duration::from_secs(30);

/// Answers reads at once, and lets watches go on for ever. `connections` are those that are open, `streams` the most
/// that it allows on each.
struct Server {
    config: Config,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start(protocol: &str, streams: u32) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("TLS");
        let mut tls = builder
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate and its key");
        tls.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut config = Config::new(format!("https://127.0.0.1:{port}").parse().expect("a URL"));
        config.root_cert = Some(vec![cert.der().to_vec()]);
        let connections = Arc::new(AtomicUsize::new(0));
        let (open, acceptor) = (connections.clone(), TlsAcceptor::from(Arc::new(tls)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (open, acceptor) = (open.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    open.fetch_add(1, Ordering::SeqCst);
                    let mut builder = auto::Builder::new(TokioExecutor::new());
                    builder.http2().max_concurrent_streams(streams);
                    let served = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                    // Clients that go away are what this is about.
                    drop(served);
                });
            }
        });
        Self { config, connections }
    }

    fn cluster(&self) -> Cluster {
        Cluster::from_client(client(&self.config).expect("a client"))
    }

    async fn has_connections(&self, expected: usize) {
        let at = || self.connections.load(Ordering::SeqCst);
        let settled = async {
            while at() != expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, settled).await;
        assert!(in_time.is_ok(), "{} connections are open, not {expected}", at());
    }
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    let body = if query.contains("watch=true") {
        let first = r#"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"2"}}}"#;
        let first = futures::stream::iter([Ok(Frame::data(Bytes::from(format!("{first}\n"))))]);
        StreamBody::new(first.chain(futures::stream::pending())).boxed_unsync()
    } else if request.uri().path() == "/api/v1" {
        let resources = r#"{"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true,"verbs":["get","list","watch"]}]}"#;
        Full::from(resources).boxed_unsync()
    } else {
        Full::from(r#"{"metadata":{"resourceVersion":"1"},"items":[]}"#).boxed_unsync()
    };
    Ok(Response::new(body))
}

/// So many watches, once each has told its first event.
async fn watches(cluster: &Cluster, number: usize) -> JoinSet<()> {
    let resource = Resource {
        group: String::new(),
        version: "v1".into(),
        kind: "ConfigMap".into(),
        plural: "configmaps".into(),
        namespaced: true,
        verbs: Vec::new(),
    };
    let mut running = JoinSet::new();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..number {
        let (cluster, resource, tell) = (cluster.clone(), resource.clone(), tell.clone());
        running.spawn(async move {
            let tell = |event| {
                if matches!(event, crate::WatchEvent::Changed(_)) {
                    tell.send(()).expect("somebody counts");
                }
                true
            };
            cluster.follow(&resource, &Selection::default(), tell).await;
        });
    }
    for _ in 0..number {
        tokio::time::timeout(PATIENCE, told.recv()).await.expect("an event of each").expect("a watch");
    }
    // They go on telling nobody.
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    running
}

async fn reads(cluster: &Cluster, number: usize) {
    let key = ObjectKey::new("", "ConfigMap", "default", "a");
    let read = || cluster.get(&key, "v1", &Identity::Own);
    let all = futures::future::join_all((0..number).map(|_| read()));
    let all = tokio::time::timeout(PATIENCE, all).await.expect("in time");
    assert!(all.iter().all(Result::is_ok), "{all:?}");
}

#[tokio::test]
async fn many_watches_share_connections_and_hold_up_no_request() {
    let server = Server::start("h2", 60).await;
    let cluster = server.cluster();
    reads(&cluster, 1).await;
    let mut running = watches(&cluster, 120).await;
    reads(&cluster, 200).await;
    server.has_connections(4).await;
    running.shutdown().await;
    let _one = watches(&cluster, 1).await;
    server.has_connections(2).await;
}

#[tokio::test]
async fn a_server_of_http_1_is_spoken_to_as_well() {
    let server = Server::start("http/1.1", 1).await;
    let cluster = server.cluster();
    reads(&cluster, 1).await;
    let _running = watches(&cluster, 5).await;
    reads(&cluster, 20).await;
}
