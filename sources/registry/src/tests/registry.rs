//! An OCI registry that is stricter than real ones: tokens count for one repository and for reading, tags come two at a
//! time, blobs lie on another host that wants no token and refuses to see one.
use super::digest;
use super::server::{Reply, Seen, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[derive(Clone)]
pub struct Content {
    /// Tags and manifests.
    pub tags: BTreeMap<String, Vec<u8>>,
    pub blobs: BTreeMap<String, Vec<u8>>,
    pub name: &'static str,
    /// Whether a token, which costs a password, is wanted.
    pub private: bool,
    /// Nothing is answered any more.
    pub down: Arc<AtomicBool>,
}

impl Content {
    pub fn new(name: &'static str, tags: &[(&str, Vec<u8>)]) -> Self {
        let mut content = Self {
            tags: BTreeMap::new(),
            blobs: BTreeMap::new(),
            name,
            private: false,
            down: Arc::default(),
        };
        for (tag, archive) in tags {
            let manifest = content.manifest(archive);
            content.tags.insert((*tag).to_owned(), manifest.to_string().into_bytes());
        }
        content
    }

    /// Of an archive, which becomes a blob.
    pub fn manifest(&mut self, archive: &[u8]) -> Value {
        self.blobs.insert(digest(archive), archive.to_vec());
        self.blobs.insert(digest(b"{}"), b"{}".to_vec());
        json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(b"{}"), "size": 2},
            "layers": [{"mediaType": CHART, "digest": digest(archive), "size": archive.len()}],
        })
    }

    fn found(&self, reference: &str) -> Option<&Vec<u8>> {
        let by_digest = || self.tags.values().find(|manifest| digest(manifest) == reference);
        self.tags.get(reference).or_else(by_digest)
    }
}

pub struct Double {
    pub registry: Server,
    pub blobs: Arc<Server>,
}

impl Double {
    pub fn start(content: Content) -> Self {
        let kept = content.blobs.clone();
        let blobs = Arc::new(Server::start(move |seen| {
            if !seen.header("authorization").is_empty() {
                return Reply::status(400);
            }
            let found = seen.path.strip_prefix("/store/").and_then(|digest| kept.get(digest));
            found.map_or_else(|| Reply::status(404), |bytes| Reply::ok(bytes.clone()))
        }));
        let store = blobs.url.clone();
        let registry = Server::start(move |seen| answer(&content, &store, seen));
        Self { registry, blobs }
    }

    /// `oci://127.0.0.1:port/<folder>`
    pub fn url(&self, folder: &str) -> String {
        format!("oci://{}/{folder}", self.registry.host())
    }
}

fn answer(content: &Content, store: &str, seen: &Seen) -> Reply {
    if content.down.load(Ordering::SeqCst) {
        return Reply::status(503);
    }
    let authorization = seen.header("authorization");
    let scope = format!("repository%3A{}%3Apull", content.name.replace('/', "%2F"));
    if let Some(query) = seen.path.strip_prefix("/token?") {
        let is_asked = query.contains("service=ours") && query.contains(&format!("scope={scope}"));
        let may = !content.private || authorization == "Basic dXNlcjpodW50ZXIy";
        return match (is_asked, may) {
            (true, true) => Reply::ok(r#"{"token":"t-hunter2"}"#),
            (true, false) => Reply::status(401),
            (false, _) => Reply::status(400),
        };
    }
    if authorization != "Bearer t-hunter2" {
        let realm = format!("http://{}/token", seen.header("host"));
        let challenge =
            format!(r#"Bearer realm="{realm}",service="ours",scope="repository:{}:pull""#, content.name);
        return Reply::status(401).with("WWW-Authenticate", challenge);
    }
    let Some(path) = seen.path.strip_prefix(&format!("/v2/{}/", content.name)) else {
        return Reply::status(404);
    };
    if let Some(query) = path.strip_prefix("tags/list") {
        return tags(content, query);
    }
    if let Some(reference) = path.strip_prefix("manifests/") {
        let kind = |text: &[u8]| {
            let manifest: Value = serde_json::from_slice(text).unwrap_or_default();
            manifest["mediaType"].as_str().unwrap_or(MANIFEST).to_owned()
        };
        let found = content.found(reference);
        let accepted = found.is_none_or(|text| seen.header("accept").contains(&kind(text)));
        return match found {
            Some(manifest) if accepted => Reply::ok(manifest.clone())
                .with("Content-Type", MANIFEST)
                .with("Docker-Content-Digest", digest(manifest)),
            Some(_) => Reply::status(406),
            None => Reply::status(404),
        };
    }
    match path.strip_prefix("blobs/") {
        Some(digest) => Reply::status(307).with("Location", format!("{store}/store/{digest}")),
        None => Reply::status(404),
    }
}

/// Two at a time, in the order of their names.
fn tags(content: &Content, query: &str) -> Reply {
    let last = query.split(['?', '&']).find_map(|pair| pair.strip_prefix("last=")).unwrap_or_default();
    let page: Vec<&String> = content.tags.keys().filter(|tag| tag.as_str() > last).take(2).collect();
    let reply = Reply::ok(json!({"name": content.name, "tags": page}).to_string());
    match page.last().filter(|tag| content.tags.keys().last() != Some(**tag)) {
        None => reply,
        Some(tag) => {
            let link = format!("</v2/{}/tags/list?n=2&last={tag}>; rel=\"next\"", content.name);
            reply.with("Link", link)
        }
    }
}
