//! A webhook server: what it answers is said by the path that it is asked at.

mod convert;

use crate::client_of;
use crate::twins::both;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) ca_bundle: String,
    asked: Arc<Mutex<Vec<Value>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Plays the same on both servers, each with a hook of its own; what is told of it must be the same.
pub(crate) fn the_same_is_seen(test: &str, play: impl AsyncFn(&Client, &Hook, &str) -> String) {
    let Some(servers) = both(test) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let seen: Vec<String> = [&servers.real, &servers.embedded]
        .iter()
        .map(|twin| {
            let kubeconfig = std::fs::read_to_string(twin.home.path().join("config")).expect("a kubeconfig");
            runtime.block_on(async {
                let client = client_of(&kubeconfig).await;
                let hook = Hook::start().await;
                play(&client, &hook, &twin.namespace).await
            })
        })
        .collect();
    if seen[0] != seen[1] {
        let changes = similar::TextDiff::from_lines(&seen[0], &seen[1]);
        let changes = changes.unified_diff().context_radius(8).header("real", "embedded").to_string();
        panic!("{test}: the servers differ\n{changes}");
    }
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let authority = Authority::new();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(authority.server()));
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let seen = asked.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, seen) = (tls.clone(), seen.clone());
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let service = service_fn(move |request| answer(request, seen.clone()));
                    let served = hyper::server::conn::http1::Builder::new();
                    // A connection that the client gives up is no failure of the test.
                    let _ = served.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, ca_bundle: STANDARD.encode(&authority.pem), asked, server }
    }

    pub(crate) fn another_authority() -> String {
        STANDARD.encode(Authority::new().pem)
    }

    /// The requests since the last time, in the order in which their paths sort.
    pub(crate) fn take(&self) -> Vec<Value> {
        let mut asked = std::mem::take(&mut *self.asked.lock().expect("no panic"));
        asked.sort_by_key(|entry| entry["path"].as_str().unwrap_or_default().to_owned());
        asked
    }

    /// A configuration takes effect some time after it is written.
    pub(crate) async fn await_calls(&self, client: &Client, namespace: &str) {
        let body = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "probe" } });
        let mut calm = 0;
        for _ in 0..600 {
            let uri = format!("/api/v1/namespaces/{namespace}/configmaps?dryRun=All");
            let request = http::Request::post(uri).header("content-type", "application/json");
            let request = request.body(body.to_string().into_bytes().into()).expect("a request");
            let response = client.send(request).await.expect("an answer");
            drop(response.into_body().collect().await);
            calm = if self.take().is_empty() { 0 } else { calm + 1 };
            if calm == 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the webhook is never asked");
    }
}

async fn answer(
    request: http::Request<Incoming>,
    asked: Arc<Mutex<Vec<Value>>>,
) -> Result<http::Response<Full<bytes::Bytes>>, Infallible> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let bytes = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let review: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    if path == "convert" {
        return Ok(convert::answer(&review));
    }
    let uid = review["request"]["uid"].clone();
    asked.lock().expect("no panic").push(json!({ "path": path, "query": query, "review": review }));
    let patch = |patch: Value| {
        json!({
            "uid": uid, "allowed": true, "patchType": "JSONPatch", "patch": STANDARD.encode(patch.to_string()),
        })
    };
    let seen = |label: &str| review.pointer(&format!("/request/object/metadata/labels/{label}")).is_some();
    let response = match path.as_str() {
        "label" if review["request"]["object"].is_null() || seen("hooked") => {
            json!({ "uid": uid, "allowed": true })
        }
        "label" => patch(json!([{ "op": "add", "path": "/metadata/labels", "value": { "hooked": "yes" } }])),
        "count" if review["request"]["object"].is_null() => json!({ "uid": uid, "allowed": true }),
        "count" => {
            let operation = review["request"]["operation"].clone();
            patch(json!([{ "op": "add", "path": "/data/operation", "value": operation }]))
        }
        "deny" => json!({
            "uid": uid, "allowed": false, "status": { "message": "not today", "code": 409, "reason": "Conflict" },
            "warnings": ["think again"],
        }),
        "silent" => json!({ "uid": uid, "allowed": false }),
        "teapot" => json!({ "uid": uid, "allowed": false, "status": { "code": 200, "reason": "NotFound" } }),
        "other" => json!({ "uid": "another", "allowed": true }),
        "slow" => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            json!({ "uid": uid, "allowed": true })
        }
        _ => json!({ "uid": uid, "allowed": true, "warnings": ["seen"], "auditAnnotations": { "a": "b" } }),
    };
    let review =
        json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response });
    let (status, body) = match path.as_str() {
        "broken" | "error" => (500, "broken".to_owned()),
        "garbage" => (200, "{}".to_owned()),
        _ => (200, review.to_string()),
    };
    let response = http::Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Full::from(body.into_bytes())).expect("a response"))
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "webhook tests");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn server(&self) -> rustls::ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let params = CertificateParams::new(names).expect("names");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .expect("a configuration")
    }
}
