//! The two servers, as a sequence sees them.

use crate::step::Wire;
use crate::wire::Client;
use anyhow::{Result, bail};
use mainstay_apiserver::core::{Cluster, Entropy, Method, Now, Reply, Request, Settings, User};
use mainstay_harness::RealServer;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub warnings: Vec<String>,
    pub body: Value,
}

pub trait Server {
    fn send(&mut self, wire: &Wire) -> Result<Answer>;
}

pub struct Real(Client);

impl Real {
    pub fn new(server: &RealServer) -> Result<Self> {
        Ok(Self(Client::new(server.url(), server.ca_pem(), &server.token())?))
    }
}

impl Server for Real {
    fn send(&mut self, wire: &Wire) -> Result<Answer> {
        self.0.send(wire)
    }
}

/// The embedded core, in this thread.
pub struct Embedded {
    cluster: Cluster,
    entropy: Counter,
    /// Only setting up needs controllers; the real server runs without.
    pub controllers: bool,
}

const NOW: Now = Now::from_seconds(1_750_000_000);

struct Counter(u64);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

impl Embedded {
    pub fn new() -> Self {
        let mut entropy = Counter(1);
        // The real server runs without the plugin that would refuse pods where no controller makes service accounts.
        let settings = Settings { service_accounts: false, ..Settings::default() };
        let cluster = Cluster::new(settings, NOW, &mut entropy);
        Self { cluster, entropy, controllers: true }
    }
}

impl Server for Embedded {
    fn send(&mut self, wire: &Wire) -> Result<Answer> {
        let request = Request {
            method: Method::parse(wire.method),
            path: wire.path.clone(),
            query: wire.query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            content_type: Some(wire.content_type.to_owned()),
            accept: Some("application/json".to_owned()),
            body: wire.body.clone(),
            user: User::admin(),
            ..Request::default()
        };
        let Reply::Done(response) = self.cluster.handle(&request, NOW, &mut self.entropy) else {
            bail!("a watch")
        };
        self.cluster.take_changes();
        for _ in 0..100 {
            if !self.controllers || !self.cluster.is_restless() {
                break;
            }
            self.cluster.tick(NOW, &mut self.entropy);
        }
        let warnings = response.headers.into_iter().filter(|(name, _)| name == "Warning");
        let warnings = warnings.map(|(_, value)| value).collect();
        let body = serde_json::from_slice(&response.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&response.body).into_owned().into());
        Ok(Answer { status: response.status, warnings, body })
    }
}

/// Makes the namespaces that objects are in: what limits others is apart, as all sequences share one real server.
pub fn prepare(server: &mut dyn Server) -> Result<()> {
    for name in ["d", "limits"] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let answer = server.send(&post("/api/v1/namespaces", &namespace))?;
        if answer.status >= 300 {
            bail!("cannot make a namespace: {}", answer.body);
        }
    }
    Ok(())
}

/// Offers a definition; what the server says to it.
pub fn define(server: &mut dyn Server, definition: &Value) -> Result<Answer> {
    server.send(&post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition))
}

/// Waits until a kind is served.
pub fn wait_for(server: &mut dyn Server, path: &str) -> Result<()> {
    let wire = || Wire {
        method: "GET",
        path: path.to_owned(),
        query: Vec::new(),
        content_type: "",
        body: Vec::new(),
    };
    for _ in 0..600 {
        if server.send(&wire())?.status == 200 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!("{path} is not served")
}

fn post(path: &str, body: &Value) -> Wire {
    let query = vec![("fieldManager", "setup".to_owned())];
    let body = body.to_string().into_bytes();
    Wire { method: "POST", path: path.to_owned(), query, content_type: "application/json", body }
}
