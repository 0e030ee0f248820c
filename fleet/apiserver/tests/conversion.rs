//! Conversion webhooks, called for real: the same requests to a real API server and to the embedded one, whose custom
//! resources are converted by the same HTTPS server.

use crate::hook::{self, Hook};
use kube::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const WIDGETS: &str = "/namespaces/$NS/widgets";

/// `v1` says `size: 3x4`, `v2` says `width: 3` and `height: 4`.
fn definition(hook: &Hook, storage: &str) -> Value {
    let version = |name: &str, spec: Value, column: &str| {
        json!({
            "name": name, "served": true, "storage": name == storage,
            "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                "spec": spec, "status": { "type": "object", "properties": { "phase": { "type": "string" } } },
            } } },
            "subresources": { "status": {} },
            "additionalPrinterColumns": [{ "name": "Size", "type": "string", "jsonPath": column }],
        })
    };
    let one = json!({ "type": "object", "properties": { "size": { "type": "string" } } });
    let two = json!({ "type": "object", "properties": {
        "width": { "type": "integer" }, "height": { "type": "integer", "default": 1 },
    } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.conversion.example.com" },
        "spec": {
            "group": "conversion.example.com", "scope": "Namespaced",
            "names": { "plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList" },
            "versions": [version("v1", one, ".spec.size"), version("v2", two, ".spec.width")],
            "conversion": { "strategy": "Webhook", "webhook": {
                "conversionReviewVersions": ["v1"],
                "clientConfig": { "url": format!("{}/convert", hook.url), "caBundle": hook.ca_bundle },
            } },
        },
    })
}

struct Step {
    method: &'static str,
    path: String,
    body: Value,
    accept: &'static str,
}

fn step(method: &'static str, version: &str, rest: &str, body: Value) -> Step {
    let path = format!("/apis/conversion.example.com/{version}{WIDGETS}{rest}");
    Step { method, path, body, accept: "application/json" }
}

fn get(version: &str, rest: &str) -> Step {
    step("GET", version, rest, Value::Null)
}

fn widget(version: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": format!("conversion.example.com/{version}"), "kind": "Widget",
        "metadata": { "name": name }, "spec": spec,
    })
}

/// A widget at which the webhook behaves in a way of its own.
fn odd(how: &str) -> Value {
    let mut widget = widget("v2", how, json!({ "width": 1, "height": 2 }));
    widget["metadata"]["annotations"] = json!({ "try": how });
    widget
}

async fn send(client: &Client, namespace: &str, step: &Step) -> (u16, Vec<String>, String) {
    let apply = step.path.contains("fieldManager=") && step.method == "PATCH";
    let content_type = match (step.method, apply) {
        (_, true) => "application/apply-patch+yaml",
        ("PATCH", false) => "application/merge-patch+json",
        (_, false) => "application/json",
    };
    let body = if step.body.is_null() { String::new() } else { step.body.to_string() };
    let request = http::Request::builder()
        .method(step.method)
        .uri(step.path.replace("$NS", namespace))
        .header("accept", step.accept)
        .header("content-type", content_type)
        .body(body.into_bytes().into())
        .expect("a request");
    let response = client.send(request).await.expect("an answer");
    let status = response.status().as_u16();
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings.map(|w| w.to_str().unwrap_or_default().to_owned()).collect();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes();
    (status, warnings, String::from_utf8_lossy(&bytes).into_owned())
}

async fn tell(client: &Client, namespace: &str, step: &Step) -> String {
    let (status, warnings, text) = send(client, namespace, step).await;
    // A watch is a line for each event, those of the state in any order.
    let mut lines: Vec<String> = text.lines().filter(|l| !l.trim().is_empty()).map(shown).collect();
    lines.sort();
    format!("## {} {}\n{status} {warnings:?}\n{}\n", step.method, step.path, lines.join("\n"))
}

fn shown(line: &str) -> String {
    let mut value: Value = serde_json::from_str(line).unwrap_or_else(|_| line.into());
    mask(&mut value);
    serde_json::to_string_pretty(&value).expect("text")
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["uid", "creationTimestamp", "resourceVersion", "time", "deletionTimestamp"] {
                map.remove(key);
            }
            map.values_mut().for_each(mask);
            // The real server takes conflicts out of a map without an order.
            if let Some(Value::Array(causes)) = map.get_mut("causes") {
                causes.sort_by_key(Value::to_string);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::String(text) => {
            for (rule, with) in [
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
                (r"https://127\.0\.0\.1:\d+", "<webhook>"),
                (r"couldn't get version/kind; json parse error.*", "<not JSON>"),
            ] {
                *text = regex::Regex::new(rule).expect("a rule").replace_all(text, with).into_owned();
            }
            for word in ["dial tcp", "tls:", "EOF"] {
                // How a connection fails is told in the words of another library.
                if let Some(at) = text.find(word) {
                    text.truncate(at);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The definition, and the state in which every server is asked the same.
async fn define(client: &Client, namespace: &str, crd: &Value) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions".to_owned();
    let create = Step { method: "POST", path, body: crd.clone(), accept: "application/json" };
    let (status, warnings, text) = send(client, namespace, &create).await;
    assert_eq!((status, warnings), (201, vec![]), "{text}");
    until(client, namespace, &get("v2", ""), |status, _| status == 200).await;
    until(client, namespace, &get("v1", ""), |status, _| status == 200).await;
}

async fn until(client: &Client, namespace: &str, step: &Step, done: impl Fn(u16, &str) -> bool) {
    let begun = Instant::now();
    loop {
        let (status, _, text) = send(client, namespace, step).await;
        if done(status, &text) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{}: {status}: {text}", step.path);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn undefine(client: &Client, namespace: &str) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.conversion.example.com";
    let delete =
        Step { method: "DELETE", path: path.to_owned(), body: Value::Null, accept: "application/json" };
    send(client, namespace, &delete).await;
    let gone = Step { method: "GET", path: path.to_owned(), body: Value::Null, accept: "application/json" };
    until(client, namespace, &gone, |status, _| status == 404).await;
}

/// Plays on both servers what `play` does with one, and compares what it saw.
fn the_same_is_seen(test: &str, play: impl AsyncFn(&Client, &Hook, &str) -> String) {
    hook::the_same_is_seen(test, async |client, hook, namespace| {
        let seen = play(client, hook, namespace).await;
        undefine(client, namespace).await;
        seen
    });
}

async fn tell_all(client: &Client, namespace: &str, steps: &[Step]) -> String {
    let mut seen = String::new();
    for step in steps {
        seen.push_str(&tell(client, namespace, step).await);
    }
    seen
}

#[test]
fn objects_are_read_and_written_in_every_version() {
    let labelled = json!({ "metadata": { "labels": { "of": "two" } } });
    let held = json!({ "metadata": { "finalizers": ["example.com/held"] } });
    let free = json!({ "metadata": { "finalizers": null } });
    let apply = |version: &str, manager: &str, force: bool, spec: Value| {
        let rest = format!("/applied?fieldManager={manager}&force={force}");
        step("PATCH", version, &rest, widget(version, "applied", spec))
    };
    let mut table = get("v2", "?limit=500");
    table.accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let steps = [
        step("POST", "v1", "", widget("v1", "one", json!({ "size": "3x4" }))),
        get("v1", "/one"),
        get("v2", "/one"),
        step("POST", "v2", "", widget("v2", "two", json!({ "width": 5 }))),
        get("v1", "/two"),
        get("v2", "/two"),
        step("POST", "v2", "?dryRun=All", widget("v2", "dry", json!({ "width": 6, "height": 7 }))),
        step("POST", "v2", "?fieldValidation=Strict", widget("v2", "bad", json!({ "size": "1x1" }))),
        step("POST", "v2", "", widget("v2", "bad", json!({ "width": "wide" }))),
        step("PATCH", "v2", "/two", labelled),
        step("PATCH", "v2", "/two", json!({ "spec": { "width": 8 } })),
        step("PATCH", "v1", "/two", json!({ "spec": { "size": "9x9" } })),
        step("PATCH", "v2", "/two/status", json!({ "status": { "phase": "Ready" } })),
        get("v1", "/two"),
        step("PUT", "v2", "/one", widget("v2", "one", json!({ "width": 1, "height": 2 }))),
        get("v1", "/one"),
        apply("v2", "left", false, json!({ "width": 1 })),
        apply("v2", "right", false, json!({ "height": 4 })),
        apply("v2", "right", false, json!({ "width": 2 })),
        apply("v1", "third", false, json!({ "size": "5x6" })),
        apply("v1", "third", true, json!({ "size": "5x6" })),
        apply("v2", "left", false, json!({ "width": 5 })),
        get("v2", "/applied"),
        get("v1", "/applied"),
        get("v1", ""),
        get("v2", ""),
        get("v2", "?labelSelector=of%3Dtwo"),
        table,
        get("v2", "?watch=true&timeoutSeconds=2&resourceVersion=0"),
        step("PATCH", "v2", "/two", held),
        step("DELETE", "v2", "/two", Value::Null),
        get("v2", "/two"),
        step("PATCH", "v2", "/two", free),
        get("v2", "/two"),
        step("DELETE", "v2", "/one", Value::Null),
        step("DELETE", "v2", "", Value::Null),
    ];
    the_same_is_seen("conversion", async |client, hook, namespace| {
        define(client, namespace, &definition(hook, "v1")).await;
        tell_all(client, namespace, &steps).await
    });
}

#[test]
fn what_a_webhook_answers_wrongly_is_told_in_the_same_words() {
    let ways = [
        "refuse", "silent", "garbage", "stranger", "fewer", "version", "kind", "name", "metadata", "labels",
        "label", "numbers", "broken",
    ];
    let mut steps: Vec<Step> = ways.iter().map(|how| step("POST", "v2", "", odd(how))).collect();
    // What is stored already can be read as it is stored, and in no other version.
    let moody = json!({
        "apiVersion": "conversion.example.com/v1", "kind": "Widget",
        "metadata": { "name": "moody", "annotations": { "try": "moody" } }, "spec": { "size": "1x1" },
    });
    steps.push(step("POST", "v2", "", odd("annotated")));
    steps.push(get("v2", "/annotated"));
    steps.push(step("POST", "v1", "", moody));
    steps.push(get("v1", "/moody"));
    steps.push(get("v2", "/moody"));
    steps.push(step("PATCH", "v2", "/moody", json!({ "spec": { "width": 3 } })));
    steps.push(step("DELETE", "v1", "/moody", Value::Null));
    the_same_is_seen("unconverted", async |client, hook, namespace| {
        define(client, namespace, &definition(hook, "v1")).await;
        tell_all(client, namespace, &steps).await
    });
}

#[test]
fn objects_stay_as_they_were_stored_until_they_are_written_again() {
    let crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.conversion.example.com";
    let before = [
        step("POST", "v1", "", widget("v1", "old", json!({ "size": "3x4" }))),
        step("POST", "v1", "", widget("v1", "older", json!({ "size": "1x2" }))),
    ];
    let after = [
        get("v1", "/old"),
        get("v2", "/old"),
        step("POST", "v1", "", widget("v1", "new", json!({ "size": "5x6" }))),
        get("v2", "/new"),
        get("v1", "/new"),
        step("PATCH", "v1", "/old", json!({ "spec": { "size": "7x8" } })),
        get("v2", ""),
        get("v1", ""),
    ];
    the_same_is_seen("restored", async |client, hook, namespace| {
        define(client, namespace, &definition(hook, "v1")).await;
        let mut seen = tell_all(client, namespace, &before).await;
        let versions = definition(hook, "v2")["spec"]["versions"].clone();
        let body = json!({ "spec": { "versions": versions } });
        let patch = Step { method: "PATCH", path: crd.to_owned(), body, accept: "application/json" };
        let (status, _, text) = send(client, namespace, &patch).await;
        assert_eq!(status, 200, "{text}");
        let read =
            Step { method: "GET", path: crd.to_owned(), body: Value::Null, accept: "application/json" };
        until(client, namespace, &read, |_, text| {
            let crd: Value = serde_json::from_str(text).unwrap_or_default();
            crd["status"]["storedVersions"] == json!(["v1", "v2"])
        })
        .await;
        // A new version takes effect some time after it is written.
        until(client, namespace, &get("v2", ""), |status, _| status == 200).await;
        seen.push_str(&tell_all(client, namespace, &after).await);
        seen
    });
}
