use super::answer::{self, Refusal};
use super::body::Body;
use super::clusters::Clusters;
use super::hosted::Hosted;
use super::identity::Identity;
use super::limits::Limits;
use super::route::route;
use super::service::respond;
use crate::core::User;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) clusters: Arc<Clusters>,
    pub(super) token: Option<Token>,
    /// Knows the certificates that this control plane issued.
    pub(super) issued: Arc<dyn ClientCertVerifier>,
}

/// Accepts connections until the control plane stops, then gives requests in flight time to end.
pub(super) async fn run(listener: TcpListener, tls: TlsAcceptor, front: Front) {
    let limits = front.clusters.limits.clone();
    let mut stop = front.clusters.stop.subscribe();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let slot = slots.clone().acquire_owned().await.ok();
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accepted => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let (tls, front, watcher) = (tls.clone(), front.clone(), graceful.watcher());
                connections.spawn(async move {
                    if let Err(error) = connection(stream, tls, front, watcher).await {
                        tracing::debug!(%peer, %error, "a connection ended with an error");
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                // Out of file descriptors, for example: others must end first.
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::info!(connections = connections.len(), "closing connections that did not end in time");
    }
    connections.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    tls: TlsAcceptor,
    front: Front,
    watcher: Watcher,
) -> Result<(), tower::BoxError> {
    stream.set_nodelay(true)?;
    let limits = front.clusters.limits.clone();
    let stream = tokio::time::timeout(limits.handshake, tls.accept(stream)).await??;
    let chain = stream.get_ref().1.peer_certificates();
    let certificate = chain.and_then(|chain| chain.split_first());
    // One that others signed names nobody, and does so in an answer that its holder can read.
    let peer = certificate.map(|(own, rest)| {
        let now = UnixTime::now();
        front.issued.verify_client_cert(own, rest, now).ok().and_then(|_| Identity::read(own))
    });
    let peer = Arc::new(peer);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (front, peer) = (front.clone(), peer.clone());
        async move { Ok::<_, Infallible>(front.answer(request, &peer).await) }
    });
    let builder = protocols(&limits);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    watcher.watch(connection).await
}

fn protocols(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_buf_size(limits.headers.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.headers).unwrap_or(u32::MAX))
        .max_send_buf_size(32 << 10)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(15));
    builder
}

/// The certificate that a connection came with: none, one of ours, or one that names nobody.
type Peer = Option<Option<Identity>>;

impl Front {
    async fn answer(&self, request: http::Request<Incoming>, peer: &Peer) -> http::Response<Body> {
        let (parts, body) = request.into_parts();
        let (name, path) = route(parts.uri.path());
        let Ok(hosted) = self.clusters.get(name) else {
            let refusal = self.no_cluster(peer, &parts, path);
            return answer::http(refusal.into_response());
        };
        match self.authenticate(&hosted, peer, &parts.headers) {
            Ok(user) => respond(&self.clusters, &hosted, &parts, body, path, user).await,
            Err(refusal) => answer::http(refusal.into_response()),
        }
    }

    /// Credentials come first, also where there is nothing. Only who was given some by this control plane is told so.
    fn no_cluster(&self, peer: &Peer, parts: &http::request::Parts, path: &str) -> Refusal {
        match bearer(&parts.headers) {
            Some(token) if self.token.as_ref().is_some_and(|t| t.is(token)) => Refusal::no_cluster(),
            Some(_) => Refusal::unauthorized(),
            None if matches!(peer, Some(Some(_))) => Refusal::no_cluster(),
            None if peer.is_some() => Refusal::unauthorized(),
            None => Refusal::forbidden_path(&parts.method.as_str().to_lowercase(), path),
        }
    }

    /// Whoever proves nothing is anonymous; whoever tries to and fails is turned away.
    fn authenticate(&self, hosted: &Hosted, peer: &Peer, headers: &http::HeaderMap) -> Result<User, Refusal> {
        if let Some(Some(identity)) = peer
            && *identity.cluster == *hosted.uid
        {
            return Ok(identity.clone().into_user());
        }
        match bearer(headers) {
            Some(token) if self.token.as_ref().is_some_and(|t| t.is(token)) => Ok(User {
                name: "admin".to_owned(),
                groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
                ..User::default()
            }),
            Some(token) => hosted.authenticate_token(token).ok_or_else(Refusal::unauthorized),
            None if peer.is_some() => Err(Refusal::unauthorized()),
            None => Ok(User::anonymous()),
        }
    }
}

fn bearer(headers: &http::HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A token of which only the digest is known. Comparing digests tells nothing about the token by its timing.
#[derive(Clone)]
pub(super) struct Token([u8; 32]);

impl Token {
    pub(super) fn new(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    fn is(&self, token: &str) -> bool {
        Self::new(token).0 == self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}
