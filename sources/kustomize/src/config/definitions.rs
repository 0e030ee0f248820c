//! `crds`: definitions of kinds, whose extensions say which fields hold names, labels and annotations.
use super::{BackReference, Config};
use crate::fieldspec::{FieldSpec, merge_specs};
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::{Map, Value};

/// Definitions within definitions.
const DEPTH: usize = 50;

/// The document maps names of types (`example.com/v1.Bee`) to their schemas.
pub(crate) fn of_definitions(document: &Value) -> Result<Config, Problem> {
    let invalid = |why: &str| Problem::new(&codes::INVALID, format!("this defines no kinds: {why}"));
    let definitions = document.as_object().ok_or_else(|| invalid("it is no map"))?;
    if let Some((name, _)) = definitions.iter().find(|(_, d)| !d.is_object() && !d.is_null()) {
        return Err(invalid(&format!("{name} is no definition")).hint(
            "crds takes OpenAPI definitions, a map from names of types to schemas, not CustomResourceDefinitions",
        ));
    }
    let mut all = Config::default();
    for (name, definition) in definitions {
        let is_kind = properties(definition)
            .is_some_and(|p| ["kind", "apiVersion", "metadata"].iter().all(|f| p.contains_key(*f)));
        if is_kind {
            let mut config = Config::default();
            let kind = name.rsplit('.').next().unwrap_or_default();
            Walk { definitions, kind, config: &mut config }.walk(name, &mut Vec::new())?;
            all.merge(&config)?;
        }
    }
    Ok(all)
}

/// Of a definition, whose fields may be written in any case.
fn properties(definition: &Value) -> Option<&Map<String, Value>> {
    let (_, schema) = definition.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("schema"))?;
    schema.get("properties")?.as_object()
}

struct Walk<'a> {
    definitions: &'a Map<String, Value>,
    kind: &'a str,
    config: &'a mut Config,
}

impl Walk<'_> {
    fn walk(&mut self, name: &str, path: &mut Vec<String>) -> Result<(), Problem> {
        if path.len() > DEPTH {
            let message = format!("the definitions of {} refer to each other without end", self.kind);
            return Err(Problem::new(&codes::LIMIT, message));
        }
        let Some(properties) = self.definitions.get(name).and_then(properties) else { return Ok(()) };
        for (field, property) in properties {
            let text = |extension: &str| property.get(extension).and_then(Value::as_str);
            path.push(field.clone());
            let here = self.spec(path);
            if text("x-kubernetes-annotation").is_some() {
                merge_specs(&mut self.config.common_annotations, std::slice::from_ref(&here))?;
            }
            if text("x-kubernetes-label-selector").is_some() {
                merge_specs(&mut self.config.common_labels, std::slice::from_ref(&here))?;
            }
            if text("x-kubernetes-identity").is_some() {
                merge_specs(&mut self.config.name_prefix, std::slice::from_ref(&here))?;
            }
            let target =
                text("x-kubernetes-object-ref-api-version").zip(text("x-kubernetes-object-ref-kind"));
            if let Some((version, kind)) = target {
                path.push(text("x-kubernetes-object-ref-name-key").unwrap_or("name").to_owned());
                let reference = BackReference {
                    group: String::new(),
                    version: version.to_owned(),
                    kind: kind.to_owned(),
                    referrers: vec![self.spec(path)],
                };
                path.pop();
                let config = Config { name_reference: vec![reference], ..Config::default() };
                self.config.merge(&config)?;
            }
            if let Some(other) = text("$ref") {
                self.walk(other, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn spec(&self, path: &[String]) -> FieldSpec {
        FieldSpec { kind: self.kind.to_owned(), ..FieldSpec::path(&path.join("/"), false) }
    }
}
