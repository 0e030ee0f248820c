use super::answer::{self, Refusal};
use super::body::Body;
use super::clusters::Clusters;
use super::hosted::Hosted;
use super::plane::ControlPlane;
use super::{decode, logical, watching, webhooks};
use crate::core::{Reply, User};
use futures::future::BoxFuture;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

/// One logical cluster as a `tower::Service`, without a socket: what a `kube::Client` is made of.
///
/// Every request is made as the user that the service was asked for; impersonation headers work, `Authorization` is
/// not looked at. It keeps the control plane alive.
#[derive(Clone)]
pub struct InProcess {
    pub(super) plane: ControlPlane,
    pub(super) hosted: Arc<Hosted>,
    pub(super) user: User,
}

impl<B> tower::Service<http::Request<B>> for InProcess
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<tower::BoxError>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let Self { plane, hosted, user } = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path().to_owned();
            Ok(respond(&plane.shared, &hosted, &parts, body, &path, user).await)
        })
    }
}

/// Answers one request of an authenticated user.
pub(super) async fn respond<B>(
    clusters: &Arc<Clusters>,
    hosted: &Arc<Hosted>,
    parts: &http::request::Parts,
    body: B,
    path: &str,
    user: User,
) -> http::Response<Body>
where
    B: http_body::Body + Send,
    B::Error: Into<tower::BoxError>,
{
    if *clusters.stop.borrow() {
        return answer::http(Refusal::stopping().into_response());
    }
    let request = match decode::request(parts, body, path, user, &clusters.limits).await {
        Ok(request) => request,
        Err(refusal) => return answer::http(refusal.into_response()),
    };
    let user = request.user.clone();
    let seat = match clusters.fair.seat(&hosted.uid, &user).await {
        Ok(seat) => seat,
        Err(refusal) => return answer::http(refusal.into_response()),
    };
    if let Some(response) = logical::answer(clusters, hosted, &request) {
        return answer::http(response);
    }
    let reply = webhooks::handle(hosted, request).await;
    drop(seat);
    match reply {
        Ok(Reply::Done(response)) => answer::http(response),
        Ok(Reply::Watch(watch)) => {
            let watched = match clusters.fair.watch(&hosted.uid, &user) {
                Ok(watched) => watched,
                Err(refusal) => return answer::http(refusal.into_response()),
            };
            let (content_type, headers) = (watch.content_type.clone(), watch.headers.clone());
            let stop = clusters.stop.subscribe();
            let frames = watching::frames(hosted.clone(), watch, &clusters.limits, stop, watched);
            answer::stream(&content_type, &headers, frames)
        }
        Err(refusal) => answer::http(refusal.into_response()),
    }
}
