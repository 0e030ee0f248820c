use super::authority::Pair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A kubeconfig with inline data only.
pub(super) fn kubeconfig(cluster: &str, url: &str, authority: &str, user: &str, pair: &Pair) -> String {
    // JSON strings are YAML strings, whatever a user is called.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (cluster, url, user) = (quoted(cluster), quoted(url), quoted(user));
    let (authority, certificate, key) =
        (STANDARD.encode(authority), STANDARD.encode(&pair.certificate), STANDARD.encode(&pair.key));
    format!(
        "apiVersion: v1
kind: Config
clusters:
- name: {cluster}
  cluster:
    certificate-authority-data: {authority}
    server: {url}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {cluster}
  context:
    cluster: {cluster}
    user: {user}
current-context: {cluster}
"
    )
}
