use crate::{Metrics, router};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mainstay_status::View;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections served at once; one more waits in the listener's queue.
const CONNECTIONS: usize = 64;
/// How long a client may take to send a request's headers, and an idle connection may stay.
const HEADERS: Duration = Duration::from_secs(30);
/// Largest request line and headers together.
const BUFFER: usize = 32 * 1024;
/// How long open requests may take to end after the shutdown.
const DRAIN: Duration = Duration::from_secs(3);

/// Serves until `shutdown` completes; requests under way may end.
///
/// # Errors
/// `InvalidInput` if the listener is not on loopback: what is shown here is not meant for a network.
pub async fn serve(
    listener: TcpListener,
    view: watch::Receiver<Arc<View>>,
    metrics: Metrics,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let message = format!("the dashboard is served on loopback only, not on {address}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let router = router(view, metrics, address.ip());
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // One connection that failed is that client's concern alone.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), stopped.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, mostly: it passes, and a tight loop would not help.
                    tracing::warn!(%error, "the dashboard could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
    drop(listener);
    drop(stop);
    let drained = tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        connections.shutdown().await;
    }
    Ok(())
}

async fn connection(stream: TcpStream, router: Router, mut stopped: watch::Receiver<()>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        // The sender is dropped at the shutdown, and never sends.
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the dashboard ended early");
    }
}
