use super::{
    Constraint, Field, ListRelation, ListType, MapType, Minor, PatchRule, Scalar, Shape, Type, TypeId, Types,
    constraint,
};
use crate::GroupVersionKind;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The kinds that a Kubernetes API server serves by itself, in the order in which it resolves short names.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    pub all: Vec<KindInfo>,
    /// The minor version: `1.36`.
    pub version: String,
    /// The release that the table was made from: `v1.36.3`.
    pub release: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindInfo {
    pub kind: GroupVersionKind,
    pub plural: String,
    pub singular: String,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub namespaced: bool,
    pub verbs: Vec<String>,
    pub subresources: Vec<Subresource>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subresource {
    /// `status`, `scale`, `binding`.
    pub name: String,
    /// The kind that it speaks: `autoscaling/v1, Kind=Scale` for `scale`.
    pub kind: GroupVersionKind,
    pub verbs: Vec<String>,
}

impl Kinds {
    /// Those of the newest minor version.
    pub fn builtin() -> &'static Self {
        Self::of_minor(Minor::NEWEST)
    }

    pub fn of_minor(minor: Minor) -> &'static Self {
        &of_minor(minor).kinds
    }

    pub fn get(&self, kind: &GroupVersionKind) -> Option<&KindInfo> {
        self.all.iter().find(|info| info.kind == *kind)
    }

    pub fn by_plural(&self, group: &str, version: &str, plural: &str) -> Option<&KindInfo> {
        self.all
            .iter()
            .find(|info| info.plural == plural && info.kind.group == group && info.kind.version == version)
    }
}

impl KindInfo {
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }

    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }
}

pub(super) struct Builtin {
    pub types: Types,
    pub kinds: Kinds,
}

/// Written by `cargo xtask schema-table`, which documents the format.
pub(super) fn packed(minor: Minor) -> &'static [u8] {
    match minor {
        Minor::V1_31 => include_bytes!("../../data/openapi-1.31.json.gz"),
        Minor::V1_36 => include_bytes!("../../data/openapi-1.36.json.gz"),
    }
}

/// Read on first use: a process that never asks for a version never holds it.
pub(super) fn of_minor(minor: Minor) -> &'static Builtin {
    static V1_31: LazyLock<Builtin> = LazyLock::new(|| unpack(Minor::V1_31));
    static V1_36: LazyLock<Builtin> = LazyLock::new(|| unpack(Minor::V1_36));
    match minor {
        Minor::V1_31 => &V1_31,
        Minor::V1_36 => &V1_36,
    }
}

fn unpack(minor: Minor) -> Builtin {
    let table: Option<Value> = serde_json::from_reader(GzDecoder::new(packed(minor))).ok();
    // The tables are part of this crate; a test reads them.
    let mut builtin = read(&table.unwrap_or_default());
    builtin.types.minor = Some(minor);
    builtin
}

pub(super) fn read(table: &Value) -> Builtin {
    let mut reader = Reader { types: Types::new(), uses: BTreeMap::new() };
    let definitions = table.get("types").and_then(Value::as_object);
    for name in definitions.into_iter().flatten().map(|(name, _)| name) {
        let id = reader.types.push(Type::of(Shape::Any));
        reader.types.names.insert(name.clone(), id);
    }
    // A use that changes what it refers to copies it, so that what is referred to must be read first: such uses are
    // resolved when everything else is.
    for (name, definition) in definitions.into_iter().flatten() {
        if let (Some(id), Some(definition)) = (reader.types.named(name), definition.as_object()) {
            reader.types.types[id.0 as usize] = reader.inline(definition);
        }
    }
    reader.resolve_uses();
    let mut kinds = Kinds {
        all: Vec::new(),
        version: text(table.get("version")).to_owned(),
        release: text(table.get("release")).to_owned(),
    };
    for kind in table.get("kinds").and_then(Value::as_array).into_iter().flatten() {
        let info = kind_info(kind);
        if let Some(id) = reader.types.named(text(kind.get("type"))) {
            reader.types.kinds.insert(info.kind.clone(), id);
        }
        for subresource in kind.get("subresources").and_then(Value::as_object).into_iter().flatten() {
            if let Some(id) = reader.types.named(text(subresource.1.get("type"))) {
                reader.types.kinds.entry(identity(subresource.1)).or_insert(id);
            }
        }
        kinds.all.push(info);
    }
    Builtin { types: reader.types, kinds }
}

struct Reader {
    types: Types,
    /// Types that are another type used in another way: what they refer to, and whether they are atomic there.
    uses: BTreeMap<TypeId, (String, bool)>,
}

impl Reader {
    /// The type of a use: a name's own type, unless the use says more.
    fn node(&mut self, schema: &Value) -> TypeId {
        let Some(schema) = schema.as_object() else { return TypeId::ANY };
        let Some(name) = schema.get("ref").and_then(Value::as_str) else {
            let ty = self.inline(schema);
            return if ty.shape == Shape::Any { TypeId::ANY } else { self.types.push(ty) };
        };
        match schema.get("mt").and_then(Value::as_str) {
            Some(relation) => {
                let id = self.types.push(Type::of(Shape::Any));
                self.uses.insert(id, (name.to_owned(), relation == "atomic"));
                id
            }
            None => self.types.named(name).unwrap_or(TypeId::ANY),
        }
    }

    fn resolve_uses(&mut self) {
        for (id, (name, atomic)) in std::mem::take(&mut self.uses) {
            let Some(target) = self.types.named(&name) else { continue };
            let mut ty = self.types.get(target).clone();
            if let Shape::Map(map) = &mut ty.shape {
                map.atomic = atomic;
            }
            self.types.types[id.0 as usize] = ty;
        }
    }

    fn inline(&mut self, schema: &Map<String, Value>) -> Type {
        let shape = match text(schema.get("k")) {
            "object" => Shape::Map(self.map(schema)),
            "array" => Shape::List(self.list(schema)),
            "string" => Shape::Scalar(Scalar::String),
            "integer" => Shape::Scalar(Scalar::Integer),
            "number" => Shape::Scalar(Scalar::Number),
            "boolean" => Shape::Scalar(Scalar::Boolean),
            "int-or-string" => Shape::Scalar(Scalar::IntOrString),
            "quantity" => Shape::Scalar(Scalar::Quantity),
            _ => Shape::Any,
        };
        let free_form =
            matches!(&shape, Shape::Map(map) if map.fields.is_empty() && map.element == Some(TypeId::ANY));
        let preserve_unknown =
            shape == Shape::Any || free_form || schema.get("puf").and_then(Value::as_bool).unwrap_or(false);
        let constraint = Constraint {
            enumeration: schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
            format: schema.get("fmt").and_then(Value::as_str).map(str::to_owned),
            ..Constraint::default()
        };
        let constraint = (constraint != Constraint::default()).then(|| Box::new(constraint));
        Type { preserve_unknown, native: true, constraint, ..Type::of(shape) }
    }

    fn map(&mut self, schema: &Map<String, Value>) -> MapType {
        let mut map = MapType { required: constraint::strings(schema.get("req")), ..MapType::default() };
        for (name, field) in schema.get("f").and_then(Value::as_object).into_iter().flatten() {
            let ty = self.node(field);
            let default = field.get("def").cloned();
            map.fields.insert(name.clone(), Field { ty, default, patch: patch_rule(field) });
        }
        match schema.get("ap") {
            Some(element) => {
                map.element = Some(self.node(element));
                map.element_default = element.get("def").cloned();
            }
            None if map.fields.is_empty() => map.element = Some(TypeId::ANY),
            None => {}
        }
        map.atomic = text(schema.get("mt")) == "atomic";
        map
    }

    fn list(&mut self, schema: &Map<String, Value>) -> ListType {
        let items = schema.get("i");
        let relation = match text(schema.get("lt")) {
            "set" => ListRelation::Set,
            "map" => ListRelation::Map(constraint::strings(schema.get("lk"))),
            _ => ListRelation::Atomic,
        };
        ListType {
            element: items.map_or(TypeId::ANY, |items| self.node(items)),
            element_default: items.and_then(|items| items.get("def")).cloned(),
            relation,
        }
    }
}

fn patch_rule(field: &Value) -> PatchRule {
    let strategies = text(field.get("ps"));
    let has = |name: &str| strategies.split(',').any(|strategy| strategy.trim() == name);
    PatchRule {
        merge: has("merge"),
        replace: has("replace"),
        retain_keys: has("retainKeys"),
        merge_key: field.get("pk").and_then(Value::as_str).map(str::to_owned),
    }
}

fn kind_info(kind: &Value) -> KindInfo {
    let subresources = kind.get("subresources").and_then(Value::as_object).into_iter().flatten();
    KindInfo {
        kind: identity(kind),
        plural: text(kind.get("plural")).to_owned(),
        singular: text(kind.get("singular")).to_owned(),
        short_names: constraint::strings(kind.get("shortNames")),
        categories: constraint::strings(kind.get("categories")),
        namespaced: kind.get("namespaced").and_then(Value::as_bool).unwrap_or(false),
        verbs: constraint::strings(kind.get("verbs")),
        subresources: subresources
            .map(|(name, subresource)| Subresource {
                name: name.clone(),
                kind: identity(subresource),
                verbs: constraint::strings(subresource.get("verbs")),
            })
            .collect(),
    }
}

fn identity(kind: &Value) -> GroupVersionKind {
    GroupVersionKind::new(text(kind.get("group")), text(kind.get("version")), text(kind.get("kind")))
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}
