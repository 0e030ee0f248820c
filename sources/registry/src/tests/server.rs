//! A server that answers as a test says, over HTTP or TLS, and remembers what it was asked. It is stricter than real
//! ones: whatever is no GET with a host and our name is not answered, and the test fails.
use crate::RegistryError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Seen {
    /// With its query.
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Bytes of the body after which the connection ends.
    pub cut: Option<usize>,
    /// Before the answer.
    pub wait: Duration,
    /// Between the bytes of the body.
    pub drip: Duration,
}

impl Reply {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    pub fn status(status: u16) -> Self {
        Self { status, body: b"the token is hunter2".to_vec(), ..Self::default() }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

pub struct Server {
    /// Without a slash at its end.
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    faults: Arc<Mutex<Vec<String>>>,
}

type Answers = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

impl Server {
    pub fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(answer))
    }

    pub fn tls(config: ServerConfig, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Some(Arc::new(config)), Arc::new(answer))
    }

    fn listen(tls: Option<Arc<ServerConfig>>, answer: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let server = Self { url, seen: Arc::default(), faults: Arc::default() };
        let (seen, faults) = (server.seen.clone(), server.faults.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let (tls, answer, seen, faults) = (tls.clone(), answer.clone(), seen.clone(), faults.clone());
                std::thread::spawn(move || {
                    // A client that goes away early is what some tests are about.
                    let _gone: std::io::Result<()> = match tls {
                        None => serve(stream, &answer, &seen, &faults),
                        Some(config) => ServerConnection::new(config)
                            .map_err(std::io::Error::other)
                            .and_then(|tls| serve(StreamOwned::new(tls, stream), &answer, &seen, &faults)),
                    };
                });
            }
        });
        server
    }

    pub fn seen(&self) -> Vec<Seen> {
        let faults = self.faults.lock().unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        self.seen.lock().unwrap().clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }

    /// `127.0.0.1:port`
    pub fn host(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }
}

fn serve<S: Read + Write>(
    mut stream: S,
    answer: &Answers,
    seen: &Mutex<Vec<Seen>>,
    faults: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 65_536 {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
    let is_ours = headers
        .get("user-agent")
        .is_some_and(|agent| agent.starts_with("mainstay/") || agent.starts_with("Helm/"));
    if !matches!(method, "GET" | "HEAD") || !headers.contains_key("host") || !is_ours {
        faults.lock().unwrap().push(text.clone());
        return Ok(());
    }
    let request = Seen { path, headers };
    seen.lock().unwrap().push(request.clone());
    let reply = answer(&request);
    std::thread::sleep(reply.wait);
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
    if !reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if method == "HEAD" || matches!(reply.status, 204 | 304) {
        return stream.flush();
    }
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len()).min(reply.body.len())];
    if reply.drip.is_zero() {
        stream.write_all(body)?;
    } else {
        for byte in body {
            stream.write_all(&[*byte])?;
            stream.flush()?;
            std::thread::sleep(reply.drip);
        }
    }
    stream.flush()
}

/// A certificate authority of a test.
pub struct Authority {
    pub pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: rcgen::Issuer::new(params, key) }
    }

    /// Certificate and key for a name, in PEM.
    pub fn issue(&self, name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (leaf.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// For 127.0.0.1; with `clients`, those have to show a certificate of that authority.
    pub fn server(&self, clients: Option<&Authority>) -> ServerConfig {
        let (certificate, key) = self.issue("127.0.0.1");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
    }
}

/// What a failure says, once it is sure that it tells no secret.
pub fn told(error: &RegistryError) -> String {
    let text = format!("{error}");
    for secret in ["hunter2", "aHVudGVyMg", "user:"] {
        assert!(!text.contains(secret) && !format!("{error:?}").contains(secret), "{error:?}");
    }
    text
}
