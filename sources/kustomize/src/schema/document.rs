//! An OpenAPI document, of which definitions are read.
use super::table::{Node, Table};
use crate::id::Gvk;
use crate::problem::Problem;
use crate::scope::is_known;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Schemas within schemas, more than any real document has.
const DEPTH: usize = 100;

impl Table {
    /// Adds a document's definitions; what has a name or kind already is replaced where `over` says so.
    pub(crate) fn read(&mut self, document: &Value, over: bool) -> Result<(), Problem> {
        let empty = Map::new();
        let definitions = match document.get("definitions") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(map)) => map,
            Some(_) => return Err(invalid("its definitions are no map")),
        };
        let mut added = Vec::new();
        for (name, schema) in definitions {
            if !over && self.find(name).is_some() {
                continue;
            }
            let at = self.add(Node::default());
            self.names.insert(name.clone().into(), at);
            added.push((at, schema));
        }
        for (at, schema) in added {
            let node = self.node(schema, 0)?;
            self.nodes[at] = node;
            for kind in schema.get(KINDS).and_then(Value::as_array).into_iter().flatten() {
                let gvk = gvk(kind).ok_or_else(|| invalid("a kind in it has no version or kind"))?;
                self.kinds
                    .entry(gvk.kind.to_string().into())
                    .or_default()
                    .insert(gvk.api_version().into(), at);
            }
        }
        Ok(())
    }

    /// Definitions are built in by the short names of their packages.
    fn find(&self, name: &str) -> Option<usize> {
        const PACKAGES: [&str; 4] = [
            "io.k8s.api.",
            "io.k8s.apimachinery.pkg.apis.",
            "io.k8s.apiextensions-apiserver.pkg.apis.",
            "io.k8s.kube-aggregator.pkg.apis.",
        ];
        let short = PACKAGES.iter().find_map(|package| name.strip_prefix(package));
        self.names.get(name).or_else(|| self.names.get(short?)).copied()
    }

    fn node(&mut self, schema: &Value, depth: usize) -> Result<Node, Problem> {
        if depth > DEPTH {
            return Err(Problem::new(&codes::LIMIT, "the OpenAPI document nests its schemas too deeply"));
        }
        let mut node = Node::default();
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(at) = self.place(field, depth)? {
                node.fields.insert(name.clone().into(), at);
            }
        }
        if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
            node.values = self.place(values, depth)?;
        }
        let is_list = match schema.get("type") {
            Some(Value::Array(types)) => types.len() == 1 && types[0] == "array",
            Some(one) => one == "array",
            None => false,
        };
        if let (true, Some(elements @ Value::Object(_))) = (is_list, schema.get("items")) {
            node.elements = self.place(elements, depth)?;
        }
        let strategy = schema.get("x-kubernetes-patch-strategy").and_then(Value::as_str).unwrap_or_default();
        if strategy.split(',').any(|s| s == "merge") {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned().into();
            node.merge = Some(
                match (schema.get("x-kubernetes-list-map-keys"), schema.get("x-kubernetes-patch-merge-key")) {
                    (Some(Value::Array(keys)), _) => keys.iter().map(text).collect(),
                    (_, Some(key)) => vec![text(key)],
                    (_, None) => Vec::new(),
                },
            );
        }
        Ok(node)
    }

    /// Where a schema is; nothing for a reference that leads nowhere.
    fn place(&mut self, schema: &Value, depth: usize) -> Result<Option<usize>, Problem> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let name = reference.strip_prefix("#/definitions/").unwrap_or_default();
                Ok(self.find(&name.replace("~1", "/").replace("~0", "~")))
            }
            None => {
                let node = self.node(schema, depth + 1)?;
                Ok(Some(self.add(node)))
            }
        }
    }
}

const KINDS: &str = "x-kubernetes-group-version-kind";

fn gvk(value: &Value) -> Option<Gvk> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    Some(Gvk::of(text("group").unwrap_or_default(), text("version")?, text("kind")?))
}

fn invalid(why: &str) -> Problem {
    Problem::new(&codes::INVALID, format!("this is no OpenAPI document: {why}"))
}

/// Kinds that a document says are in no namespace: paths that list or get them name none.
pub(super) fn cluster_scoped(document: &Value) -> BTreeSet<Gvk> {
    let (mut namespaced, mut others) = (BTreeSet::new(), BTreeSet::new());
    for (path, operations) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let Some(gvk) = operations.pointer("/get/x-kubernetes-group-version-kind").and_then(gvk) else {
            continue;
        };
        if path.contains("namespaces/{namespace}") {
            namespaced.insert(gvk)
        } else {
            others.insert(gvk)
        };
    }
    others.retain(|gvk| !is_known(gvk) && !namespaced.contains(gvk));
    others
}
