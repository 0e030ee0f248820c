//! The JSON API, the status page, the probes and the metrics, on loopback.
//!
//! Absent by design: any way to change anything (only GET and HEAD are answered), any state but the `View` that it is
//! given, scripts in the page, clusters and repositories. What it shows is text from a repository and from clusters:
//! all of it is escaped.

mod api;
mod guard;
mod html;
mod metrics;
mod page;
mod serve;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use mainstay_status::View;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::watch;

pub use metrics::Metrics;
pub use serve::serve;

/// Every route. `bound` is the address that the listener has: beside the names of loopback, it is the only host that
/// requests may name.
///
/// | path | answers |
/// |---|---|
/// | `/` | the status page; takes the filters of `/api/v1/units` |
/// | `/healthz` | 200 while the process lives |
/// | `/readyz` | 200 once the view is ready, else 503 and why |
/// | `/metrics` | OpenMetrics text |
/// | `/api/v1/view` | the whole view |
/// | `/api/v1/units` | `{units}`; `?tenant=&cluster=&phase=&health=` |
/// | `/api/v1/units/{kind}/{tenant}/{name[@cluster]}` | one unit |
/// | `/api/v1/tenants`, `/api/v1/clusters` | counts by tenant, by cluster (`""`: the management cluster) |
/// | `/api/v1/problems` | `{problems}` |
///
/// Errors are `{error}`.
pub fn router(view: watch::Receiver<Arc<View>>, metrics: Metrics, bound: IpAddr) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/style.css", get(page::style))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/api/v1/view", get(api::view))
        .route("/api/v1/units", get(api::units))
        .route("/api/v1/units/{kind}/{tenant}/{name}", get(api::unit))
        .route("/api/v1/tenants", get(api::tenants))
        .route("/api/v1/clusters", get(api::clusters))
        .route("/api/v1/problems", get(api::problems))
        .fallback(api::not_found)
        .layer(from_fn_with_state(bound, guard::guard))
        .with_state(Shown { view, metrics })
}

/// What the handlers read.
#[derive(Clone)]
pub(crate) struct Shown {
    view: watch::Receiver<Arc<View>>,
    metrics: Metrics,
}

impl Shown {
    pub(crate) fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// Nothing will renew the view any more.
    pub(crate) fn is_stale(&self) -> bool {
        self.view.has_changed().is_err()
    }
}
