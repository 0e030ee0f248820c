//! `cargo xtask schema-table`: the built-in kinds and their structural schemas, from a real API server.
//! `cargo xtask schema-table v1.31.14`: the same from what that release's sources record of its server, because building
//! the servers of old releases takes longer than a table is worth. It holds what a server serves unasked: of 1.36.3 both
//! give the same `openapi-1.36.json.gz`; descriptions lack the paragraph that lists an enumeration.
//!
//! Writes two files to `engine/object/data`, gzipped JSON with sorted keys, the same bytes for the same server:
//!
//! `openapi-<minor>.json.gz`
//! ```text
//! { "version": "1.36", "release": "v1.36.3",
//!   "types": { "io.k8s.api.apps.v1.Deployment": Type, ... },
//!   "kinds": [ Kind, ... ] }
//! ```
//! Kinds are in the server's order: groups by priority ("" first), a group's preferred version first, then
//! plurals by name. That is the order in which a short name or a bare plural is resolved.
//! ```text
//! Kind = { "group": "", "version": "v1", "kind": "Pod", "plural": "pods", "singular": "pod",
//!          "shortNames": ["po"], "categories": ["all"], "namespaced": true, "verbs": ["create", ...],
//!          "type": "io.k8s.api.core.v1.Pod",
//!          "subresources": { "status": Sub, "eviction": Sub, ... } }
//! Sub  = { "group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"],
//!          "type": "io.k8s.api.policy.v1.Eviction" }       // "type" is absent where OpenAPI has none
//! ```
//! A `Type` is a schema. Whatever is absent or false upstream is absent here; descriptions are left out.
//! ```text
//! Type = {
//!   "k":    "object" | "array" | "string" | "integer" | "number" | "boolean"
//!           | "int-or-string"        // an integer or a string
//!           | "quantity"             // a string or a number
//!           | "any",                 // anything, null included
//!                                    // absent where "ref" is there
//!   "ref":  "io.k8s.api.core.v1.PodSpec",     // a name in "types"; what stands beside it applies to this use
//!   "f":    { "<field>": Type },     // fields of an object
//!   "req":  ["<field>"],             // required fields
//!   "ap":   Type,                    // values of a map; an object has "f", "ap" or neither (free-form)
//!   "i":    Type,                    // items of an array
//!   "fmt":  "int32" | "int64" | "double" | "byte" | "date-time" | ...,
//!   "enum": ["..."],
//!   "def":  value,                   // default. An empty object marks a struct that is never absent; zero values
//!                                    // matter as list-map keys only: the rest of a server's defaulting of built-in
//!                                    // kinds is in no OpenAPI
//!   "lt":   "atomic" | "set" | "map",         // x-kubernetes-list-type
//!   "lk":   ["containerPort", "protocol"],    // x-kubernetes-list-map-keys
//!   "mt":   "atomic" | "granular",            // x-kubernetes-map-type
//!   "ps":   "merge" | "replace" | "retainKeys" | "merge,retainKeys",   // x-kubernetes-patch-strategy
//!   "pk":   "name",                           // x-kubernetes-patch-merge-key
//!   "puf":  true                              // x-kubernetes-preserve-unknown-fields
//! }
//! ```
//!
//! `descriptions-<minor>.json.gz`, which only `explain` reads. The empty field name is the type itself.
//! ```text
//! { "version": "1.36", "release": "v1.36.3",
//!   "types": { "io.k8s.api.apps.v1.Deployment": { "": "...", "spec": "..." }, ... } }
//! ```

mod convert;
mod discover;
mod enums;
mod sources;

use anyhow::{Context, Result};
use mainstay_harness::RealServer;
use serde_json::{Map, Value, json};

use crate::{gzip, workspace};

pub fn run() -> Result<()> {
    let server = RealServer::start()?;
    let release = get(&server, "/version")?;
    let release = release["gitVersion"].as_str().context("the server tells no version")?.to_owned();
    make(&release, &|path| get(&server, path), None)
}

/// From the sources of a release such as `v1.31.14`.
pub fn run_on_sources(release: &str) -> Result<()> {
    let sources = sources::Sources::download(release)?;
    let generated = sources.generated()?;
    make(release, &|path| sources.get(path), Some(&generated))
}

/// With the code that OpenAPI is made of where the documents lack what is in it.
fn make(release: &str, get: &dyn Fn(&str) -> Result<Value>, generated: Option<&str>) -> Result<()> {
    let minor = minor(release)?;
    println!("reading {release}");
    let discovery = discover::discover(get)?;
    let mut definitions = Map::new();
    for path in &discovery.documents {
        let document = get(&format!("/openapi/v3{path}"))?;
        convert::collect(&mut definitions, &document).with_context(|| format!("in OpenAPI of {path}"))?;
    }
    let kinds = discover::name_types(discovery.kinds, &definitions)?;
    let mut types = Map::new();
    let mut descriptions = Map::new();
    for (name, schema) in &definitions {
        types.insert(name.clone(), convert::compact(schema).with_context(|| format!("in {name}"))?);
        descriptions.insert(name.clone(), convert::descriptions(schema));
    }
    println!("{} kinds, {} types", kinds.len(), types.len());
    if let Some(generated) = generated {
        println!("{} enumerations", enums::add(&mut types, generated)?);
    }
    let table = json!({ "version": minor, "release": release, "kinds": kinds, "types": types });
    write(&format!("openapi-{minor}.json.gz"), &table)?;
    let descriptions = json!({ "version": minor, "release": release, "types": descriptions });
    write(&format!("descriptions-{minor}.json.gz"), &descriptions)
}

fn write(name: &str, document: &Value) -> Result<()> {
    let folder = workspace::root().join("engine/object/data");
    std::fs::create_dir_all(&folder)?;
    let (plain, packed) = gzip::write_json(&folder.join(name), document)?;
    println!("{name}: {} KiB, {} KiB as JSON", packed / 1024, plain / 1024);
    Ok(())
}

fn get(server: &RealServer, path: &str) -> Result<Value> {
    let output = server.kubectl(&["get", "--raw", path]);
    anyhow::ensure!(output.success(), "cannot get {path}: {}", output.stderr.trim());
    serde_json::from_str(&output.stdout).with_context(|| format!("{path} is not JSON"))
}

/// `1.36` of `v1.36.3`.
fn minor(release: &str) -> Result<String> {
    let mut numbers = release.trim_start_matches('v').split('.');
    let major = numbers.next().context("no major version")?;
    let minor = numbers.next().with_context(|| format!("no minor version in {release}"))?;
    Ok(format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests;
