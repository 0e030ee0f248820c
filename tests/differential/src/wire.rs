//! A small HTTP/1.1 client over one connection that is kept: what a sequence costs is the server's time.

use crate::servers::Answer;
use crate::step::Wire;
use anyhow::{Context, Result, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

pub struct Client {
    host: String,
    token: String,
    config: Arc<ClientConfig>,
    connection: Option<BufReader<StreamOwned<ClientConnection, TcpStream>>>,
}

/// The server closed a new connection instead of answering.
#[derive(Debug, Clone, Copy)]
pub struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was closed")
    }
}

impl std::error::Error for HungUp {}

const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    pub fn new(url: &str, authority: &str, token: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = url.trim_start_matches("https://").to_owned();
        Ok(Self { host, token: token.to_owned(), config: Arc::new(config), connection: None })
    }

    /// Sends a request; once more over a new connection if the kept one was closed.
    pub fn send(&mut self, wire: &Wire) -> Result<Answer> {
        if self.connection.is_some()
            && let Ok(answer) = self.exchange(wire)
        {
            return Ok(answer);
        }
        self.connection = Some(self.connect()?);
        self.exchange(wire)
    }

    fn connect(&self) -> Result<BufReader<StreamOwned<ClientConnection, TcpStream>>> {
        let socket = TcpStream::connect(&self.host).with_context(|| format!("cannot reach {}", self.host))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let address = self.host.rsplit_once(':').map_or(self.host.as_str(), |(address, _)| address);
        let name = ServerName::try_from(address.to_owned())?;
        Ok(BufReader::new(StreamOwned::new(ClientConnection::new(self.config.clone(), name)?, socket)))
    }

    fn exchange(&mut self, wire: &Wire) -> Result<Answer> {
        let mut head = format!("{} {}", wire.method, wire.path);
        for (index, (name, value)) in wire.query.iter().enumerate() {
            let _ = write!(head, "{}{name}={value}", if index == 0 { '?' } else { '&' });
        }
        let _ = write!(
            head,
            " HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\nContent-Type: {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            self.token,
            wire.content_type,
            wire.body.len()
        );
        let mut message = head.into_bytes();
        message.extend_from_slice(&wire.body);
        let stream = self.connection.as_mut().context("not connected")?;
        stream.get_mut().write_all(&message)?;
        stream.get_mut().flush()?;
        let answer = read(stream);
        if answer.is_err() {
            self.connection = None;
        }
        answer
    }
}

fn read(stream: &mut impl BufRead) -> Result<Answer> {
    let status = line(stream)?;
    let status: u16 = status.split(' ').nth(1).context("no status line")?.parse()?;
    let (mut length, mut chunked, mut warnings) = (0, false, Vec::new());
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("content-length", value) => length = value.parse()?,
            ("transfer-encoding", "chunked") => chunked = true,
            ("warning", value) => warnings.push(value.to_owned()),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = usize::from_str_radix(line(stream)?.trim(), 16)?;
            let from = body.len();
            body.resize(from + size, 0);
            stream.read_exact(&mut body[from..])?;
            ensure!(line(stream)?.is_empty(), "a chunk does not end");
            if size == 0 {
                break;
            }
        }
    } else {
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
    }
    let body =
        serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
    Ok(Answer { status, warnings, body })
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(HungUp.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
