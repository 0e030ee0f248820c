//! An OCI registry in memory, over plain HTTP on this machine: what real clients push is there to be pulled (distribution
//! specification v1.1, without listing, deleting and credentials).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Bytes of a body.
const MOST: u64 = 64 << 20;

pub struct OciRegistry {
    /// `127.0.0.1:port`
    pub address: String,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    /// By repository and digest.
    blobs: BTreeMap<(String, String), Vec<u8>>,
    /// By repository and digest: the type that it was pushed with, and its bytes.
    manifests: BTreeMap<(String, String), (String, Vec<u8>)>,
    /// By repository and tag: digests.
    tags: BTreeMap<(String, String), String>,
    /// What has come of blobs that are not whole yet.
    uploads: BTreeMap<usize, Vec<u8>>,
    started: usize,
    /// Whether it lists what refers to a manifest; where it does not, clients keep that behind a tag.
    lists_referrers: bool,
    down: bool,
}

struct Request {
    method: String,
    path: String,
    query: String,
    kind: String,
    body: Vec<u8>,
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl OciRegistry {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shelf = Arc::<Mutex<Shelf>>::default();
        let shared = shelf.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelf = shared.clone();
                // Who goes away early asks again.
                std::thread::spawn(move || serve(stream, &shelf).ok());
            }
        });
        Self { address, shelf }
    }

    pub fn lists_referrers(self) -> Self {
        self.shelf().lists_referrers = true;
        self
    }

    /// While it is down it answers nothing but 503.
    pub fn set_down(&self, down: bool) {
        self.shelf().down = down;
    }

    /// The digest that a tag stands for, `sha256:…`.
    pub fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        self.shelf().tags.get(&(repository.to_owned(), tag.to_owned())).cloned()
    }

    /// What is behind a tag or a digest.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Value> {
        let bytes = self.shelf().found(repository, reference)?.1.1.clone();
        Some(serde_json::from_slice(&bytes).expect("a manifest is JSON"))
    }

    pub fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        self.shelf().blobs.get(&(repository.to_owned(), digest.to_owned())).cloned()
    }

    /// The digest of what is there from now on.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.shelf().blobs.insert((repository.to_owned(), digest.clone()), bytes.to_vec());
        digest
    }

    /// The digest of a manifest that is behind a tag from now on.
    pub fn put_manifest(&self, repository: &str, tag: &str, manifest: &Value) -> String {
        self.shelf().put(repository, tag, MANIFEST, manifest.to_string().into_bytes())
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.shelf)
    }
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

impl Shelf {
    fn put(&mut self, repository: &str, reference: &str, kind: &str, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        if !reference.contains(':') {
            self.tags.insert((repository.to_owned(), reference.to_owned()), digest.clone());
        }
        self.manifests.insert((repository.to_owned(), digest.clone()), (kind.to_owned(), bytes));
        digest
    }

    fn found(&self, repository: &str, reference: &str) -> Option<(String, &(String, Vec<u8>))> {
        let tagged = self.tags.get(&(repository.to_owned(), reference.to_owned()));
        let digest = tagged.map_or_else(|| reference.to_owned(), Clone::clone);
        let found = self.manifests.get(&(repository.to_owned(), digest.clone()))?;
        Some((digest, found))
    }

    /// The index of manifests that name `subject`.
    fn referrers(&self, repository: &str, subject: &str) -> Value {
        let of = self.manifests.iter().filter(|((at, _), _)| at == repository);
        let listed = of.filter_map(|((_, digest), (kind, bytes))| {
            let manifest: Value = serde_json::from_slice(bytes).ok()?;
            let artifact = [&manifest["artifactType"], &manifest["config"]["mediaType"]];
            let artifact = artifact.into_iter().find(|kind| kind.is_string())?;
            (manifest["subject"]["digest"] == subject).then(|| {
                json!({"mediaType": kind, "artifactType": artifact, "digest": digest, "size": bytes.len()})
            })
        });
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed.collect::<Vec<_>>()})
    }

    fn answer(&mut self, request: Request) -> Reply {
        let none = Reply::new(404);
        if self.down {
            return Reply::new(503);
        }
        let Some(path) = request.path.strip_prefix("/v2/") else { return none };
        let (path, method) = (path.to_owned(), request.method.clone());
        if path.is_empty() {
            return Reply::new(200);
        }
        if let Some((repository, id)) = path.split_once("/blobs/uploads/") {
            return self.upload(repository, id, request);
        }
        if let Some((repository, digest)) = path.split_once("/blobs/") {
            let blob = self.blobs.get(&(repository.to_owned(), digest.to_owned()));
            return blob.map_or(none, |bytes| Reply::new(200).with(bytes.clone()));
        }
        if let Some((repository, reference)) = path.split_once("/manifests/") {
            if method == "PUT" {
                let manifest: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let at = self.put(repository, reference, &request.kind, request.body);
                let reply = Reply::new(201).header("Docker-Content-Digest", at);
                return match manifest["subject"]["digest"].as_str().filter(|_| self.lists_referrers) {
                    Some(subject) => reply.header("OCI-Subject", subject.to_owned()),
                    None => reply,
                };
            }
            return self.found(repository, reference).map_or(none, |(digest, (kind, bytes))| {
                let reply = Reply::new(200).header("Docker-Content-Digest", digest);
                reply.header("Content-Type", kind.clone()).with(bytes.clone())
            });
        }
        if let Some((repository, subject)) = path.split_once("/referrers/")
            && self.lists_referrers
        {
            let index = self.referrers(repository, subject).to_string().into_bytes();
            return Reply::new(200).header("Content-Type", INDEX.to_owned()).with(index);
        }
        if let Some(repository) = path.strip_suffix("/tags/list") {
            let tags = self.tags.keys().filter(|(at, _)| at == repository).map(|(_, tag)| tag);
            let list = json!({"name": repository, "tags": tags.collect::<Vec<_>>()});
            return Reply::new(200).with(list.to_string().into_bytes());
        }
        none
    }

    fn upload(&mut self, repository: &str, id: &str, request: Request) -> Reply {
        let id = match request.method.as_str() {
            "POST" => {
                self.started += 1;
                self.uploads.insert(self.started, Vec::new());
                self.started
            }
            _ => match id.parse() {
                Ok(id) => id,
                Err(_) => return Reply::new(404),
            },
        };
        let Some(so_far) = self.uploads.get_mut(&id) else { return Reply::new(404) };
        so_far.extend_from_slice(&request.body);
        let wanted = request.query.split('&').find_map(|pair| pair.strip_prefix("digest="));
        let Some(wanted) = wanted else {
            return Reply::new(202).header("Location", format!("/v2/{repository}/blobs/uploads/{id}"));
        };
        let bytes = self.uploads.remove(&id).unwrap_or_default();
        let digest = digest(&bytes);
        if wanted.replace("%3A", ":") != digest {
            return Reply::new(400);
        }
        self.blobs.insert((repository.to_owned(), digest.clone()), bytes);
        Reply::new(201).header("Location", format!("/v2/{repository}/blobs/{digest}"))
    }
}

impl Reply {
    fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    fn with(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }
}

fn serve(stream: TcpStream, shelf: &Mutex<Shelf>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    let is_head = request.method == "HEAD";
    let reply = lock(shelf).answer(request);
    let out = reader.get_mut();
    write!(
        out,
        "HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n",
        reply.status,
        reply.body.len()
    )?;
    for (name, value) in &reply.headers {
        write!(out, "{name}: {value}\r\n")?;
    }
    write!(out, "\r\n")?;
    if !is_head {
        out.write_all(&reply.body)?;
    }
    out.flush()
}

fn read(reader: &mut BufReader<TcpStream>) -> Result<Request> {
    let malformed = || Error::from(ErrorKind::InvalidData);
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        kind: MANIFEST.to_owned(),
        body: Vec::new(),
    };
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("content-type", value) => request.kind = value.to_owned(),
            ("content-length", value) => length = value.parse().map_err(|_| malformed())?,
            ("transfer-encoding", value) => chunked = value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    while chunked {
        let size = u64::from_str_radix(&line(reader)?, 16).map_err(|_| malformed())?;
        take(reader, size, &mut request.body)?;
        line(reader)?;
        chunked = size > 0;
    }
    take(reader, length, &mut request.body)?;
    Ok(request)
}

fn take(reader: &mut BufReader<TcpStream>, size: u64, into: &mut Vec<u8>) -> Result<()> {
    let found = reader.take(size.min(MOST)).read_to_end(into)? as u64;
    if found == size { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

fn line(reader: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
