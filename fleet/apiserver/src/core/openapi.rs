//! OpenAPI documents, made from the schema table and from CRDs: what `kubectl explain` and clients that look for types
//! and for the parameters that the server takes read of them.

use crate::core::failure::Failure;
use crate::core::negotiate;
use crate::core::registry::{Registry, Resource};
use crate::core::reply::Response;
use mainstay_object::Digest;
use mainstay_object::schema::Definitions;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is asked for with `@v1.0` is answered with `.v1.0`: a media type has no `@`.
const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// `/openapi/v2` without definitions: clients that find none go without client-side checks. kubectl insists on
/// protobuf here, so those few bytes are written by hand.
pub fn v2(version: &str, accept: Option<&str>) -> Result<Response, Failure> {
    let title = "Kubernetes";
    let clauses = negotiate::clauses(accept.unwrap_or_default());
    let protobuf =
        clauses.iter().any(|c| c.media.starts_with("application/com.github.proto-openapi.spec.v2"));
    if protobuf {
        let mut info = field(1, title.as_bytes());
        info.extend(field(2, version.as_bytes()));
        let mut document = field(1, b"2.0");
        document.extend(field(2, &info));
        document.extend(field(8, b""));
        return Ok(Response::bytes(200, V2_PROTOBUF, document));
    }
    negotiate::negotiate(accept, false)?;
    let body = json!({ "swagger": "2.0", "info": { "title": title, "version": version }, "paths": {}, "definitions": {} });
    Ok(Response::json(200, &body))
}

/// A length-delimited protobuf field. Lengths here stay below 128.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![(number << 3) | 2, u8::try_from(bytes.len().min(127)).unwrap_or(127)];
    out.extend_from_slice(bytes.get(..bytes.len().min(127)).unwrap_or_default());
    out
}

/// `/openapi/v3`
pub fn index(registry: &Registry) -> Value {
    let mut paths = Map::new();
    for (group, versions) in std::iter::once((String::new(), vec!["v1".to_owned()])).chain(registry.groups())
    {
        for version in versions {
            let path =
                if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
            let hash = hash(registry, &group, &version);
            let url = format!("/openapi/v3/{path}?hash={hash}");
            paths.insert(path, json!({ "serverRelativeURL": url }));
        }
    }
    json!({ "paths": paths })
}

/// Changes when the document does: built-in ones never, those of CRDs with their schemas.
fn hash(registry: &Registry, group: &str, version: &str) -> String {
    let mut text = format!("{group}/{version}");
    for resource in registry.iter().filter(|r| r.group == group && r.version == version) {
        text.push_str(&resource.plural);
        if let Some(custom) = &resource.custom {
            text.push_str(&custom.uid);
            text.push_str(&custom.schema.to_string());
        }
    }
    Digest::of_bytes(text.as_bytes()).hex().to_uppercase()
}

pub fn v3(registry: &Registry, group: &str, version: &str, git: &str) -> Result<Response, Failure> {
    if !registry.is_served(group, version) {
        return Err(Failure::no_path());
    }
    let definitions = Definitions::unpack(registry.minor());
    let mut schemas = BTreeMap::new();
    let mut paths = Map::new();
    for resource in registry.iter().filter(|r| r.group == group && r.version == version) {
        let name = match &resource.custom {
            Some(custom) => {
                let name = custom_name(resource);
                definitions.collect(METADATA, &mut schemas);
                schemas.insert(name.clone(), custom_schema(&custom.schema));
                name
            }
            None => {
                let Some(name) = definitions.name(&resource.gvk()) else { continue };
                definitions.collect(name, &mut schemas);
                for subresource in &resource.subresources {
                    definitions
                        .name(&subresource.kind)
                        .into_iter()
                        .for_each(|n| definitions.collect(n, &mut schemas));
                }
                name.to_owned()
            }
        };
        if let Some(schema) = schemas.get_mut(&name) {
            schema["x-kubernetes-group-version-kind"] =
                json!([{ "group": resource.group, "version": resource.version, "kind": resource.kind }]);
        }
        path_items(resource, &name, &mut paths);
    }
    let document = json!({
        "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": git },
        "paths": paths, "components": { "schemas": schemas },
    });
    Ok(Response::json(200, &document))
}

const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// A CRD's definition: its group reversed, `com.example.harbour.v1.Boat`.
fn custom_name(resource: &Resource) -> String {
    let reversed: Vec<&str> = resource.group.rsplit('.').collect();
    format!("{}.{}.{}", reversed.join("."), resource.version, resource.kind)
}

fn path_items(resource: &Resource, component: &str, paths: &mut Map<String, Value>) {
    let root = if resource.group.is_empty() {
        format!("/api/{}", resource.version)
    } else {
        format!("/apis/{}/{}", resource.group, resource.version)
    };
    let space = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}{space}/{}", resource.plural);
    let gvk = json!({ "group": resource.group, "version": resource.version, "kind": resource.kind });
    let reference = json!({ "$ref": format!("#/components/schemas/{component}") });
    let answer = json!({ "200": {
        "description": "OK", "content": { "application/json": { "schema": reference } },
    } });
    let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation"]
        .iter()
        .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } }))
        .collect();
    let operation = |action: &str, media: &[&str]| {
        let mut operation = json!({
            "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk, "responses": answer,
        });
        if !media.is_empty() {
            operation["parameters"] = json!(parameters);
            let content: Map<String, Value> =
                media.iter().map(|m| ((*m).to_owned(), json!({ "schema": reference }))).collect();
            operation["requestBody"] = json!({ "content": content });
        }
        operation
    };
    let patches =
        ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
    let mut item = Map::new();
    for (verb, method, action, media) in [
        ("get", "get", "get", &[][..]),
        ("update", "put", "put", &["*/*"][..]),
        ("patch", "patch", "patch", &patches[..]),
        ("delete", "delete", "delete", &["*/*"][..]),
    ] {
        if resource.has_verb(verb) {
            item.insert(method.into(), operation(action, media));
        }
    }
    if !item.is_empty() {
        paths.insert(format!("{collection}/{{name}}"), Value::Object(item));
    }
    let mut item = Map::new();
    if resource.has_verb("list") {
        item.insert("get".into(), operation("list", &[]));
    }
    if resource.has_verb("create") {
        item.insert("post".into(), operation("post", &["*/*"]));
    }
    paths.insert(collection, Value::Object(item));
}

/// What a CRD wrote, and what every object has.
fn custom_schema(written: &Value) -> Value {
    let mut schema = if written.is_object() { written.clone() } else { json!({ "type": "object" }) };
    let own = [
        ("apiVersion", json!({ "type": "string", "description": API_VERSION })),
        ("kind", json!({ "type": "string", "description": KIND })),
        (
            "metadata",
            json!({
                "allOf": [{ "$ref": format!("#/components/schemas/{METADATA}") }],
                "description": "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
            }),
        ),
    ];
    let properties = crate::core::body::field(&mut schema, "properties");
    properties.extend(own.map(|(name, property)| (name.to_owned(), property)));
    schema
}

const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
