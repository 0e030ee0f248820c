//! Admission webhooks, called for real: one HTTPS server, asked by a real API server and by the embedded one.

use crate::hook::{self, Hook};
use kube::Client;
use kube::api::ApiResource;
use serde_json::{Value, json};

/// What a server answered and what the webhook was asked meanwhile, masked.
async fn tell(client: &Client, hook: &Hook, namespace: &str, step: &Step) -> String {
    let path = step.path.replace("$NS", namespace);
    let mut request = http::Request::builder().method(step.method).uri(&path);
    if !step.content_type.is_empty() {
        request = request.header("content-type", step.content_type);
    }
    let body = if step.body.is_null() { String::new() } else { step.body.to_string() };
    let request = request.body(body.replace("$NS", namespace).into_bytes().into()).expect("a request");
    let response = client.send(request).await.expect("an answer");
    let status = response.status();
    let mut warnings: Vec<String> = Vec::new();
    for warning in response.headers().get_all("warning") {
        warnings.push(warning.to_str().unwrap_or_default().to_owned());
    }
    warnings.sort();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes();
    let mut answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    hide(&mut answer);
    let mut asked = hook.take();
    asked.iter_mut().for_each(hide);
    format!(
        "## {} {path}\n{status} {warnings:?}\n{}\nasked: {}\n",
        step.method,
        serde_json::to_string_pretty(&answer).expect("text"),
        serde_json::to_string_pretty(&asked).expect("text"),
    )
}

struct Step {
    method: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: Value,
}

fn step(method: &'static str, path: &'static str, body: Value) -> Step {
    let content_type = match (method, body.is_null()) {
        (_, true) => "",
        ("PATCH", false) => "application/merge-patch+json",
        (_, false) => "application/json",
    };
    Step { method, path, content_type, body }
}

/// What must differ between two servers: UIDs, times, versions, who exactly asks, who owns which field.
fn hide(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["uid", "creationTimestamp", "resourceVersion", "managedFields", "userInfo", "time"] {
                map.remove(key);
            }
            if map.get("retryAfterSeconds").is_some() {
                map.remove("retryAfterSeconds");
            }
            map.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::String(text) => {
            for (rule, with) in [
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
                (r"https://127\.0\.0\.1:\d+", "<webhook>"),
                // So is a patch that does not fit.
                (r"doc is missing path.*", "doc is missing path"),
                (r"^made-[a-z0-9]{5}$", "made-<suffix>"),
            ] {
                *text = regex::Regex::new(rule).expect("a rule").replace_all(text, with).into_owned();
            }
            for word in ["dial tcp", "tls:", "EOF", "connection refused", "context deadline exceeded"] {
                // How a connection fails is told in the words of another library.
                if let Some(at) = text.find(word) {
                    text.truncate(at);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A configuration of webhooks for the test's namespace.
fn configuration(kind: &str, hooks: &[Value]) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
        "metadata": { "name": "twin-admission" }, "webhooks": hooks,
    })
}

/// A webhook with what every one of them has; `more` is added.
fn webhook(hook: &Hook, path: &str, more: Value) -> Value {
    let mut webhook = json!({
        "name": format!("{path}.example.com"),
        "clientConfig": { "url": format!("{}/{path}", hook.url), "caBundle": hook.ca_bundle },
        "rules": [{
            "operations": ["CREATE", "UPDATE", "DELETE"], "apiGroups": [""], "apiVersions": ["v1"],
            "resources": ["configmaps"],
        }],
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "$NS" } },
        "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 5,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        webhook[key] = value.clone();
    }
    webhook
}

const MAPS: &str = "/api/v1/namespaces/$NS/configmaps";
const MAP: &str = "/api/v1/namespaces/$NS/configmaps/one";

fn map(name: &str, data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data })
}

/// Plays the same steps on both servers, after the same configuration, and compares all that is seen.
fn the_same_is_seen(test: &str, kind: &str, hooks: impl Fn(&Hook) -> Vec<Value>, steps: &[Step]) {
    hook::the_same_is_seen(test, async |client, hook, namespace| {
        let plural = format!("{}s", kind.to_lowercase());
        let configured = configuration(kind, &hooks(hook)).to_string().replace("$NS", namespace);
        let configured: Value = serde_json::from_str(&configured).expect("JSON");
        configure(client, &plural, Some(&configured)).await;
        hook.await_calls(client, namespace).await;
        let mut seen = String::new();
        for step in steps {
            seen.push_str(&tell(client, hook, namespace, step).await);
        }
        configure(client, &plural, None).await;
        seen
    });
}

async fn configure(client: &Client, plural: &str, configured: Option<&Value>) {
    let kind = kube::core::GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", "Any");
    let resource = ApiResource::from_gvk_with_plural(&kind, plural);
    let api: kube::Api<kube::api::DynamicObject> = kube::Api::all_with(client.clone(), &resource);
    match configured {
        Some(configured) => {
            let object = serde_json::from_value(configured.clone()).expect("an object");
            api.create(&kube::api::PostParams::default(), &object).await.expect("configured");
        }
        None => {
            api.delete("twin-admission", &kube::api::DeleteParams::default()).await.expect("deleted");
        }
    }
}

#[test]
fn mutating_webhooks_change_what_is_stored() {
    let hooks = |hook: &Hook| {
        vec![
            webhook(hook, "label", json!({ "reinvocationPolicy": "IfNeeded" })),
            webhook(hook, "count", json!({})),
        ]
    };
    let generated = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "generateName": "made-" }, "data": { "a": "b" },
    });
    the_same_is_seen(
        "mutating",
        "MutatingWebhookConfiguration",
        hooks,
        &[
            step("POST", MAPS, map("one", json!({ "a": "b" }))),
            step("POST", "/api/v1/namespaces/$NS/configmaps?dryRun=All", map("two", json!({}))),
            step("PATCH", MAP, json!({ "data": { "a": "c" } })),
            step("GET", MAP, Value::Null),
            step("POST", "/api/v1/namespaces/$NS/configmaps?dryRun=All&fieldManager=x", generated),
            step("DELETE", MAP, Value::Null),
            step(
                "POST",
                "/api/v1/namespaces/$NS/secrets",
                json!({
                    "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "one" },
                }),
            ),
        ],
    );
}

#[test]
fn validating_webhooks_refuse_in_their_own_words() {
    let hooks = |hook: &Hook| {
        vec![
            webhook(hook, "allow", json!({})),
            webhook(hook, "deny", json!({ "objectSelector": { "matchLabels": { "deny": "yes" } } })),
            webhook(hook, "silent", json!({ "objectSelector": { "matchLabels": { "deny": "silently" } } })),
            webhook(hook, "teapot", json!({ "objectSelector": { "matchLabels": { "deny": "oddly" } } })),
            webhook(
                hook,
                "never",
                json!({ "rules": [{
                "operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["*"], "resources": ["*/*"],
            }] }),
            ),
            webhook(
                hook,
                "conditional",
                json!({ "matchConditions": [
                { "name": "created", "expression": "request.operation == 'CREATE'" },
                { "name": "marked", "expression": "has(object.data) && object.data.?mark.orValue('') == 'yes'" },
            ] }),
            ),
        ]
    };
    let labelled = |name: &str, deny: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": { "deny": deny } },
        })
    };
    the_same_is_seen(
        "validating",
        "ValidatingWebhookConfiguration",
        hooks,
        &[
            step("POST", MAPS, map("one", json!({ "a": "b" }))),
            step("POST", MAPS, map("marked", json!({ "mark": "yes" }))),
            step("POST", MAPS, labelled("two", "yes")),
            step("POST", MAPS, labelled("two", "silently")),
            step("POST", MAPS, labelled("two", "oddly")),
            step("PATCH", MAP, json!({ "metadata": { "labels": { "deny": "yes" } } })),
            step("GET", MAP, Value::Null),
            step("DELETE", MAP, Value::Null),
            step(
                "DELETE",
                "/api/v1/namespaces/$NS/configmaps?fieldSelector=metadata.name=marked",
                Value::Null,
            ),
        ],
    );
}

#[test]
fn a_webhook_that_does_not_answer_ends_the_request_or_is_ignored() {
    let hooks = |hook: &Hook| {
        let ignored = json!({ "failurePolicy": "Ignore" });
        let selected = |label: &str| json!({ "objectSelector": { "matchLabels": { "try": label } } });
        let mut untrusted = webhook(hook, "untrusted", selected("untrusted"));
        untrusted["clientConfig"]["caBundle"] = Value::from(Hook::another_authority());
        let mut service = webhook(hook, "service", selected("service"));
        service["clientConfig"] = json!({
            "service": { "namespace": "$NS", "name": "nothing", "path": "/x" }, "caBundle": hook.ca_bundle,
        });
        let mut slow = webhook(hook, "slow", selected("slow"));
        slow["timeoutSeconds"] = 1.into();
        let mut effects = webhook(hook, "effects", selected("effects"));
        effects["sideEffects"] = "NoneOnDryRun".into();
        vec![
            webhook(hook, "broken", ignored),
            webhook(hook, "garbage", selected("garbage")),
            webhook(hook, "other", selected("other")),
            webhook(hook, "error", selected("error")),
            untrusted,
            service,
            slow,
            effects,
        ]
    };
    let tried = |label: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "one", "labels": { "try": label } },
        })
    };
    let create = |label: &str| step("POST", "/api/v1/namespaces/$NS/configmaps?dryRun=All", tried(label));
    the_same_is_seen(
        "unanswered",
        "ValidatingWebhookConfiguration",
        hooks,
        &[
            create("nothing"),
            create("garbage"),
            create("other"),
            create("untrusted"),
            create("service"),
            create("slow"),
            create("effects"),
        ],
    );
}
