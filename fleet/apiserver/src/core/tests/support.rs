//! A cluster to talk to, and a short way of talking.

use crate::core::{Cluster, Entropy, Method, Now, Polled, Reply, Request, Response, Settings, User, Watch};
use serde_json::{Value, json};

pub struct Counter(pub u64);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // A small generator: the same in every run.
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

pub struct Host {
    pub cluster: Cluster,
    pub entropy: Counter,
    pub now: Now,
    pub user: User,
}

pub fn host() -> Host {
    let mut entropy = Counter(1);
    let now = Now::from_seconds(1_750_000_000);
    let cluster = Cluster::new(Settings { ca: "PEM".into(), ..Settings::default() }, now, &mut entropy);
    Host { cluster, entropy, now, user: User::admin() }
}

/// `POST /api/v1/namespaces/default/pods?dryRun=All`
pub fn request(line: &str, body: &str) -> Request {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (method, content_type) = match method {
        "APPLY" => (Method::Patch, Some("application/apply-patch+yaml")),
        "MERGE" => (Method::Patch, Some("application/merge-patch+json")),
        "STRATEGIC" => (Method::Patch, Some("application/strategic-merge-patch+json")),
        "JSON" => (Method::Patch, Some("application/json-patch+json")),
        other => (Method::parse(other), Some("application/json")),
    };
    let query = query.split('&').filter(|p| !p.is_empty());
    Request {
        method,
        path: path.to_owned(),
        query: query
            .map(|p| {
                p.split_once('=').map_or((p.to_owned(), String::new()), |(k, v)| (k.to_owned(), v.to_owned()))
            })
            .collect(),
        content_type: content_type.map(str::to_owned),
        user_agent: "kubectl/v1.36 (test)".into(),
        body: body.as_bytes().to_vec(),
        ..Request::default()
    }
}

impl Host {
    pub fn reply(&mut self, mut request: Request) -> Reply {
        request.user = self.user.clone();
        let reply = self.cluster.handle(&request, self.now, &mut self.entropy);
        self.cluster.tick(self.now, &mut self.entropy);
        reply
    }

    pub fn response(&mut self, line: &str, body: &str) -> Response {
        match self.reply(request(line, body)) {
            Reply::Done(response) => response,
            Reply::Watch(_) => panic!("{line} is a watch"),
        }
    }

    /// The status code and the body.
    pub fn call(&mut self, line: &str, body: &str) -> (u16, Value) {
        let response = self.response(line, body);
        if response.body == b"404 page not found\n" {
            // What clients make of it.
            let message = "the server could not find the requested resource";
            return (404, json!({ "kind": "Status", "code": 404, "reason": "NotFound", "message": message }));
        }
        let body = serde_json::from_slice(&response.body)
            .unwrap_or_else(|e| panic!("{line}: {e}: {}", String::from_utf8_lossy(&response.body)));
        (response.status, body)
    }

    /// Calls that must succeed.
    pub fn ok(&mut self, line: &str, body: &str) -> Value {
        let (status, value) = self.call(line, body);
        assert!(status < 300, "{line}: {status} {value}");
        value
    }

    /// Calls that must fail: `404 NotFound: message`.
    pub fn fails(&mut self, line: &str, body: &str) -> String {
        let (status, value) = self.call(line, body);
        assert!(status >= 400, "{line} succeeded: {value}");
        assert_eq!(value["kind"], "Status", "{value}");
        assert_eq!(value["code"], status);
        let reason = value["reason"].as_str().unwrap_or("-");
        format!("{status} {reason}: {}", value["message"].as_str().unwrap())
    }

    pub fn as_table(&mut self, line: &str) -> Vec<String> {
        let mut request = request(line, "");
        request.accept = Some("application/json;as=Table;v=v1;g=meta.k8s.io,application/json".into());
        let Reply::Done(response) = self.reply(request) else { panic!("a watch") };
        let table: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(table["kind"], "Table", "{table}");
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let names = table["columnDefinitions"].as_array().unwrap().iter().map(|c| text(&c["name"]));
        let mut lines = vec![names.collect::<Vec<_>>().join("|")];
        for row in table["rows"].as_array().unwrap() {
            lines.push(row["cells"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("|"));
        }
        lines
    }

    pub fn watch(&mut self, line: &str) -> Watch {
        match self.reply(request(line, "")) {
            Reply::Watch(watch) => watch,
            Reply::Done(response) => panic!("{line}: {}", String::from_utf8_lossy(&response.body)),
        }
    }

    /// What a watch has to say: `ADDED name`.
    pub fn drain(&mut self, watch: &mut Watch) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            match self.cluster.poll_watch(watch, 3, self.now) {
                Polled::Frames(frames) => said.extend(frames.iter().map(|f| short(f))),
                Polled::Idle => return said,
                Polled::Gone(frame) => {
                    said.push(short(&frame));
                    return said;
                }
                Polled::Calls(calls) => panic!("nobody to call: {calls:?}"),
                Polled::Closed => {
                    said.push("CLOSED".into());
                    return said;
                }
            }
        }
    }
}

fn short(frame: &[u8]) -> String {
    assert_eq!(frame.last(), Some(&b'\n'));
    let event: Value = serde_json::from_slice(frame).unwrap();
    let object = &event["object"];
    let name = object["metadata"]["name"].as_str().or(object["reason"].as_str()).unwrap_or_default();
    format!("{} {name}", event["type"].as_str().unwrap()).trim().to_owned()
}
