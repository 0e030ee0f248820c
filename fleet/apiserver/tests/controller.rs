//! A controller made with kube's runtime, after its public examples, on both servers: a custom resource that generates
//! a ConfigMap which it owns.

use crate::client_of;
use crate::twins::both;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher;
use kube::{Api, Client, CustomResource, CustomResourceExt, Resource, ResourceExt};
use mainstay_apiserver::{ControlPlane, User};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[derive(CustomResource, Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[kube(group = "generators.example.com", version = "v1", kind = "ConfigMapGenerator", namespaced)]
#[kube(shortname = "cmg")]
struct ConfigMapGeneratorSpec {
    content: String,
}

async fn reconcile(generator: Arc<ConfigMapGenerator>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": generator.name_any(), "ownerReferences": [generator.controller_owner_ref(&())] },
        "data": { "content": generator.spec.content },
    });
    let namespace = generator.namespace().unwrap_or_default();
    let maps: Api<ConfigMap> = Api::namespaced((*client).clone(), &namespace);
    maps.patch(&generator.name_any(), &PatchParams::apply("generator"), &Patch::Apply(map)).await?;
    Ok(Action::requeue(Duration::from_secs(300)))
}

/// Runs the controller while something is tried with it.
async fn with_controller<T>(client: &Client, namespace: &str, tried: impl Future<Output = T>) -> T {
    let generators: Api<ConfigMapGenerator> = Api::namespaced(client.clone(), namespace);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let running = Controller::new(generators, watcher::Config::default())
        .owns(maps, watcher::Config::default())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_secs(1)), Arc::new(client.clone()))
        .for_each(|_| std::future::ready(()));
    tokio::select! {
        () = running => panic!("the controller ended"),
        result = tried => result,
    }
}

async fn soon<T>(what: &str, awaited: impl Future<Output = Result<T, kube::runtime::wait::Error>>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), awaited).await {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => panic!("{what}: {error}"),
        Err(_) => panic!("{what}: not in time"),
    }
}

async fn the_story(client: Client, namespace: String) {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    let crd = ConfigMapGenerator::crd();
    crds.patch(&crd.name_any(), &PatchParams::apply("tests"), &Patch::Apply(&crd)).await.expect("a CRD");
    soon("the CRD", await_condition(crds.clone(), &crd.name_any(), conditions::is_crd_established())).await;

    let generators: Api<ConfigMapGenerator> = Api::namespaced(client.clone(), &namespace);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    let has = |wanted: &'static str| {
        move |map: Option<&ConfigMap>| {
            map.is_some_and(|m| {
                m.data.as_ref().is_some_and(|d| d.get("content").is_some_and(|c| c == wanted))
            })
        }
    };
    let story = Box::pin(async {
        let made = ConfigMapGenerator::new("one", ConfigMapGeneratorSpec { content: "first".into() });
        let made = generators.create(&PostParams::default(), &made).await.expect("a generator");
        let map =
            soon("it is made", await_condition(maps.clone(), "one", has("first"))).await.expect("a map");
        assert_eq!(map.metadata.owner_references.expect("an owner")[0].uid, made.uid().expect("a UID"));

        maps.delete("one", &DeleteParams::default()).await.expect("deleted");
        let again = soon("it is made again", await_condition(maps.clone(), "one", has("first"))).await;
        assert_ne!(again.expect("a map").metadata.uid, map.metadata.uid);

        let change = Patch::Merge(json!({ "spec": { "content": "second" } }));
        generators.patch("one", &PatchParams::default(), &change).await.expect("patched");
        let changed = soon("it is changed", await_condition(maps.clone(), "one", has("second"))).await;
        let uid = changed.and_then(|m| m.metadata.uid).expect("a UID");

        generators.delete("one", &DeleteParams::default()).await.expect("deleted");
        let gone = await_condition(maps.clone(), "one", conditions::is_deleted(&uid));
        soon("it goes with its owner", gone).await;
    });
    with_controller(&client, &namespace, story).await;
    crds.delete(&crd.name_any(), &DeleteParams::default()).await.expect("deleted");
}

#[test]
fn a_controller_runs_unchanged_on_both_servers() {
    let Some(servers) = both("controller") else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for twin in [&servers.real, &servers.embedded] {
        let kubeconfig = std::fs::read_to_string(twin.home.path().join("config")).expect("a kubeconfig");
        runtime.block_on(async {
            Box::pin(the_story(client_of(&kubeconfig).await, twin.namespace.clone())).await;
        });
    }
}

#[tokio::test]
async fn a_controller_runs_unchanged_in_process() {
    let plane = ControlPlane::builder().build().await.expect("a control plane");
    let client = Client::new(plane.service("root", User::admin()).expect("a service"), "default");
    Box::pin(the_story(client, "default".to_owned())).await;
}
