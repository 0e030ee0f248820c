//! OpenAPI documents, made from the schema table and from CRDs: enough for `kubectl explain` and for clients that look
//! for the parameters that the server takes.

use crate::core::failure::Failure;
use crate::core::negotiate;
use crate::core::registry::{Registry, Resource};
use crate::core::reply::Response;
use mainstay_object::schema::{ListRelation, Scalar, Shape};
use mainstay_object::{Digest, TypeId, Types};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

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
    Digest::of_bytes(text.as_bytes()).0.to_uppercase()
}

pub fn v3(registry: &Registry, group: &str, version: &str, git: &str) -> Result<Response, Failure> {
    if !registry.is_served(group, version) {
        return Err(Failure::no_path());
    }
    let mut components = Components::default();
    let mut paths = Map::new();
    for resource in registry.iter().filter(|r| r.group == group && r.version == version) {
        let name = component_name(resource);
        let schema = components.of_resource(resource);
        components.done.insert(name.clone(), schema);
        path_items(resource, &name, &mut paths);
    }
    let document = json!({
        "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": git },
        "paths": paths, "components": { "schemas": components.done },
    });
    Ok(Response::json(200, &document))
}

/// `io.k8s.api.apps.v1.Deployment`; the reversed group of a CRD.
fn component_name(resource: &Resource) -> String {
    let (version, kind) = (&resource.version, &resource.kind);
    match &*resource.group {
        group if resource.custom.is_some() => {
            let reversed: Vec<&str> = group.rsplit('.').collect();
            format!("{}.{version}.{kind}", reversed.join("."))
        }
        "" => format!("io.k8s.api.core.{version}.{kind}"),
        "apiextensions.k8s.io" => {
            format!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.{version}.{kind}")
        }
        "apiregistration.k8s.io" => {
            format!("io.k8s.kube-aggregator.pkg.apis.apiregistration.{version}.{kind}")
        }
        group => format!("io.k8s.api.{}.{version}.{kind}", group.split('.').next().unwrap_or_default()),
    }
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

#[derive(Default)]
struct Components {
    done: BTreeMap<String, Value>,
    /// Names given to structs of the built-in table, against recursion.
    names: BTreeMap<TypeId, String>,
}

impl Components {
    fn of_resource(&mut self, resource: &Resource) -> Value {
        let gvk = json!([{ "group": resource.group, "version": resource.version, "kind": resource.kind }]);
        let mut schema = match &resource.custom {
            Some(custom) => custom_schema(&custom.schema),
            None => match Types::builtin().for_kind(&resource.gvk()) {
                Some(id) => self.body(Types::builtin(), id, &resource.kind),
                None => json!({ "type": "object" }),
            },
        };
        schema["x-kubernetes-group-version-kind"] = gvk;
        schema
    }

    /// The schema of a type, structs by reference.
    fn of(&mut self, types: &Types, id: TypeId, hint: &str) -> Value {
        let is_struct = matches!(&types.get(id).shape, Shape::Map(map) if !map.fields.is_empty());
        if !is_struct {
            return self.body(types, id, hint);
        }
        let name = match self.names.get(&id) {
            Some(name) => name.clone(),
            None => {
                let mut name = format!("io.k8s.api.types.{hint}");
                let mut n = 2;
                while self.done.contains_key(&name) {
                    name = format!("io.k8s.api.types.{hint}{n}");
                    n += 1;
                }
                self.names.insert(id, name.clone());
                self.done.insert(name.clone(), Value::Null);
                let body = self.body(types, id, hint);
                self.done.insert(name.clone(), body);
                name
            }
        };
        json!({ "allOf": [{ "$ref": format!("#/components/schemas/{name}") }] })
    }

    fn body(&mut self, types: &Types, id: TypeId, hint: &str) -> Value {
        let ty = types.get(id).clone();
        match ty.shape {
            Shape::Any => json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
            Shape::Scalar(scalar) => match scalar {
                Scalar::String => json!({ "type": "string" }),
                Scalar::Integer => json!({ "type": "integer", "format": "int64" }),
                Scalar::Number => json!({ "type": "number", "format": "double" }),
                Scalar::Boolean => json!({ "type": "boolean" }),
                Scalar::IntOrString => json!({ "type": "string", "format": "int-or-string" }),
                Scalar::Quantity => json!({ "type": "string" }),
            },
            Shape::List(list) => {
                let mut schema = json!({ "type": "array", "items": self.of(types, list.element, hint) });
                match list.relation {
                    ListRelation::Atomic => schema["x-kubernetes-list-type"] = "atomic".into(),
                    ListRelation::Set => schema["x-kubernetes-list-type"] = "set".into(),
                    ListRelation::Map(keys) => {
                        schema["x-kubernetes-list-type"] = "map".into();
                        schema["x-kubernetes-list-map-keys"] = keys.into();
                    }
                }
                schema
            }
            Shape::Map(map) => {
                let mut schema = json!({ "type": "object" });
                let mut properties = Map::new();
                for (name, field) in &map.fields {
                    let mut property = self.of(types, field.ty, &upper(name));
                    if let Some(default) = &field.default {
                        property["default"] = default.clone();
                    }
                    if let Some(key) = &field.patch.merge_key {
                        property["x-kubernetes-patch-merge-key"] = (&**key).into();
                    }
                    if field.patch.merge {
                        property["x-kubernetes-patch-strategy"] = "merge".into();
                    }
                    properties.insert(name.clone(), property);
                }
                if !properties.is_empty() {
                    schema["properties"] = Value::Object(properties);
                }
                if let Some(element) = map.element {
                    schema["additionalProperties"] = self.of(types, element, hint);
                }
                if !map.required.is_empty() {
                    schema["required"] = json!(map.required);
                }
                schema
            }
        }
    }
}

fn custom_schema(written: &Value) -> Value {
    let mut schema = if written.is_object() { written.clone() } else { json!({ "type": "object" }) };
    let own = json!({
        "apiVersion": {
            "type": "string",
            "description": "APIVersion defines the versioned schema of this representation of an object.",
        },
        "kind": {
            "type": "string",
            "description": "Kind is a string value representing the REST resource this object represents.",
        },
        "metadata": { "type": "object", "description": "Standard object's metadata." },
    });
    let properties = crate::core::body::field(&mut schema, "properties");
    for (name, property) in own.as_object().into_iter().flatten() {
        properties.insert(name.clone(), property.clone());
    }
    schema
}

fn upper(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
