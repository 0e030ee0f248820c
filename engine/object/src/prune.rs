use crate::schema::{MapType, Shape};
use crate::{MAX_DEPTH, TypeId, Types};
use serde_json::Value;

/// Removes fields that the type does not declare; returns their paths (`spec.template.spec.imge`,
/// `spec.rules[0].hots`), sorted. At the root and in embedded resources `apiVersion`, `kind` and `metadata` count as
/// declared. What is in the metadata of an embedded resource is told with entries of maps in brackets
/// (`spec.parts[a].metadata.nam`, elsewhere `spec.parts.a.nam`): an API server reads it apart.
pub fn prune(value: &mut Value, types: &Types, id: TypeId) -> Vec<String> {
    let mut pruner = Pruner { types, path: String::new(), bracketed: String::new(), unknown: Vec::new() };
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
    /// The path with entries of maps in brackets.
    bracketed: String,
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
                    let step = format!("[{index}]");
                    self.below(&step, &step, |pruner| pruner.prune(item, element, depth + 1));
                }
            }
            Value::Object(entries) => {
                let map = match ty.map(|ty| &ty.shape) {
                    Some(Shape::Map(map)) => Some(map),
                    Some(Shape::Any) => return,
                    Some(Shape::Scalar(_) | Shape::List(_)) | None => None,
                };
                let preserve = ty.is_some_and(|ty| ty.preserve_unknown);
                let embedded = ty.is_some_and(|ty| ty.embedded_resource);
                let identified = depth == 0 || embedded;
                entries.retain(|name, child| {
                    let field = map.and_then(|map: &MapType| map.fields.get(name)).map(|field| field.ty);
                    let known = field.or(map.and_then(|map| map.element));
                    let step = if self.path.is_empty() { name.clone() } else { format!(".{name}") };
                    if let Some(id) = known {
                        let bracket = field.is_none().then(|| format!("[{name}]"));
                        let bracket = bracket.as_ref().unwrap_or(&step);
                        if embedded && name == "metadata" {
                            let path = std::mem::replace(&mut self.path, self.bracketed.clone());
                            self.below(&step, bracket, |pruner| pruner.prune(child, Some(id), depth + 1));
                            self.path = path;
                        } else {
                            self.below(&step, bracket, |pruner| pruner.prune(child, Some(id), depth + 1));
                        }
                    } else if !(preserve || identified && IDENTITY.contains(&name.as_str())) {
                        self.unknown.push(format!("{}{step}", self.path));
                        return false;
                    }
                    true
                });
            }
        }
    }

    fn below(&mut self, step: &str, bracketed: &str, walk: impl FnOnce(&mut Self)) {
        let lengths = (self.path.len(), self.bracketed.len());
        self.path.push_str(step);
        self.bracketed.push_str(bracketed);
        walk(self);
        self.path.truncate(lengths.0);
        self.bracketed.truncate(lengths.1);
    }
}
