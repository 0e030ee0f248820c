use crate::api::error;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::time::Duration;

/// Longest path and query, in bytes.
pub(crate) const MAX_URI: usize = 2048;
/// How long one answer may take to be made.
const ANSWER: Duration = Duration::from_secs(10);

/// On every response, errors included. Scripts, frames, forms and foreign content have no way in.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Refuses what could change something, what is too large, and what a foreign page could make a browser send.
pub(crate) async fn guard(State(bound): State<IpAddr>, request: Request, next: Next) -> Response {
    let mut response = match refusal(request.method(), request.uri(), request.headers(), bound) {
        Some(refusal) => refusal,
        None => match tokio::time::timeout(ANSWER, next.run(request)).await {
            Ok(response) => response,
            Err(_) => error(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long"),
        },
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap, bound: IpAddr) -> Option<Response> {
    if !is_local(uri, headers, bound) {
        return Some(error(
            StatusCode::FORBIDDEN,
            "the Host header names neither localhost nor this listener's address",
        ));
    }
    if method != Method::GET && method != Method::HEAD {
        let mut response =
            error(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD: nothing is changed here");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Some(response);
    }
    if uri.path_and_query().is_some_and(|p| p.as_str().len() > MAX_URI) {
        return Some(error(
            StatusCode::URI_TOO_LONG,
            format!("path and query are longer than {MAX_URI} bytes"),
        ));
    }
    let empty = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    if !empty || headers.contains_key(header::TRANSFER_ENCODING) {
        return Some(error(StatusCode::PAYLOAD_TOO_LARGE, "a request here has no body"));
    }
    None
}

/// A name that an attacker's DNS points to 127.0.0.1 is not one of ours.
fn is_local(uri: &Uri, headers: &HeaderMap, bound: IpAddr) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    is_ours(host, bound) && uri.authority().is_none_or(|a| is_ours(a.as_str(), bound))
}

fn is_ours(authority: &str, bound: IpAddr) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port),
            None => return false,
        },
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok());
    let is_host = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| {
            ip == IpAddr::from([127, 0, 0, 1])
                || ip == IpAddr::from(std::net::Ipv6Addr::LOCALHOST)
                || ip == bound
        });
    is_port && is_host
}
