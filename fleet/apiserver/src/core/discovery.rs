//! What is served, told the classic way and aggregated.

use crate::core::failure::Failure;
use crate::core::negotiate;
use crate::core::registry::{Registry, Resource};
use crate::core::reply::Response;
use serde_json::{Value, json};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

pub fn version(git: &str) -> Value {
    let mut parts = git.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    json!({
        "major": major, "minor": minor, "gitVersion": git, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

/// The one document that is indented.
pub fn version_answer(git: &str) -> Response {
    let mut text = format!("{:#}", version(git)).into_bytes();
    text.push(b'\n');
    Response::bytes(200, "application/json", text)
}

pub fn root(registry: &Registry) -> Value {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned(), "/apis/".to_owned()];
    for (group, versions) in registry.groups() {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|v| format!("/apis/{group}/{v}")));
    }
    paths.extend(
        ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned),
    );
    json!({ "paths": paths })
}

/// What a client wants of `/api` and `/apis`.
enum Wanted {
    Aggregated,
    Classic,
}

fn wanted(accept: Option<&str>) -> Result<Wanted, Failure> {
    for clause in negotiate::clauses(accept.unwrap_or_default()) {
        let json = matches!(clause.media, "application/json" | "*/*" | "application/*" | "application/yaml");
        match (json, clause.parameter("as"), clause.parameter("v")) {
            (true, Some("APIGroupDiscoveryList"), Some("v2")) => return Ok(Wanted::Aggregated),
            (true, None, _) => return Ok(Wanted::Classic),
            _ => {}
        }
    }
    match accept.map(str::trim) {
        None | Some("") => Ok(Wanted::Classic),
        Some(_) => Err(Failure::not_acceptable(&negotiate::OFFERED)),
    }
}

pub fn core(registry: &Registry, accept: Option<&str>) -> Result<Response, Failure> {
    Ok(match wanted(accept)? {
        Wanted::Aggregated => aggregated(registry, &[(String::new(), vec!["v1".to_owned()])]),
        Wanted::Classic => Response::json(
            200,
            &json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        ),
    })
}

pub fn groups(registry: &Registry, accept: Option<&str>) -> Result<Response, Failure> {
    let groups = registry.groups();
    Ok(match wanted(accept)? {
        Wanted::Aggregated => aggregated(registry, &groups),
        Wanted::Classic => {
            let list: Vec<Value> =
                groups.iter().map(|(group, versions)| api_group(group, versions)).collect();
            Response::json(200, &json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": list }))
        }
    })
}

pub fn group(registry: &Registry, group: &str, accept: Option<&str>) -> Result<Response, Failure> {
    negotiate::negotiate(accept, false)?;
    let groups = registry.groups();
    let (_, versions) = groups.iter().find(|(g, _)| g == group).ok_or_else(|| registry.nothing(group))?;
    let mut body = api_group(group, versions);
    body["kind"] = "APIGroup".into();
    body["apiVersion"] = "v1".into();
    Ok(Response::json(200, &body))
}

fn api_group(group: &str, versions: &[String]) -> Value {
    let version = |v: &String| json!({ "groupVersion": format!("{group}/{v}"), "version": v });
    json!({
        "name": group,
        "versions": versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(version),
    })
}

pub fn group_version(
    registry: &Registry,
    group: &str,
    version: &str,
    accept: Option<&str>,
) -> Result<Response, Failure> {
    negotiate::negotiate(accept, false)?;
    if !registry.is_served(group, version) {
        return Err(registry.nothing(group));
    }
    let mut resources = Vec::new();
    for resource in registry.iter().filter(|r| r.group == group && r.version == version) {
        resources.push(classic(resource));
        for sub in &resource.subresources {
            let mut entry = json!({
                "name": format!("{}/{}", resource.plural, sub.name), "singularName": "",
                "namespaced": resource.namespaced, "kind": sub.kind.kind, "verbs": sub.verbs,
            });
            if (&*sub.kind.group, &*sub.kind.version) != (&*resource.group, &*resource.version) {
                entry["group"] = (&*sub.kind.group).into();
                entry["version"] = (&*sub.kind.version).into();
            }
            resources.push(entry);
        }
    }
    resources.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    let api_version = mainstay_object::GroupVersion::new(group, version).to_string();
    let mut list = json!({ "kind": "APIResourceList", "groupVersion": api_version, "resources": resources });
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Ok(Response::json(200, &list))
}

fn classic(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    if !resource.storage_hash.is_empty() {
        entry["storageVersionHash"] = (&*resource.storage_hash).into();
    }
    entry
}

fn aggregated(registry: &Registry, groups: &[(String, Vec<String>)]) -> Response {
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let of = registry.iter().filter(|r| r.group == *group && r.version == *version);
                    let mut resources: Vec<Value> = of.map(|r| entry(r)).collect();
                    resources.sort_by(|a, b| a["resource"].as_str().cmp(&b["resource"].as_str()));
                    json!({ "version": version, "resources": resources, "freshness": "Current" })
                })
                .collect();
            let metadata = if group.is_empty() {
                json!({ "creationTimestamp": null })
            } else {
                json!({ "name": group, "creationTimestamp": null })
            };
            json!({ "metadata": metadata, "versions": versions })
        })
        .collect();
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    Response::bytes(200, AGGREGATED, list.to_string().into_bytes())
}

fn entry(resource: &Resource) -> Value {
    let kind = |gvk: &mainstay_object::GroupVersionKind| json!({ "group": gvk.group, "version": gvk.version, "kind": gvk.kind });
    let mut entry = json!({
        "resource": resource.plural, "responseKind": kind(&resource.gvk()),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular, "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    if !resource.subresources.is_empty() {
        let sub = |s: &crate::core::registry::Subresource| json!({ "subresource": s.name, "responseKind": kind(&s.kind), "verbs": s.verbs });
        entry["subresources"] = resource.subresources.iter().map(sub).collect();
    }
    entry
}
