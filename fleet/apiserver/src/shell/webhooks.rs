//! Calls webhooks: HTTPS to whom the configuration names and nobody else, within its time and a limit of size.

use super::answer::Refusal;
use super::hosted::Hosted;
use crate::core::{Answer, Call, Reply, Request};
use bytes::Bytes;
use futures::future::join_all;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Bytes of an answer that are read.
const ANSWER: usize = 3 << 20;

/// Handles a request, and handles it anew with the answers of the webhooks that it needs.
pub(super) async fn handle(hosted: &Arc<Hosted>, mut request: Request) -> Result<Reply, Refusal> {
    loop {
        let (reply, calls) = hosted.handle(&request).await?;
        let Some(calls) = calls else { return Ok(reply) };
        let answers =
            join_all(calls.calls.iter().map(|call| async { (call.key.clone(), answer(call).await) }));
        request.resumed = calls.resumed.with(answers.await.into_iter().collect());
    }
}

async fn answer(call: &Call) -> Answer {
    let time = Duration::from_secs(call.seconds);
    let why = match tokio::time::timeout(time, post(call)).await {
        Ok(Ok(body)) => return Ok(body),
        Ok(Err(why)) => why,
        Err(_) => "context deadline exceeded".to_owned(),
    };
    Err(format!("failed to call webhook: Post \"{}\": {why}", call.url))
}

async fn post(call: &Call) -> Result<Vec<u8>, String> {
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

async fn read(response: http::Response<hyper::body::Incoming>) -> Result<Vec<u8>, String> {
    let status = response.status();
    // Redirects are not followed: a webhook is where its configuration says.
    if !status.is_success() {
        return Err(format!("the server responded with the status code {}", status.as_u16()));
    }
    match Limited::new(response.into_body(), ANSWER).collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
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
