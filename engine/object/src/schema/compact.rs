//! Types in the few words in which test data writes them.
//!
//! `"string"`, `"number"`, `"boolean"`, `"scalar"` (any of them), `"any"`, or the name of another type;
//! `{"list": T}`, `{"set": T}`, `{"keys": ["name"], "of": T}`;
//! `{"fields": {"name": T}, "defaults": {"name": value}, "map": T, "atomic": true}`.

use super::{Field, ListRelation, ListType, MapType, PatchRule, Scalar, Shape, Type, TypeId, Types};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn read(named: &Value) -> (Types, BTreeMap<String, TypeId>) {
    let mut reader = Reader { types: Types::new(), names: BTreeMap::new() };
    let named = named.as_object().expect("types by name");
    for name in named.keys() {
        let id = reader.types.push(Type::of(Shape::Any));
        reader.names.insert(name.clone(), id);
    }
    for (name, node) in named {
        let ty = Type::of(reader.shape(node));
        let id = reader.names[name];
        reader.types.types[id.0 as usize] = ty;
    }
    (reader.types, reader.names)
}

struct Reader {
    types: Types,
    names: BTreeMap<String, TypeId>,
}

impl Reader {
    fn id(&mut self, node: &Value) -> TypeId {
        match node.as_str() {
            Some("any") => TypeId::ANY,
            Some(name) if self.names.contains_key(name) => self.names[name],
            Some(_) | None => {
                let ty = Type::of(self.shape(node));
                self.types.push(ty)
            }
        }
    }

    fn shape(&mut self, node: &Value) -> Shape {
        if let Some(name) = node.as_str() {
            return match name {
                "string" => Shape::Scalar(Scalar::String),
                "number" => Shape::Scalar(Scalar::Number),
                "boolean" => Shape::Scalar(Scalar::Boolean),
                "scalar" => Shape::Scalar(Scalar::Quantity),
                other => panic!("no type {other}"),
            };
        }
        let list = [
            ("list", ListRelation::Atomic),
            ("set", ListRelation::Set),
            ("of", ListRelation::Map(super::constraint::strings(node.get("keys")))),
        ];
        for (word, relation) in list {
            if let Some(element) = node.get(word) {
                return Shape::List(ListType { element: self.id(element), element_default: None, relation });
            }
        }
        let mut map = MapType { atomic: node.get("atomic").is_some(), ..MapType::default() };
        map.element = node.get("map").map(|element| self.id(element));
        for (name, ty) in node.get("fields").and_then(Value::as_object).into_iter().flatten() {
            let default = node.get("defaults").and_then(|all| all.get(name)).cloned();
            map.fields.insert(name.clone(), Field { ty: self.id(ty), default, patch: PatchRule::default() });
        }
        Shape::Map(map)
    }
}
