use crate::Shown;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mainstay_status::{UnitView, View};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Which units to show. An absent part matches everything; `cluster=` matches the management cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    pub tenant: Option<String>,
    pub cluster: Option<String>,
    pub phase: Option<String>,
    pub health: Option<String>,
}

impl Filter {
    pub(crate) fn matches(&self, unit: &UnitView) -> bool {
        let equal = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        let health = unit.health.to_string();
        let same =
            |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w.eq_ignore_ascii_case(is));
        equal(&self.tenant, &unit.tenant)
            && equal(&self.cluster, &unit.cluster)
            && same(&self.phase, &unit.phase)
            && same(&self.health, &health)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.cluster.is_none() && self.phase.is_none() && self.health.is_none()
    }
}

pub(crate) fn error(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(json!({ "error": message.into() }))).into_response()
}

pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(shown): State<Shown>) -> Response {
    match not_ready(&shown.view(), shown.is_stale()) {
        None => "ready\n".into_response(),
        Some(why) => error(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// Why the view is not yet, or no longer, to be relied on.
pub(crate) fn not_ready(view: &View, stale: bool) -> Option<String> {
    if stale {
        return Some("the reconcile loop has ended; what is shown is its last view".to_owned());
    }
    if view.ready {
        return None;
    }
    Some(match &view.read_failure {
        Some(failure) => format!("the repository could not be read: {failure}"),
        None => "the first reading is not complete or the management cluster does not answer yet".to_owned(),
    })
}

pub(crate) async fn view(State(shown): State<Shown>) -> Response {
    json_of(&*shown.view())
}

pub(crate) async fn units(
    State(shown): State<Shown>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    #[derive(Serialize)]
    struct Units<'a> {
        units: Vec<&'a UnitView>,
    }
    let Query(filter) = match filter {
        Ok(filter) => filter,
        Err(rejection) => return error(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    let view = shown.view();
    json_of(&Units { units: view.units.iter().filter(|u| filter.matches(u)).collect() })
}

pub(crate) async fn unit(
    State(shown): State<Shown>,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Response {
    let Path((kind, tenant, name)) = match path {
        Ok(path) => path,
        Err(rejection) => return error(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    let wanted = format!("{kind}/{tenant}/{name}");
    let view = shown.view();
    match view.units.iter().find(|u| u.id.to_string() == wanted) {
        Some(unit) => json_of(unit),
        None => error(StatusCode::NOT_FOUND, format!("there is no unit {wanted}")),
    }
}

pub(crate) async fn tenants(State(shown): State<Shown>) -> Response {
    let view = shown.view();
    json_of(&json!({ "tenants": view.by_tenant() }))
}

pub(crate) async fn clusters(State(shown): State<Shown>) -> Response {
    let view = shown.view();
    json_of(&json!({ "clusters": view.by_cluster() }))
}

pub(crate) async fn problems(State(shown): State<Shown>) -> Response {
    let view = shown.view();
    json_of(&json!({ "readFailure": view.read_failure, "problems": view.problems }))
}

pub(crate) async fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "there is no such page; / is the status page, /api/v1/view the whole state")
}

fn json_of(value: &impl Serialize) -> Response {
    Json(value).into_response()
}
