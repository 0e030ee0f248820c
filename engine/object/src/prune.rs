use crate::schema::{MapType, Shape};
use crate::{MAX_DEPTH, TypeId, Types};
use serde_json::Value;

/// Removes fields that the type does not declare; returns their paths (`spec.template.spec.imge`,
/// `spec.rules[0].hots`), sorted. At the root and in embedded resources `apiVersion`, `kind` and `metadata` count as
/// declared.
pub fn prune(value: &mut Value, types: &Types, id: TypeId) -> Vec<String> {
    let mut pruner = Pruner { types, path: String::new(), unknown: Vec::new() };
    pruner.prune(value, Some(id), 0);
    pruner.unknown.sort();
    pruner.unknown
}

/// The paths that `prune` would remove: what strict field validation reports as unknown.
pub fn unknown_fields(value: &Value, types: &Types, id: TypeId) -> Vec<String> {
    prune(&mut value.clone(), types, id)
}

const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];

struct Pruner<'a> {
    types: &'a Types,
    path: String,
    unknown: Vec<String>,
}

impl Pruner<'_> {
    /// With no type nothing is declared.
    fn prune(&mut self, value: &mut Value, id: Option<TypeId>, depth: usize) {
        if depth > MAX_DEPTH || id == Some(TypeId::ANY) {
            return;
        }
        let types = self.types;
        let ty = id.map(|id| types.get(id));
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            Value::Array(items) => {
                let preserve = ty.is_some_and(|ty| ty.preserve_unknown);
                let element = match ty.map(|ty| &ty.shape) {
                    Some(Shape::List(list)) => Some(list.element),
                    Some(Shape::Any) => return,
                    Some(Shape::Scalar(_) | Shape::Map(_)) if preserve => return,
                    Some(Shape::Scalar(_) | Shape::Map(_)) | None => None,
                };
                for (index, item) in items.iter_mut().enumerate() {
                    self.below(&format!("[{index}]"), |pruner| pruner.prune(item, element, depth + 1));
                }
            }
            Value::Object(entries) => {
                let map = match ty.map(|ty| &ty.shape) {
                    Some(Shape::Map(map)) => Some(map),
                    Some(Shape::Any) => return,
                    Some(Shape::Scalar(_) | Shape::List(_)) | None => None,
                };
                let preserve = ty.is_some_and(|ty| ty.preserve_unknown);
                let identified = depth == 0 || ty.is_some_and(|ty| ty.embedded_resource);
                entries.retain(|name, child| {
                    let known = map
                        .and_then(|map: &MapType| map.fields.get(name).map(|field| field.ty).or(map.element));
                    let step = if self.path.is_empty() { name.clone() } else { format!(".{name}") };
                    if let Some(id) = known {
                        self.below(&step, |pruner| pruner.prune(child, Some(id), depth + 1));
                    } else if !(preserve || identified && IDENTITY.contains(&name.as_str())) {
                        self.unknown.push(format!("{}{step}", self.path));
                        return false;
                    }
                    true
                });
            }
        }
    }

    fn below(&mut self, step: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        walk(self);
        self.path.truncate(length);
    }
}
