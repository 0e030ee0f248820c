use super::{
    Constraint, Field, ListRelation, ListType, MapType, PatchRule, Rule, Scalar, Shape, Type, TypeId, Types,
    constraint,
};
use crate::MAX_DEPTH;
use serde_json::{Map, Value};
use thiserror::Error;

/// The types of one version of a custom resource.
#[derive(Debug, Clone)]
pub struct CrdSchema {
    pub types: Types,
    pub root: TypeId,
}

/// Why a schema is not structural, in an API server's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{path}: {message}")]
pub struct SchemaError {
    /// Below the schema: `properties[spec].items.type`.
    pub path: String,
    /// `Required value: must not be empty for specified array items`.
    pub message: String,
}

/// Reads `openAPIV3Schema` of a custom resource definition's version. `apiVersion`, `kind` and `metadata` need not be
/// declared. All errors are reported at once, sorted.
pub fn from_crd(schema: &Value) -> Result<CrdSchema, Vec<SchemaError>> {
    let mut reader = Reader { types: Types::new(), metadata: TypeId::ANY, errors: Vec::new() };
    let builtin = Types::builtin();
    if let Some(metadata) = builtin.named(OBJECT_META) {
        reader.metadata = reader.types.import(builtin, metadata);
    }
    let root = reader.node(schema, "", Place { level: Level::Root, lenient: false, depth: 0 });
    if reader.errors.is_empty() {
        return Ok(CrdSchema { types: reader.types, root });
    }
    reader.errors.sort();
    Err(reader.errors)
}

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

struct Reader {
    types: Types,
    metadata: TypeId,
    errors: Vec<SchemaError>,
}

#[derive(Clone, Copy)]
struct Place {
    level: Level,
    /// Some schema above preserves unknown fields.
    lenient: bool,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Field,
    Item,
}

impl Reader {
    fn node(&mut self, schema: &Value, path: &str, place: Place) -> TypeId {
        if place.depth > MAX_DEPTH {
            self.error(path, format!("Invalid value: must not be nested deeper than {MAX_DEPTH}"));
            return TypeId::ANY;
        }
        let Some(schema) = schema.as_object() else {
            self.error(path, "Invalid value: must be an object");
            return TypeId::ANY;
        };
        self.forbidden(schema, path);
        let preserve_unknown = flag(schema, "x-kubernetes-preserve-unknown-fields");
        let embedded_resource = flag(schema, "x-kubernetes-embedded-resource");
        let below = Place { lenient: place.lenient || preserve_unknown, depth: place.depth + 1, ..place };
        let shape = self.shape(schema, path, place, below);
        let mut errors = Vec::new();
        let mut constraint = constraint::read(schema, &mut |below, message| {
            errors.push((format!("{path}{below}.pattern"), message));
        });
        errors.into_iter().for_each(|(path, message)| self.error(&path, message));
        let mut ty = Type { preserve_unknown, embedded_resource, ..Type::of(shape) };
        ty.nullable = flag(schema, "nullable");
        ty.rules = self.rules(schema, path);
        if embedded_resource || place.level == Level::Root {
            self.identity(&mut ty, &mut constraint, schema, path);
        }
        ty.constraint = constraint;
        self.types.push(ty)
    }

    fn shape(&mut self, schema: &Map<String, Value>, path: &str, place: Place, below: Place) -> Shape {
        let ty = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        if flag(schema, "x-kubernetes-int-or-string") {
            return Shape::Scalar(Scalar::IntOrString);
        }
        if place.level == Level::Root && !ty.is_empty() && ty != "object" {
            self.error(&join(path, "type"), format!("Invalid value: {ty:?}: must be object at the root"));
        }
        match ty {
            "object" => Shape::Map(self.map(schema, path, place, below)),
            "array" => Shape::List(self.list(schema, path, below)),
            "string" => Shape::Scalar(Scalar::String),
            "integer" => Shape::Scalar(Scalar::Integer),
            "number" => Shape::Scalar(Scalar::Number),
            "boolean" => Shape::Scalar(Scalar::Boolean),
            "" if below.lenient && flag(schema, "x-kubernetes-preserve-unknown-fields") => {
                if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() {
                    Shape::Map(self.map(schema, path, place, below))
                } else {
                    Shape::Any
                }
            }
            "" => {
                self.error(
                    &join(path, "type"),
                    match place.level {
                        Level::Root => "Required value: must not be empty at the root",
                        Level::Item => "Required value: must not be empty for specified array items",
                        Level::Field => "Required value: must not be empty for specified object fields",
                    },
                );
                Shape::Any
            }
            other => {
                let supported = r#""array", "boolean", "integer", "number", "object", "string""#;
                self.error(
                    &join(path, "type"),
                    format!("Unsupported value: {other:?}: supported values: {supported}"),
                );
                Shape::Any
            }
        }
    }

    fn map(&mut self, schema: &Map<String, Value>, path: &str, place: Place, below: Place) -> MapType {
        let mut map = MapType { required: constraint::strings(schema.get("required")), ..MapType::default() };
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let path = join(path, &format!("properties[{name}]"));
            let ty = self.node(property, &path, Place { level: Level::Field, ..below });
            let default = property.get("default").filter(|default| !default.is_null()).cloned();
            map.fields.insert(name.clone(), Field { ty, default, patch: PatchRule::default() });
        }
        match schema.get("additionalProperties") {
            None | Some(Value::Null) => {}
            Some(Value::Bool(true)) => map.element = Some(TypeId::ANY),
            Some(Value::Bool(false)) => {
                self.error(
                    &join(path, "additionalProperties"),
                    "Forbidden: additionalProperties cannot be set to false",
                );
            }
            Some(element) => {
                let path = join(path, "additionalProperties");
                if place.level == Level::Root {
                    self.error(&path, "Forbidden: must not be used at the root");
                }
                map.element = Some(self.node(element, &path, Place { level: Level::Field, ..below }));
                map.element_default = element.get("default").filter(|default| !default.is_null()).cloned();
            }
        }
        if map.element.is_some() && !map.fields.is_empty() {
            self.error(
                &join(path, "additionalProperties"),
                "Forbidden: additionalProperties and properties are mutual exclusive",
            );
        }
        match schema.get("x-kubernetes-map-type").and_then(Value::as_str) {
            None | Some("granular") => {}
            Some("atomic") => map.atomic = true,
            Some(other) => self.error(
                &join(path, "x-kubernetes-map-type"),
                format!(r#"Unsupported value: {other:?}: supported values: "atomic", "granular""#),
            ),
        }
        map.lenient = below.lenient || (map.fields.is_empty() && map.element.is_none());
        map
    }

    fn list(&mut self, schema: &Map<String, Value>, path: &str, below: Place) -> ListType {
        let items = schema.get("items").filter(|items| !items.is_null());
        let Some(items) = items else {
            self.error(&join(path, "items"), "Required value: must be specified");
            return ListType { element: TypeId::ANY, element_default: None, relation: ListRelation::Atomic };
        };
        let element = self.node(items, &join(path, "items"), Place { level: Level::Item, ..below });
        let element_default = items.get("default").filter(|default| !default.is_null()).cloned();
        let keys = constraint::strings(schema.get("x-kubernetes-list-map-keys"));
        let relation = match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
            None | Some("atomic") => ListRelation::Atomic,
            Some("set") => ListRelation::Set,
            Some("map") => {
                self.list_keys(element, &keys, path);
                ListRelation::Map(keys)
            }
            Some(other) => {
                self.error(
                    &join(path, "x-kubernetes-list-type"),
                    format!(r#"Unsupported value: {other:?}: supported values: "atomic", "map", "set""#),
                );
                ListRelation::Atomic
            }
        };
        ListType { element, element_default, relation }
    }

    fn list_keys(&mut self, element: TypeId, keys: &[String], path: &str) {
        if keys.is_empty() {
            self.error(
                &join(path, "x-kubernetes-list-map-keys"),
                "Required value: must not be empty if x-kubernetes-list-type is map",
            );
        }
        let Shape::Map(map) = &self.types.get(element).shape else {
            self.error(
                &join(path, "items.type"),
                "Invalid value: must be object if parent array's x-kubernetes-list-type is map",
            );
            return;
        };
        let mut errors = Vec::new();
        for key in keys {
            match map.fields.get(key) {
                None => errors.push((
                    "x-kubernetes-list-map-keys".to_owned(),
                    format!("Invalid value: {key:?}: entries must all be names of item properties"),
                )),
                Some(field) if field.default.is_none() && !map.required.contains(key) => errors.push((
                    format!("items.properties[{key}].default"),
                    "Required value: this property is in x-kubernetes-list-map-keys, so it must have a default \
                     or be a required property"
                        .to_owned(),
                )),
                Some(_) => {}
            }
        }
        errors.into_iter().for_each(|(at, message)| self.error(&join(path, &at), message));
    }

    /// `apiVersion`, `kind` and `metadata` are there whatever the schema says; what it says of them only restricts.
    fn identity(
        &mut self,
        ty: &mut Type,
        constraint: &mut Option<Box<Constraint>>,
        schema: &Map<String, Value>,
        path: &str,
    ) {
        if let Some(metadata) = schema.get("properties").and_then(|all| all.get("metadata")) {
            let mut errors = Vec::new();
            let restriction = constraint::nested(metadata, "", 0, &mut |below, message| {
                errors.push((format!("{path}.properties[metadata]{below}.pattern"), message));
            });
            errors.into_iter().for_each(|(path, message)| self.error(&path, message));
            if restriction != Constraint::default() {
                let properties = &mut constraint.get_or_insert_default().properties;
                properties.insert("metadata".to_owned(), restriction);
            }
        }
        let text = self.types.push(Type::of(Shape::Scalar(Scalar::String)));
        let metadata = self.metadata;
        let Shape::Map(map) = &mut ty.shape else { return };
        let field = |ty| Field { ty, default: None, patch: PatchRule::default() };
        map.fields.insert("apiVersion".to_owned(), field(text));
        map.fields.insert("kind".to_owned(), field(text));
        map.fields.insert("metadata".to_owned(), field(metadata));
    }

    fn rules(&mut self, schema: &Map<String, Value>, path: &str) -> Vec<Rule> {
        let list = schema.get("x-kubernetes-validations").and_then(Value::as_array);
        let mut rules = Vec::new();
        for (i, rule) in list.into_iter().flatten().enumerate() {
            let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            if text("rule").trim().is_empty() {
                self.error(
                    &join(path, &format!("x-kubernetes-validations[{i}].rule")),
                    "Required value: rule is not specified",
                );
                continue;
            }
            rules.push(Rule {
                rule: text("rule"),
                message: text("message"),
                message_expression: text("messageExpression"),
                reason: text("reason"),
                field_path: text("fieldPath"),
                optional_old_self: rule.get("optionalOldSelf").and_then(Value::as_bool).unwrap_or(false),
            });
        }
        rules
    }

    fn forbidden(&mut self, schema: &Map<String, Value>, path: &str) {
        for name in ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id"] {
            if schema.get(name).is_some_and(|value| !value.is_null()) {
                self.error(&join(path, name), format!("Forbidden: {name} is not supported"));
            }
        }
        if flag(schema, "uniqueItems") {
            self.error(
                &join(path, "uniqueItems"),
                "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            );
        }
    }

    fn error(&mut self, path: &str, message: impl Into<String>) {
        let path = path.strip_prefix('.').unwrap_or(path).to_owned();
        self.errors.push(SchemaError { path, message: message.into() });
    }
}

fn flag(schema: &Map<String, Value>, name: &str) -> bool {
    schema.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
