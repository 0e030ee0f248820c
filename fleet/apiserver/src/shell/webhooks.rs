//! Calls webhooks: HTTPS to whom the configuration names and nobody else, within its time and a limit of size.

use super::answer::Refusal;
use super::hosted::Hosted;
use crate::core::{Answer, Call, Reply, Request};
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of an answer that are read.
const ANSWER: usize = 3 << 20;
/// Calls under way for one request.
const AT_ONCE: usize = 16;

/// Handles a request, and handles it anew with the answers of the webhooks that it needs.
pub(super) async fn handle(hosted: &Arc<Hosted>, mut request: Request) -> Result<Reply, Refusal> {
    loop {
        let (reply, calls) = hosted.handle(&request).await?;
        let Some(calls) = calls else { return Ok(reply) };
        request.resumed = calls.resumed.with(answers(calls.calls).await);
    }
}

/// All answers, by their calls' keys.
pub(super) async fn answers(calls: Vec<Call>) -> BTreeMap<String, Answer> {
    let answers = calls.into_iter().map(|call| async move {
        let answer = answer(&call).await;
        (call.key, answer)
    });
    // A long list is asked about in many portions; not all of them at once.
    futures::stream::iter(answers).buffer_unordered(AT_ONCE).collect().await
}

async fn answer(call: &Call) -> Answer {
    let time = Duration::from_secs(call.seconds);
    let unreached = |why: &str| Err(format!("Post \"{}\": {why}", call.url));
    match tokio::time::timeout(time, post(call)).await {
        Ok(Ok((status, _, body))) if status.is_success() => Ok(body),
        Ok(Ok((status, is_text, body))) => {
            let said = if is_text { String::from_utf8_lossy(&body) } else { "unknown".into() };
            Err(refused(status.as_u16(), said.trim()))
        }
        Ok(Err(why)) => unreached(&why),
        Err(_) => unreached("context deadline exceeded"),
    }
}

/// What clients of Kubernetes make of a status that comes without an explanation. Redirects are not followed: a webhook
/// is where its configuration says.
fn refused(status: u16, said: &str) -> String {
    let text = match status {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 => return said.to_owned(),
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the request"
        }
        500.. => {
            return format!("an error on the server ({said:?}) has prevented the request from succeeding");
        }
        _ => {
            return format!(
                "the server responded with the status code {status} but did not return more information"
            );
        }
    };
    text.to_owned()
}

/// Status, whether the body is text for people, and the body.
async fn post(call: &Call) -> Result<(http::StatusCode, bool, Vec<u8>), String> {
    let url: http::Uri = call.url.parse().map_err(|_| "the URL is not valid".to_owned())?;
    if url.scheme_str() != Some("https") {
        return Err("the URL's scheme is not https".to_owned());
    }
    let host = url.host().ok_or("the URL has no host")?;
    let address = match &call.connect {
        Some(address) => address.clone(),
        None => format!("{host}:{}", url.port_u16().unwrap_or(443)),
    };
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| format!("{host} is no name of a server"))?;
    let tcp = TcpStream::connect(&address).await.map_err(|why| format!("dial tcp {address}: {why}"))?;
    let tls = connector(&call.ca_bundle)?.connect(name, tcp).await;
    let tls = tls.map_err(|why| format!("tls: {why}"))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.map_err(|why| why.to_string())?;
    let connection = tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = http::Request::post(path)
        .header(http::header::HOST, url.authority().map_or(host, |a| a.as_str()))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::USER_AGENT, "kube-apiserver-admission")
        .body(Full::new(Bytes::from(call.body.clone())))
        .map_err(|why| why.to_string())?;
    let response = sender.send_request(request).await.map_err(|why| why.to_string());
    let read = match response {
        Ok(response) => read(response).await,
        Err(why) => Err(why),
    };
    connection.abort();
    read
}

async fn read(
    response: http::Response<hyper::body::Incoming>,
) -> Result<(http::StatusCode, bool, Vec<u8>), String> {
    let status = response.status();
    let media = response.headers().get(http::header::CONTENT_TYPE);
    let is_text = media.is_none_or(|media| media.as_bytes().starts_with(b"text/"));
    match Limited::new(response.into_body(), ANSWER).collect().await {
        Ok(body) => Ok((status, is_text, body.to_bytes().to_vec())),
        Err(why) if why.is::<LengthLimitError>() => Err(format!("the answer is larger than {ANSWER} bytes")),
        Err(why) => Err(why.to_string()),
    }
}

/// Trusts the configuration's bundle alone: this process has no other roots.
fn connector(bundle: &[u8]) -> Result<TlsConnector, String> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle) {
        let certificate = certificate.map_err(|_| "caBundle is not PEM".to_owned())?;
        roots.add(certificate).map_err(|_| "caBundle holds no valid certificate".to_owned())?;
    }
    if roots.is_empty() {
        return Err("tls: no caBundle is given, and this server trusts no other authority".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|why| why.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
