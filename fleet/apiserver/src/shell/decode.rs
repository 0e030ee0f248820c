//! HTTP requests as the core reads them: paths and queries decoded as the real server's URL parser does.

use super::answer::Refusal;
use super::limits::Limits;
use super::protobuf;
use crate::core::{Impersonate, Method, Request, User};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::collections::BTreeMap;

/// Reads head and body of a request that `user` sent to the cluster-relative `path` (still percent-encoded).
pub(super) async fn request<B>(
    parts: &http::request::Parts,
    body: B,
    path: &str,
    user: User,
    limits: &Limits,
) -> Result<Request, Refusal>
where
    B: http_body::Body + Send,
    B::Error: Into<tower::BoxError>,
{
    let path = percent(path, false).ok_or_else(|| Refusal::bad_request("the path is not valid UTF-8"))?;
    let query = query(parts.uri.query().unwrap_or_default())?;
    let header =
        |name: http::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned);
    let mut content_type = header(http::header::CONTENT_TYPE);
    let mut body = collect(body, limits).await?;
    if content_type.as_deref() == Some(protobuf::MEDIA_TYPE)
        && let Some(json) = protobuf::to_json(&body)
    {
        content_type = Some("application/json".to_owned());
        body = json.to_string().into_bytes();
    }
    Ok(Request {
        method: Method::parse(parts.method.as_str()),
        path,
        query,
        content_type,
        accept: header(http::header::ACCEPT),
        user_agent: header(http::header::USER_AGENT).unwrap_or_default(),
        body,
        user,
        impersonate: impersonate(&parts.headers)?,
        ..Request::default()
    })
}

async fn collect<B>(body: B, limits: &Limits) -> Result<Vec<u8>, Refusal>
where
    B: http_body::Body + Send,
    B::Error: Into<tower::BoxError>,
{
    if body.is_end_stream() {
        return Ok(Vec::new());
    }
    let whole = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.body_read, whole).await {
        Err(_) => Err(Refusal::body_timeout()),
        Ok(Ok(bytes)) => Ok(Vec::from(bytes.to_bytes())),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Refusal::too_large(limits.body))
        }
        Ok(Err(_)) => Err(Refusal::bad_request("the request's body ended early")),
    }
}

/// `a=b&c` as pairs; `+` is a space, and what is not valid is refused.
pub(super) fn query(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (percent(name, true), percent(value, true)) {
            (Some(name), Some(value)) => pairs.push((name, value)),
            (None, _) | (_, None) => return Err(Refusal::bad_request("the query is not valid UTF-8")),
        }
    }
    Ok(pairs)
}

/// Percent-decodes; a `%` that starts no two hexadecimal digits stands for itself.
pub(super) fn percent(text: &str, plus_is_space: bool) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).ok()?);
                at += 2;
            }
            (b'+', _, _) if plus_is_space => out.push(b' '),
            (other, _, _) => out.push(*other),
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

/// The `Impersonate-*` headers, if there are any.
fn impersonate(headers: &http::HeaderMap) -> Result<Option<Impersonate>, Refusal> {
    let mut found = false;
    let mut out = Impersonate { extra: BTreeMap::new(), ..Impersonate::default() };
    for (name, value) in headers {
        let Some(what) = name.as_str().strip_prefix("impersonate-") else { continue };
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Refusal::bad_request(format!("the header {name} is not valid UTF-8")))?
            .to_owned();
        match what {
            "user" => out.user = value,
            "uid" => out.uid = value,
            "group" => out.groups.push(value),
            other => {
                let Some(key) = other.strip_prefix("extra-") else { continue };
                let key = percent(key, false)
                    .ok_or_else(|| Refusal::bad_request(format!("the header {name} is not valid UTF-8")))?;
                out.extra.entry(key).or_default().push(value);
            }
        }
        found = true;
    }
    Ok(found.then_some(out))
}
