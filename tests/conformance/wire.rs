use crate::answer::Answer;
use crate::case::Step;
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::collections::BTreeMap;

/// Watches of the suite end by themselves, and everything else is answered at once.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(20);

/// A server, reached over TLS. Requests say themselves who they are from.
#[derive(Clone)]
pub struct Wire {
    pub embedded: bool,
    client: Client,
    pub token: String,
}

/// What `{name}` stands for in a case, on one server.
#[derive(Debug, Clone, Default)]
pub struct Variables(pub BTreeMap<String, String>);

impl Wire {
    pub async fn new(embedded: bool, kubeconfig: &str, token: &str) -> Self {
        let mut kubeconfig = Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
        for user in &mut kubeconfig.auth_infos {
            user.auth_info = Some(kube::config::AuthInfo::default());
        }
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
        let client = Client::try_from(config).expect("a client");
        Self { embedded, client, token: token.to_owned() }
    }

    pub async fn send(&self, step: &Step, variables: &Variables) -> Result<Answer, String> {
        let path = variables.fill(&step.path);
        let mut request = http::Request::builder().method(&*step.method).uri(&path);
        let mut given: Vec<(String, String)> =
            step.headers.iter().map(|(name, value)| (name.clone(), variables.fill(value))).collect();
        let has = |given: &[(String, String)], name: &str| {
            given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        let raw = has(&given, "content-type");
        let mut default = |name: &str, value: &str| {
            if !has(&given, name) {
                given.push((name.to_owned(), value.to_owned()));
            }
        };
        default("Authorization", &format!("Bearer {}", self.token));
        default("User-Agent", "conformance/1");
        default("Accept", "application/json");
        if let Some(media) = step.media {
            default("Content-Type", media);
        } else if step.body.is_some() {
            default("Content-Type", "application/json");
        }
        // A header that is written without a value is not sent at all.
        for (name, value) in given.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        let body = match &step.body {
            None => Vec::new(),
            Some(text) => body(&variables.fill(text), raw)?,
        };
        let request = request.body(Body::from(body)).map_err(|e| format!("not a request: {e}"))?;
        let answer = async {
            let response = self.client.send(request).await.map_err(|e| format!("no answer: {e}"))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| format!("the answer ended early: {e}"))?.to_bytes();
            Ok(Answer::new(&head, &body))
        };
        tokio::time::timeout(LONGEST, answer).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

/// JSON or YAML as JSON; as it is after `!`, or where the content type is the case's own.
fn body(text: &str, raw: bool) -> Result<Vec<u8>, String> {
    if let Some(rest) = text.strip_prefix('!') {
        return Ok(rest.as_bytes().to_vec());
    }
    if raw || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Ok(text.as_bytes().to_vec());
    }
    let loaded = mainstay_yaml::load("body", text.as_bytes(), &mainstay_yaml::Limits::default());
    match loaded.documents.as_slice() {
        [document] => Ok(document.root.to_json().to_string().into_bytes()),
        _ => Err(format!("the body is no YAML document: {text}")),
    }
}

impl Variables {
    /// Replaces `{name}`, and `{rep x 3}` by `xxx`. Other braces are JSON's.
    pub fn fill(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (name, value) in &self.0 {
            out = out.replace(&format!("{{{name}}}"), value);
        }
        while let Some((before, rest)) = out.split_once("{rep ") {
            let Some((inside, after)) = rest.split_once('}') else { break };
            let Some((what, count)) = inside.rsplit_once(' ') else { break };
            let Ok(count) = count.parse::<usize>() else { break };
            out = format!("{before}{}{after}", what.repeat(count));
        }
        out
    }
}
