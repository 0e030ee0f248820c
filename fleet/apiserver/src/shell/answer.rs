//! Statuses that the shell itself answers with.

use super::body::Body;
use crate::core::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::json;

/// A refusal, in the words of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) retry_after: Option<u32>,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), retry_after: None }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn no_cluster() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFound", message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    pub(super) fn body_timeout() -> Self {
        Self::new(408, "Timeout", "the request's body did not arrive in time")
    }

    pub(super) fn too_many_requests() -> Self {
        let message = "too many requests, please try again later.";
        Self { retry_after: Some(1), ..Self::new(429, "TooManyRequests", message) }
    }

    /// An anonymous request for what is not there: who may not ask is not told.
    pub(super) fn forbidden_path(verb: &str, path: &str) -> Self {
        let message = format!("forbidden: User \"system:anonymous\" cannot {verb} path \"{path}\"");
        Self::new(403, "Forbidden", message)
    }

    pub(super) fn stopping() -> Self {
        let message = "the server is shutting down";
        Self { retry_after: Some(1), ..Self::new(503, "ServiceUnavailable", message) }
    }

    pub(super) fn storage(message: &str) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    pub(super) fn panicked() -> Self {
        Self::new(500, "InternalError", "Internal error occurred: this request made the server fail")
    }

    pub(super) fn into_response(self) -> Response {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        });
        if let Some(seconds) = self.retry_after {
            status["details"] = json!({ "retryAfterSeconds": seconds });
        }
        let mut body = status.to_string().into_bytes();
        body.push(b'\n');
        Response {
            status: self.code,
            content_type: "application/json".to_owned(),
            headers: self
                .retry_after
                .map(|s| ("Retry-After".to_owned(), s.to_string()))
                .into_iter()
                .collect(),
            body,
            ..Response::default()
        }
    }
}

/// The core's answer as an HTTP response.
pub(super) fn http(response: Response) -> http::Response<Body> {
    let body = if response.items.is_empty() {
        Body::from(response.body)
    } else {
        Body::pieces(response.body, response.items)
    };
    let mut out = http::Response::new(body);
    *out.status_mut() =
        http::StatusCode::from_u16(response.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    set_headers(out.headers_mut(), &response.content_type, &response.headers);
    out
}

/// A stream of frames as an HTTP response.
pub(super) fn stream(
    content_type: &str,
    headers: &[(String, String)],
    frames: impl futures::Stream<Item = bytes::Bytes> + Send + 'static,
) -> http::Response<Body> {
    let mut out = http::Response::new(Body::stream(frames));
    set_headers(out.headers_mut(), content_type, headers);
    out
}

fn set_headers(map: &mut http::HeaderMap, content_type: &str, headers: &[(String, String)]) {
    map.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    if let Ok(value) = HeaderValue::from_str(content_type)
        && !content_type.is_empty()
    {
        map.insert(CONTENT_TYPE, value);
    }
    for (name, value) in headers {
        // Values come from object texts (warnings); one that no header can carry is left out, not the whole answer.
        match (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                map.append(name, value);
            }
            (Err(_), _) | (_, Err(_)) => tracing::debug!(header = %name, "left out a malformed header"),
        }
    }
}
