//! POST to `logicalclusters/NAME/kubeconfig`: a new client certificate for that cluster, as a kubeconfig. Nothing of it
//! is kept. Whoever may `create` that subresource on the root cluster decides who the certificate speaks for.

use super::{Mint, PATH};
use crate::core::{Method, Request, Response};
use crate::shell::answer::Refusal;
use crate::shell::clusters::Clusters;
use crate::shell::hosted::Hosted;
use crate::shell::identity::Identity;
use crate::shell::kubeconfig::kubeconfig;
use serde_json::Value;
use std::sync::Arc;

/// The answer, if the request is one for a kubeconfig.
pub(in crate::shell) fn answer(
    clusters: &Arc<Clusters>,
    root: &Arc<Hosted>,
    request: &Request,
) -> Option<Response> {
    let mint = clusters.mint.get()?;
    let name = request.path.strip_prefix(PATH)?.strip_prefix('/')?.strip_suffix("/kubeconfig")?;
    if *root.name != *crate::shell::ROOT || request.method != Method::Post || name.contains('/') {
        return None;
    }
    let answered = root.authorize(request).and_then(|refused| match refused {
        Some(response) => Ok(response),
        None => mint.kubeconfig(clusters, root, name, &request.body),
    });
    Some(answered.unwrap_or_else(Refusal::into_response))
}

impl Mint {
    fn kubeconfig(
        &self,
        clusters: &Clusters,
        root: &Hosted,
        name: &str,
        body: &[u8],
    ) -> Result<Response, Refusal> {
        let (user, groups) = subject(body)?;
        let asked = root.uid_of(super::GROUP, "logicalclusters", name).map(|uid| uid.replace('-', ""));
        let hosted = clusters.get(name).ok().filter(|hosted| asked.as_deref() == Some(&*hosted.uid));
        let (Some(hosted), Some(url)) = (hosted, clusters.url(name)) else {
            let message = format!("logicalclusters.{} {name:?} not found, or not ready yet", super::GROUP);
            return Err(Refusal::not_found(message));
        };
        let identity = Identity { cluster: hosted.uid.to_string(), user: user.clone(), groups };
        let pair = self.authority.client(&identity).map_err(|e| Refusal::storage(&e.to_string()))?;
        let text = kubeconfig(name, &url, &self.authority.certificate_pem, &user, &pair);
        Ok(Response {
            status: 201,
            content_type: "application/yaml".to_owned(),
            body: text.into_bytes(),
            ..Response::default()
        })
    }
}

/// Who is asked for: `spec.user` and `spec.groups`; without a user the cluster's administrator.
fn subject(body: &[u8]) -> Result<(String, Vec<String>), Refusal> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    let wrong = |why: &str| Refusal::bad_request(format!("KubeconfigRequest: {why}"));
    let request: Value = serde_json::from_slice(body).map_err(|_| wrong("the body is not JSON"))?;
    let Some(request) = request.as_object() else { return Err(wrong("the body is no object")) };
    for (field, value) in request {
        match (&**field, value.as_str()) {
            ("kind", Some("KubeconfigRequest")) | ("spec" | "metadata", None) => {}
            ("apiVersion", Some(version)) if version == format!("{}/v1alpha1", super::GROUP) => {}
            _ => return Err(wrong(&format!("{field} is not known, or not like this"))),
        }
    }
    let empty = serde_json::Map::new();
    let spec = request.get("spec").and_then(Value::as_object).unwrap_or(&empty);
    if let Some(field) = spec.keys().find(|key| !matches!(&***key, "user" | "groups")) {
        return Err(wrong(&format!("spec.{field} is not known")));
    }
    let user = match spec.get("user") {
        None => None,
        Some(Value::String(user)) if !user.is_empty() => Some(user.clone()),
        Some(_) => return Err(wrong("spec.user must be a text that is not empty")),
    };
    let groups = match spec.get("groups") {
        None => Some(Vec::new()),
        Some(Value::Array(groups)) => groups.iter().map(|g| g.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    };
    let groups = groups.ok_or_else(|| wrong("spec.groups must be a list of texts"))?;
    match user {
        Some(user) => Ok((user, groups)),
        None if groups.is_empty() => Ok(("admin".to_owned(), vec!["system:masters".to_owned()])),
        None => Err(wrong("spec.groups need a spec.user")),
    }
}
