//! What is left to others: fields, scaling, objects that say so themselves.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;
use serde_json::Value;

on_both_wires! {
    a_field_that_is_left_to_others_is_set_once_and_then_theirs,
    what_was_scaled_stays_scaled_until_git_says_another_number,
    objects_that_ask_for_it_are_made_once_or_left_alone,
}

fn patch(world: &World, namespace: &str, name: &str, patch: &str) {
    let what = ["patch", "configmap", name, "-n", namespace, "--type=merge", "--field-manager=edit", "-p"];
    world.kubectl(&[&what[..], &[patch]].concat()).expect_success();
}

fn two_values(namespace: &str, name: &str, value: &str, more: &str) -> String {
    let object = config_map(namespace, name, value);
    format!("{}  more: {more:?}\n", object.trim_end_matches("---\n"))
}

fn managers_of(object: &Value, field: &str) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let owning = entries.iter().filter(|e| e["fieldsV1"]["f:data"].get(format!("f:{field}")).is_some());
    owning.map(|e| e["manager"].as_str().unwrap_or_default().to_owned()).collect()
}

fn a_field_that_is_left_to_others_is_set_once_and_then_theirs(world: &mut World) {
    world.tenant("left");
    world.repository.module("left", "web", &[], &two_values("left", "web", "ours", "ours"));
    let file = world.repository.path.join("left/web.yaml");
    let text = std::fs::read_to_string(&file).expect("the module");
    let rules = "  drift:\n    ignore:\n      - target: {kind: ConfigMap}\n        paths: [/data/value]\n";
    world.repository.write("left/web.yaml", &format!("{text}{rules}"));
    let commit = world.repository.commit("A value that is left to others");
    world.has_applied("module/left/web", &commit);
    world.config_map_is("left", "web", "ours");
    let made = world.kubectl(&["get", "cm", "web", "-n", "left", "-o", "json", "--show-managed-fields"]);
    let made: Value = serde_json::from_str(&made.expect_success()).expect("JSON");
    assert_eq!(managers_of(&made, "value"), ["mainstay-initial"], "{made}");
    assert_eq!(managers_of(&made, "more"), ["mainstay"], "{made}");

    // One is put back: by then the other has been decided too.
    patch(world, "left", "web", r#"{"data":{"value":"theirs","more":"theirs"}}"#);
    let more = |world: &World, want: &str| match world.object("configmap", "left", "web") {
        Some(object) if object["data"]["more"] == *want => Ok(()),
        other => Err(format!("{other:?}")),
    };
    world.until("the other field is put back", |world| more(world, "ours"));
    assert_eq!(world.config_map("left", "web").0, "theirs");
    world.is("module/left/web", "Ready");

    world.repository.write("left/web/objects.yaml", &two_values("left", "web", "new", "new"));
    let commit = world.repository.commit("New values");
    let diff = world.mainstay(&["diff", "module/left/web"]);
    // The daemon may have been faster.
    assert!(matches!(diff.status.code(), Some(0 | 2)) && !diff.stdout.contains("theirs"), "{diff:?}");
    world.has_applied("module/left/web", &commit);
    world.until("the new value", |world| more(world, "new"));
    assert_eq!(world.config_map("left", "web").0, "theirs");
}

const KIND: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scalables.left.example.com}
spec:
  group: left.example.com
  scope: Namespaced
  names: {kind: Scalable, plural: scalables, singular: scalable}
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {replicas: {type: integer}, size: {type: string}}}
---
";

fn scalable(replicas: u32) -> String {
    format!(
        "apiVersion: left.example.com/v1\nkind: Scalable\nmetadata: {{name: web, namespace: scaled}}\nspec: {{replicas: {replicas}, size: ours}}\n---\n{}",
        config_map("scaled", "beside", "ours")
    )
}

fn what_was_scaled_stays_scaled_until_git_says_another_number(world: &mut World) {
    world.tenant("scaled");
    world.kubectl_with(&["apply", "-f", "-"], KIND).expect_success();
    world.repository.module("scaled", "web", &[], &scalable(2));
    let commit = world.repository.commit("Something that scales");
    let spec = |world: &World| {
        let what = ["get", "scalable.left.example.com", "web", "-n", "scaled", "-o", "json"];
        serde_json::from_str::<Value>(&world.kubectl(&what).stdout).map(|object| object["spec"].clone())
    };
    let is = |world: &mut World, replicas: u32, size: &str| {
        world.until(&format!("{replicas} replicas, {size}"), |world| match spec(world) {
            Ok(spec) if spec["replicas"] == replicas && spec["size"] == *size => Ok(()),
            other => Err(format!("{other:?}")),
        });
    };
    is(world, 2, "ours");
    world.has_applied("module/scaled/web", &commit);

    world
        .kubectl(&["scale", "scalable.left.example.com/web", "-n", "scaled", "--replicas=5"])
        .expect_success();
    let edit = ["patch", "scalable.left.example.com", "web", "-n", "scaled", "--type=merge", "-p"];
    world.kubectl(&[&edit[..], &[r#"{"spec":{"size":"theirs"}}"#]].concat()).expect_success();
    is(world, 5, "ours");
    let diff = world.mainstay(&["diff", "module/scaled/web"]);
    assert!(diff.status.success() && !diff.stdout.contains("replicas"), "{diff:?}");

    let text = scalable(2).replace("size: ours", "size: new");
    world.repository.write("scaled/web/objects.yaml", &text);
    world.repository.commit("Another size");
    is(world, 5, "new");

    world.repository.write("scaled/web/objects.yaml", &text.replace("replicas: 2", "replicas: 3"));
    world.repository.commit("Another number");
    is(world, 3, "new");
}

fn with(object: &str, annotation: &str) -> String {
    object.replacen("metadata:\n", &format!("metadata:\n  annotations: {{{annotation}}}\n"), 1)
}

fn objects_that_ask_for_it_are_made_once_or_left_alone(world: &mut World) {
    world.tenant("asked");
    let theirs = with(&config_map("asked", "theirs", "first"), "mainstay.dev/ssa: IfNotPresent");
    world.kubectl_with(&["apply", "-f", "-"], &config_map("asked", "theirs", "before")).expect_success();
    let objects = [
        with(&config_map("asked", "once", "first"), "kustomize.toolkit.fluxcd.io/ssa: IfNotPresent"),
        with(&config_map("asked", "never", "first"), "mainstay.dev/reconcile: disabled"),
        theirs,
        config_map("asked", "paused", "first"),
        config_map("asked", "plain", "first"),
    ]
    .concat();
    world.repository.module("asked", "web", &[], &objects);
    let commit = world.repository.commit("Objects with wishes");
    world.has_applied("module/asked/web", &commit);
    world.config_map_is("asked", "once", "first");
    assert!(world.object("configmap", "asked", "never").is_none());
    assert_eq!(world.config_map("asked", "theirs").0, "before");

    world
        .kubectl(&["annotate", "cm", "paused", "-n", "asked", "mainstay.dev/reconcile=disabled"])
        .expect_success();
    for name in ["once", "theirs", "paused", "plain"] {
        patch(world, "asked", name, r#"{"data":{"value":"edited"}}"#);
    }
    world.config_map_is("asked", "plain", "first");
    let commit = {
        let objects = objects.replace("first", "second");
        world.repository.write("asked/web/objects.yaml", &objects);
        world.repository.commit("New values")
    };
    world.has_applied("module/asked/web", &commit);
    world.config_map_is("asked", "plain", "second");
    for name in ["once", "theirs", "paused"] {
        assert_eq!(world.config_map("asked", name).0, "edited", "{name}");
    }
    let events = world.kubectl(&["get", "events", "-n", "default", "-o", "jsonpath={.items[*].message}"]);
    let told = "ConfigMap asked/paused says in the cluster that it is not to be applied";
    assert!(events.stdout.contains(told), "{}", events.stdout);

    world.kubectl(&["annotate", "cm", "paused", "-n", "asked", "mainstay.dev/reconcile-"]).expect_success();
    world.kubectl(&["delete", "configmap", "once", "theirs", "-n", "asked"]).expect_success();
    for name in ["once", "theirs", "paused"] {
        world.config_map_is("asked", name, "second");
    }
}
