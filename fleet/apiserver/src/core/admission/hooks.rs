//! Webhook configurations: whom to ask about what.

use super::{Ask, Operation};
use crate::core::body::{self, at, text};
use crate::core::registry::{Registry, Resource};
use crate::core::selector::Labels;
use crate::core::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_object::GroupVersionKind;
use serde_json::Value;

pub(super) const MUTATING: &str = "admissionregistration.k8s.io/mutatingwebhookconfigurations/";
pub(super) const VALIDATING: &str = "admissionregistration.k8s.io/validatingwebhookconfigurations/";
const LONGEST: u64 = 30;

/// One webhook of a configuration.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) name: String,
    client: Value,
    pub(super) ca_bundle: Vec<u8>,
    pub(super) seconds: u64,
    /// `failurePolicy: Fail`.
    pub(super) fails: bool,
    pub(super) without_side_effects: bool,
    pub(super) reinvoked: bool,
    /// CEL, by name.
    pub(super) conditions: Vec<(String, String)>,
    rules: Vec<Value>,
    /// Rules of what is not meant after all.
    excluded: Vec<Value>,
    equivalent: bool,
    namespaces: Option<Labels>,
    objects: Option<Labels>,
    speaks_v1: bool,
}

/// As what a webhook sees a write: another version of the resource where its rules name only that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matched {
    pub(super) kind: GroupVersionKind,
    pub(super) plural: String,
}

/// In the order in which they are asked: by the configuration's name, then as written.
pub(super) fn read(store: &Store, prefix: &str) -> Vec<Hook> {
    let mut found = Vec::new();
    for (_, entry) in store.range(prefix, None) {
        let configuration = body::parse(&entry.body);
        let hooks = configuration.get("webhooks").and_then(Value::as_array);
        found.extend(hooks.into_iter().flatten().map(hook));
    }
    found
}

fn hook(written: &Value) -> Hook {
    let conditions = written.get("matchConditions").and_then(Value::as_array).into_iter().flatten();
    let selector = |key: &str| written.get(key).and_then(Labels::from_selector);
    let ca_bundle = STANDARD.decode(text(written, "/clientConfig/caBundle")).unwrap_or_default();
    Hook {
        name: text(written, "/name").to_owned(),
        client: written.get("clientConfig").cloned().unwrap_or_default(),
        ca_bundle,
        seconds: written.get("timeoutSeconds").and_then(Value::as_u64).unwrap_or(10).clamp(1, LONGEST),
        fails: text(written, "/failurePolicy") != "Ignore",
        without_side_effects: matches!(text(written, "/sideEffects"), "None" | "NoneOnDryRun"),
        reinvoked: text(written, "/reinvocationPolicy") == "IfNeeded",
        conditions: conditions
            .map(|c| (text(c, "/name").to_owned(), text(c, "/expression").to_owned()))
            .collect(),
        rules: written.get("rules").and_then(Value::as_array).cloned().unwrap_or_default(),
        excluded: Vec::new(),
        equivalent: text(written, "/matchPolicy") != "Exact",
        namespaces: selector("namespaceSelector"),
        objects: selector("objectSelector"),
        speaks_v1: body::strings(written.get("admissionReviewVersions")).iter().any(|v| v == "v1"),
    }
}

/// A policy's or a binding's constraints, which select as a webhook does.
pub(super) fn constraints(written: Option<&Value>) -> Hook {
    let written = written.cloned().unwrap_or_default();
    let rules = |key: &str| written.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    Hook { rules: rules("resourceRules"), excluded: rules("excludeResourceRules"), ..hook(&written) }
}

impl Hook {
    pub(super) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(super) fn excludes(&self, ask: &Ask<'_>) -> bool {
        self.excluded.iter().any(|rule| rule_matches(rule, ask, ask.resource))
    }

    pub(super) fn matched(&self, ask: &Ask<'_>, registry: &Registry) -> Option<Matched> {
        let as_is = Matched { kind: ask.resource.gvk(), plural: ask.resource.plural.clone() };
        if self.rules.iter().any(|rule| rule_matches(rule, ask, ask.resource)) {
            return Some(as_is);
        }
        let same = |other: &Resource| {
            other.group == ask.resource.group && other.plural == ask.resource.plural && other.custom.is_some()
        };
        let mut others = registry.iter().filter(|other| self.equivalent && same(other));
        let other = others.find(|other| self.rules.iter().any(|rule| rule_matches(rule, ask, other)))?;
        Some(Matched { kind: other.gvk(), plural: other.plural.clone() })
    }

    pub(super) fn selects(&self, ask: &Ask<'_>, namespace: Option<&Value>) -> bool {
        let of_namespace = match (&self.namespaces, namespace) {
            (Some(labels), Some(namespace)) => labels.matches(Some(namespace)),
            (None, _) | (_, None) => true,
        };
        let of_object = self.objects.as_ref().is_none_or(|labels| {
            labels.is_empty()
                || [ask.object, ask.old]
                    .into_iter()
                    .flatten()
                    .any(|object| labels.matches(body::meta_value(object, "labels")))
        });
        of_namespace && of_object
    }

    /// The URL to call, and where to connect to if its host is a Service of this cluster.
    pub(super) fn address(&self, store: &Store) -> Result<(String, Option<String>), String> {
        if !self.speaks_v1 {
            return Err("webhook does not accept known AdmissionReview versions (v1)".to_owned());
        }
        address(&self.client, self.seconds, store).map_err(|why| format!("failed to call webhook: {why}"))
    }
}

/// What a `clientConfig` names: a URL to call, and where to connect to if its host is a Service of this cluster.
pub(crate) fn address(
    client: &Value,
    seconds: u64,
    store: &Store,
) -> Result<(String, Option<String>), String> {
    let query = format!("timeout={seconds}s");
    let url = text(client, "/url");
    if !url.is_empty() {
        let separator = if url.contains('?') { '&' } else { '?' };
        return Ok((format!("{url}{separator}{query}"), None));
    }
    let (namespace, name) = (text(client, "/service/namespace"), text(client, "/service/name"));
    let port = at(client, "service.port").and_then(Value::as_u64).unwrap_or(443);
    let path = text(client, "/service/path").trim_start_matches('/');
    let url = format!("https://{name}.{namespace}.svc:{port}/{path}?{query}");
    match service_address(store, namespace, name, port) {
        Ok(address) => Ok((url, Some(address))),
        Err(why) => Err(format!("Post \"{url}\": {why}")),
    }
}

/// A ready endpoint of a Service: nothing routes to cluster addresses here.
fn service_address(store: &Store, namespace: &str, name: &str, port: u64) -> Result<String, String> {
    let get = |key: String| store.get(&key).map(|entry| body::parse(&entry.body));
    let service = get(format!("/services/{namespace}/{name}"))
        .ok_or_else(|| format!("service \"{name}\" not found"))?;
    if text(&service, "/spec/type") == "ExternalName" {
        return Ok(format!("{}:{port}", text(&service, "/spec/externalName")));
    }
    let ports = at(&service, "spec.ports").and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted = ports
        .iter()
        .find(|p| at(p, "port").and_then(Value::as_u64) == Some(port))
        .ok_or_else(|| format!("no service port {port} found for service \"{name}\""))?;
    let missing = || format!("no endpoints available for service \"{name}\"");
    let endpoints = get(format!("/endpoints/{namespace}/{name}")).ok_or_else(missing)?;
    for subset in at(&endpoints, "subsets").and_then(Value::as_array).into_iter().flatten() {
        let list = |key: &str| subset.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let target = list("ports").into_iter().find(|p| text(p, "/name") == text(wanted, "/name"));
        if let (Some(address), Some(target)) = (list("addresses").first(), target) {
            let port = at(&target, "port").and_then(Value::as_u64).unwrap_or(port);
            return Ok(format!("{}:{port}", text(address, "/ip")));
        }
    }
    Err(missing())
}

impl Matched {
    /// The object in the version that the webhook wants, under that version's name: no conversion webhook is asked here.
    pub(super) fn show(&self, object: &Value) -> Value {
        let mut shown = object.clone();
        if let Some(map) = shown.as_object_mut() {
            map.insert("apiVersion".into(), self.kind.api_version().into());
            map.insert("kind".into(), (&*self.kind.kind).into());
        }
        shown
    }

    pub(super) fn back(&self, mut object: Value, resource: &Resource) -> Value {
        if let Some(map) = object.as_object_mut() {
            map.insert("apiVersion".into(), resource.api_version().into());
            map.insert("kind".into(), (&*resource.kind).into());
        }
        object
    }
}

fn rule_matches(rule: &Value, ask: &Ask<'_>, resource: &Resource) -> bool {
    let any = |key: &str, wanted: &str| {
        body::strings(rule.get(key)).iter().any(|entry| entry == "*" || entry == wanted)
    };
    let operation = match ask.operation {
        Operation::Create | Operation::Update | Operation::Delete => ask.operation.name(),
    };
    let scope = match text(rule, "/scope") {
        "Namespaced" => resource.namespaced,
        "Cluster" => !resource.namespaced,
        _ => true,
    };
    any("operations", operation)
        && any("apiGroups", &resource.group)
        && any("apiVersions", &resource.version)
        && scope
        && names_it(rule, ask.name)
        && body::strings(rule.get("resources"))
            .iter()
            .any(|entry| names(entry, &resource.plural, ask.subresource))
}

/// Policies may name objects.
fn names_it(rule: &Value, name: &str) -> bool {
    let names = body::strings(rule.get("resourceNames"));
    names.is_empty() || names.iter().any(|n| n == name)
}

/// `pods`, `pods/status`, `pods/*`, `*`, `*/status`, `*/*`.
fn names(entry: &str, plural: &str, subresource: &str) -> bool {
    let (resource, wanted) = entry.split_once('/').unwrap_or((entry, ""));
    (resource == "*" || resource == plural) && (wanted == "*" || wanted == subresource)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_rule_names_resources_and_subresources() {
        let cases = [
            ("pods", "", true),
            ("pods", "status", false),
            ("pods/status", "status", true),
            ("pods/*", "", true),
            ("pods/*", "status", true),
            ("*", "", true),
            ("*", "status", false),
            ("*/*", "status", true),
            ("*/status", "status", true),
            ("services", "", false),
        ];
        for (entry, subresource, wanted) in cases {
            assert_eq!(names(entry, "pods", subresource), wanted, "{entry} {subresource}");
        }
    }
}
