//! A registry of charts on this machine: Helm repositories and OCI repositories, all below one address.

use mainstay_harness::{Output, SweptFolder};
use mainstay_object::Digest;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// A chart that is offered at a place, `oci://…` or `https://…`, as the repository under test names it.
pub struct Offer<'a> {
    pub place: &'a str,
    pub name: &'a str,
    pub version: &'a str,
    /// Paths in the chart's folder, and texts; without its Chart.yaml.
    pub files: Vec<(String, String)>,
}

/// What is served, by path: its type and its bytes.
type Shelf = BTreeMap<String, (&'static str, Vec<u8>)>;

/// Serves what is offered until the test's end; the answer is `127.0.0.1:port`. What was at `https://host/path` is at
/// `http://127.0.0.1:port/host/path` now, and likewise for `oci://`.
pub fn open(helm: &Path, offers: &[Offer]) -> String {
    let folder = SweptFolder::create("mainstay-charts-").expect("a folder");
    let mut shelf = Shelf::new();
    for offer in offers {
        let chart = folder.path.join("charts").join(offer.name);
        let head = format!("apiVersion: v2\nname: {}\nversion: {}\n", offer.name, offer.version);
        let head = ("Chart.yaml".to_owned(), head);
        for (path, text) in offer.files.iter().chain([&head]) {
            let path = chart.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let (scheme, place) = offer.place.split_once("://").expect("a URL");
        let place = place.trim_end_matches('/');
        let shop = folder.path.join("shops").join(place);
        let run = |arguments: &[&str]| {
            let mut command = Command::new(helm);
            command.args(arguments).env_clear().env("HOME", &folder.path);
            Output::of(&mut command, "").expect("helm can be run").expect_success();
        };
        let (from, to) = (chart.display().to_string(), shop.display().to_string());
        run(&["package", &from, "-d", &to]);
        fs::remove_dir_all(&chart).expect("it was made");
        let file = format!("{}-{}.tgz", offer.name, offer.version);
        let packed = fs::read(shop.join(&file)).expect("helm has made it");
        if scheme == "oci" {
            push(&mut shelf, place, offer.version, packed);
        } else {
            run(&["repo", "index", &to]);
            let index = fs::read(shop.join("index.yaml")).expect("helm has made it");
            shelf.insert(format!("/{place}/index.yaml"), ("application/yaml", index));
            shelf.insert(format!("/{place}/{file}"), ("application/gzip", packed));
        }
    }
    serve(Arc::new(Mutex::new(shelf)), Arc::default())
}

/// A repository over HTTP whose files come and go.
#[derive(Default)]
pub struct Shop {
    address: String,
    shelf: Arc<Mutex<Shelf>>,
    down: Arc<AtomicBool>,
}

impl Shop {
    pub fn start() -> Self {
        let shop = Self::default();
        Self { address: serve(shop.shelf.clone(), shop.down.clone()), ..shop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn put(&self, file: &str, bytes: Vec<u8>) {
        let mut shelf = self.shelf.lock().expect("nobody panicked");
        shelf.insert(format!("/{file}"), ("application/octet-stream", bytes));
    }

    /// While it is, nothing is answered.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }
}

/// As the Distribution specification has it, for one version of one chart.
fn push(shelf: &mut Shelf, name: &str, tag: &str, packed: Vec<u8>) {
    let digest = |bytes: &[u8]| format!("sha256:{}", Digest::of_bytes(bytes).hex());
    let config = b"{}".to_vec();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(&config), "size": config.len()},
        "layers": [{"mediaType": LAYER, "digest": digest(&packed), "size": packed.len()}],
    });
    let manifest = manifest.to_string().into_bytes();
    let tags = json!({"name": name, "tags": [tag]}).to_string().into_bytes();
    let at = format!("/v2/{name}");
    shelf.insert(format!("{at}/tags/list"), ("application/json", tags));
    for reference in [tag.to_owned(), digest(&manifest)] {
        shelf.insert(format!("{at}/manifests/{reference}"), (MANIFEST, manifest.clone()));
    }
    for blob in [config, packed] {
        shelf.insert(format!("{at}/blobs/{}", digest(&blob)), ("application/octet-stream", blob));
    }
}

fn serve(shelf: Arc<Mutex<Shelf>>, down: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if down.load(Ordering::SeqCst) {
                continue;
            }
            let shelf = shelf.clone();
            // Who goes away early asks again.
            std::thread::spawn(move || answer(stream, &shelf).ok());
        }
    });
    address
}

fn answer(stream: TcpStream, shelf: &Mutex<Shelf>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let found = shelf.lock().expect("nobody panicked").get(path).cloned();
    let (status, kind, body) = match found {
        Some((kind, body)) => ("200 OK", kind, body),
        None => ("404 Not Found", "text/plain", Vec::new()),
    };
    let out = reader.get_mut();
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if !first.starts_with("HEAD ") {
        out.write_all(&body)?;
    }
    out.flush()
}
