//! The embedded control plane as its clients see it: kube in process and over TLS, kubectl, a process that is killed.

mod admission;
mod controller;
mod conversion;
mod hook;
mod kill;
mod kubectl;
mod logical;
mod tls;
mod twins;
mod with_kube;

use kube::api::DynamicObject;
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use serde_json::json;

fn config_maps(client: &Client) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    Api::namespaced_with(client.clone(), "default", &resource)
}

fn config_map(name: &str, value: &str) -> DynamicObject {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "default" },
        "data": { "value": value },
    });
    serde_json::from_value(object).expect("an object")
}

/// A client for what a kubeconfig says, as any other program would make it.
async fn client_of(kubeconfig: &str) -> Client {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default())
            .await
            .expect("a configuration");
    Client::try_from(config).expect("a client")
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("not an answer: {other}"),
    }
}
