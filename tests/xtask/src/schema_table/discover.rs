//! Kinds, from the server's discovery. The unaggregated form is read: it says as much as the aggregated one
//! and kubectl can ask for it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

pub struct Discovery {
    pub kinds: Vec<Value>,
    /// Paths below `/openapi/v3`, one per group and version.
    pub documents: Vec<String>,
}

/// Asks for every group and version that the server serves.
pub fn discover(get: &dyn Fn(&str) -> Result<Value>) -> Result<Discovery> {
    let mut versions = vec![(String::new(), "v1".to_owned(), "/api/v1".to_owned())];
    let groups = get("/apis")?;
    for group in groups["groups"].as_array().context("/apis lists no groups")? {
        let name = string(&group["name"])?;
        for (place, version) in group["versions"].as_array().context("no versions")?.iter().enumerate() {
            let preferred = version == &group["preferredVersion"];
            ensure!(preferred == (place == 0), "{name} does not list its preferred version first");
            let version = string(&version["version"])?;
            versions.push((name.clone(), version.clone(), format!("/apis/{name}/{version}")));
        }
    }
    let mut kinds = Vec::new();
    let mut documents = Vec::new();
    for (group, version, path) in versions {
        let list = get(&path)?;
        let resources = list["resources"].as_array().with_context(|| format!("{path} lists no resources"))?;
        kinds.extend(kinds_of(&group, &version, resources)?);
        documents.push(path);
    }
    Ok(Discovery { kinds, documents })
}

fn kinds_of(group: &str, version: &str, resources: &[Value]) -> Result<Vec<Value>> {
    let mut kinds: BTreeMap<String, Value> = BTreeMap::new();
    let mut subresources: Vec<(String, String, Value)> = Vec::new();
    for resource in resources {
        let name = string(&resource["name"])?;
        let or = |key: &str, otherwise: &str| resource[key].as_str().unwrap_or(otherwise).to_owned();
        // A resource of another group's kind says so; else it is of the group that lists it.
        let identity = json!({
            "group": if resource["version"].is_string() { or("group", "") } else { group.to_owned() },
            "version": or("version", version),
            "kind": string(&resource["kind"])?,
            "verbs": sorted(&resource["verbs"]),
        });
        match name.split_once('/') {
            Some((parent, subresource)) => {
                subresources.push((parent.to_owned(), subresource.to_owned(), identity));
            }
            None => {
                let mut kind = identity;
                kind["plural"] = json!(name);
                kind["singular"] = json!(or("singularName", ""));
                kind["shortNames"] = sorted(&resource["shortNames"]);
                kind["categories"] = sorted(&resource["categories"]);
                kind["namespaced"] = resource["namespaced"].clone();
                kind["subresources"] = json!({});
                kinds.insert(name, kind);
            }
        }
    }
    for (parent, name, subresource) in subresources {
        let kind = kinds.get_mut(&parent).with_context(|| format!("{parent}/{name} has no parent"))?;
        kind["subresources"][name] = subresource;
    }
    Ok(kinds.into_values().collect())
}

/// Adds the name of its OpenAPI definition to each kind and subresource.
pub fn name_types(mut kinds: Vec<Value>, definitions: &Map<String, Value>) -> Result<Vec<Value>> {
    let names = types_by_kind(definitions);
    let find = |kind: &Value| names.get(&identity(kind)).cloned();
    for kind in &mut kinds {
        let name = find(kind).with_context(|| format!("no schema of {kind}"))?;
        kind["type"] = json!(name);
        let subresources = kind["subresources"].as_object_mut().context("subresources are a map")?;
        for subresource in subresources.values_mut() {
            if let Some(name) = find(subresource) {
                subresource["type"] = json!(name);
            }
        }
    }
    Ok(kinds)
}

/// `[group, version, kind]` to the definition's name, where that is one kind's own.
fn types_by_kind(definitions: &Map<String, Value>) -> BTreeMap<[String; 3], String> {
    let mut names = BTreeMap::new();
    for (name, schema) in definitions {
        let kinds = schema["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice);
        // Definitions such as DeleteOptions name every group that uses them.
        if let Some([kind]) = kinds {
            names.insert(identity(kind), name.clone());
        }
    }
    names
}

fn identity(kind: &Value) -> [String; 3] {
    ["group", "version", "kind"].map(|part| kind[part].as_str().unwrap_or_default().to_owned())
}

fn string(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is no string"))?.to_owned())
}

fn sorted(list: &Value) -> Value {
    let mut items: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    items.sort_unstable();
    json!(items)
}
