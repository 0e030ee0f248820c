//! ConfigMaps and Secrets made of literals and files, and the hash that their names end with.
use crate::SecretSource;
use crate::kustomization::{GeneratorArgs, GeneratorOptions};
use crate::loader::Loader;
use crate::node::Node;
use crate::problem::Problem;
use crate::resource::{Behavior, Resource};
use crate::scalar::{Scalar, Tag};
use base64::Engine as _;
use mainstay_diagnostic::Location;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_object::Digest;
use mainstay_unit::tree::TreePath;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generated {
    ConfigMap,
    Secret,
}

pub(crate) fn generate(
    loader: &Loader<'_>,
    folder: &TreePath,
    args: &GeneratorArgs,
    options: Option<&GeneratorOptions>,
    kind: Generated,
    origin: Location,
) -> Result<Resource, Problem> {
    if args.name.is_empty() {
        return Err(Problem::new(&codes::GENERATOR, "a generator must have a name"));
    }
    let text = |s: &str| Node::string(s);
    let mut metadata = Node::map(vec![(Scalar::string("name"), text(&args.name))]);
    if !args.namespace.is_empty() {
        metadata.set("namespace", text(&args.namespace));
    }
    for (field, values) in
        options.into_iter().flat_map(|o| [("labels", &o.labels), ("annotations", &o.annotations)])
    {
        if !values.is_empty() {
            let entries = values.iter().map(|(k, v)| (Scalar::untyped(k.as_str()), text(v))).collect();
            metadata.set(field, Node::map(entries));
        }
    }
    let kind_name = match kind {
        Generated::ConfigMap => "ConfigMap",
        Generated::Secret => "Secret",
    };
    let mut node = Node::map(vec![
        (Scalar::string("apiVersion"), text("v1")),
        (Scalar::string("kind"), text(kind_name)),
        (Scalar::string("metadata"), metadata),
    ]);
    let data = pairs(loader, folder, args, kind)?;
    match kind {
        Generated::ConfigMap => {
            for (key, value) in &data {
                let (field, value) = match std::str::from_utf8(value) {
                    Ok(value) => ("data", value.to_owned()),
                    Err(_) => ("binaryData", base64(value)),
                };
                if let Some(map) = node.get_or_insert(field, || Node::map(Vec::new())) {
                    map.set(key, text(&value));
                }
            }
        }
        Generated::Secret => {
            let secret_type = if args.secret_type.is_empty() { "Opaque" } else { &args.secret_type };
            node.set("type", text(secret_type));
            let entries = data.iter().map(|(k, v)| (Scalar::untyped(k.as_str()), text(&base64(v)))).collect();
            node.set("data", Node::map(entries));
        }
    }
    if options.is_some_and(|o| o.immutable) {
        node.set("immutable", Node::Scalar(Scalar::tagged(Tag::Bool, "true")));
    }
    let mut resource = Resource::new(node, origin);
    resource.generated = true;
    resource.needs_hash = !options.is_some_and(|o| o.disable_name_suffix_hash);
    resource.behavior = match args.behavior.as_str() {
        "replace" => Behavior::Replace,
        "merge" => Behavior::Merge,
        _ => Behavior::Create,
    };
    Ok(resource)
}

fn pairs(
    loader: &Loader<'_>,
    folder: &TreePath,
    args: &GeneratorArgs,
    kind: Generated,
) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let fail = |message: String| Err(Problem::new(&codes::GENERATOR, message));
    let mut found = Vec::new();
    for path in &args.envs {
        let bytes = file(loader, folder, path, kind, SecretSource::Env(path))?;
        let Ok(text) = std::str::from_utf8(&bytes) else { return fail(format!("{path} is not UTF-8 text")) };
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                let message =
                    format!("line {} of {path} has no value; the environment is never read", number + 1);
                return fail(message);
            };
            found.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    for literal in &args.literals {
        let Some((key, value)) = literal.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return fail(format!("a literal of {} is not written as key=value", args.name));
        };
        found.push((key.to_owned(), unquote(value).as_bytes().to_vec()));
    }
    for source in &args.files {
        let (key, path) = match source.split_once('=') {
            None => (source.rsplit('/').next().unwrap_or(source), source.as_str()),
            Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => (key, path),
            Some(_) => return fail(format!("the file source {source:?} is not written as key=path")),
        };
        found.push((key.to_owned(), file(loader, folder, path, kind, SecretSource::File(source))?));
    }
    let mut data = BTreeMap::new();
    for (key, value) in found {
        if data.insert(key.clone(), value).is_some() {
            return fail(format!("{} has the key {key:?} twice", args.name));
        }
    }
    Ok(data)
}

fn file(
    loader: &Loader<'_>,
    folder: &TreePath,
    path: &str,
    kind: Generated,
    source: SecretSource<'_>,
) -> Result<Vec<u8>, Problem> {
    match loader.find_file(folder, path)? {
        Some((path, entry)) => match kind {
            Generated::ConfigMap => Ok(loader.bytes(&path, &entry)?.to_vec()),
            Generated::Secret => loader.secret(&path, &entry, source),
        },
        None => {
            let problem = Problem::new(&codes::NOT_FOUND, format!("there is no file {path} in {folder}"));
            Err(match loader.closest(folder, path) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem,
            })
        }
    }
}

fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

/// In lines of 70 characters once it is longer than one.
fn base64(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for (at, c) in encoded.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    lines.push('\n');
    lines
}

impl Resource {
    /// Adds the data of the object that this one is merged into, where this one has none.
    pub(crate) fn merge_data(&mut self, old: &Resource) {
        for field in ["data", "binaryData"] {
            let map = |r: &Resource| -> BTreeMap<String, String> {
                let entries = r.node.get(field).and_then(Node::as_map).unwrap_or_default();
                entries.iter().map(|(k, v)| (k.text.to_string(), v.text().to_owned())).collect()
            };
            let mut merged = map(old);
            merged.extend(map(self));
            self.node.remove(field);
            if !merged.is_empty() {
                let entries =
                    merged.into_iter().map(|(k, v)| (Scalar::untyped(k), Node::string(v))).collect();
                self.node.set(field, Node::map(entries));
            }
        }
    }

    /// What a generated object's name ends with.
    pub(crate) fn content_hash(&self) -> Result<String, Problem> {
        if !matches!(self.kind(), "ConfigMap" | "Secret") {
            let message =
                format!("the hash of {}, which was generated as something else, is not supported", self.id());
            return Err(Problem::new(&codes::UNSUPPORTED, message));
        }
        let value = |field: &str| match self.node.get(field) {
            None => Ok(Value::from("")),
            Some(Node::Scalar(s)) => Ok(Value::from(s.text.as_str())),
            Some(node) => node.to_value().map_err(|e| Problem::new(&codes::GENERATOR, e.to_string())),
        };
        let mut fields = BTreeMap::from([
            ("kind", Value::from(self.kind())),
            // The name is meant to count, but never did: the lookup misses it.
            ("name", Value::from("")),
            ("data", value("data")?),
        ]);
        let optional = if self.kind() == "Secret" {
            fields.insert("type", value("type")?);
            "stringData"
        } else {
            "binaryData"
        };
        let more = value(optional)?;
        if more.is_object() {
            fields.insert(optional, more);
        }
        let mut json = String::from("{");
        for (at, (key, value)) in fields.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            json.push_str(&format!("{comma}\"{key}\":{}", escape(&value.to_string())));
        }
        json.push('}');
        let hex = Digest::of_bytes(json.as_bytes()).hex();
        Ok(hex
            .chars()
            .take(10)
            .map(|c| match c {
                '0' => 'g',
                '1' => 'h',
                '3' => 'k',
                'a' => 'm',
                'e' => 't',
                other => other,
            })
            .collect())
    }
}

/// As Go writes JSON: safe to stand in HTML.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}
