//! `cargo xtask protobuf-table`: how the built-in kinds are written as protobuf, from their Go modules.
//!
//! Clients that Kubernetes generates write protobuf and don't fall back to JSON. Numbers and types come from each
//! `generated.proto`, names and what JSON leaves out from the tags of the Go structs beside it. Writes
//! `fleet/apiserver/data/protobuf-<minor>.json.gz`:
//! ```text
//! { "kinds": { "apps/v1": "io.k8s.api.apps.v1", ... },              // where the messages of a group's kinds are
//!   "messages": { "io.k8s.api.apps.v1.DeploymentSpec": [Field, ...], ... } }
//! Field = [number, "<name in JSON>", "<type>", "<marks>"]
//! type  = "string" | "bool" | "integer" | "double" | "bytes" | a message, after "[]" (repeated) or "{}" (map by text)
//! marks = "0": zero is written   "i": its fields are the outer message's   "l": the message is this list
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::{gzip, workspace};

const RELEASE: &str = "v0.36.3";
const MINOR: &str = "1.36";
const MODULES: [&str; 4] =
    ["k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"];

pub fn run() -> Result<()> {
    let served = served()?;
    let mut kinds = Map::new();
    let mut messages = Map::new();
    for module in MODULES {
        for proto in protos(&folder(module)?)? {
            let text = std::fs::read_to_string(&proto)?;
            let package = package(&text).with_context(|| format!("{} names no package", proto.display()))?;
            let sources = proto.parent().context("a file lies in a folder")?;
            let tags = tags(sources)?;
            let group = group(sources)?;
            let version = package.rsplit('.').next().unwrap_or_default();
            let served_as =
                group.map(
                    |group| {
                        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
                    },
                );
            let shared = package.starts_with("io.k8s.apimachinery.");
            match served_as.filter(|gv| served.contains(gv)) {
                Some(gv) if !shared => drop(kinds.insert(gv, json!(package))),
                Some(_) | None if shared => {}
                Some(_) | None => continue,
            }
            for (name, fields) in self::messages(&text, &package)? {
                let shown = shown(&fields, tags.get(&name));
                messages.insert(format!("{package}.{name}"), shown);
            }
        }
    }
    println!("{} groups, {} messages", kinds.len(), messages.len());
    let target = workspace::root().join("fleet/apiserver/data");
    std::fs::create_dir_all(&target)?;
    let table = json!({ "kinds": kinds, "messages": messages });
    let (plain, packed) = gzip::write_json(&target.join(format!("protobuf-{MINOR}.json.gz")), &table)?;
    println!("{} KiB, {} KiB as JSON", packed / 1024, plain / 1024);
    Ok(())
}

/// The groups and versions that the embedded control plane serves.
fn served() -> Result<BTreeSet<String>> {
    let path = workspace::root().join("fleet/apiserver/src/core/registry/builtin.txt");
    let text = std::fs::read_to_string(&path)?;
    let first = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    Ok(text.lines().filter(|line| !line.starts_with('#')).map(first).collect())
}

/// Where the go client keeps the sources of a module.
fn folder(module: &str) -> Result<PathBuf> {
    let mut go = Command::new("go");
    go.args(["mod", "download", "-json", &format!("{module}@{RELEASE}")]).env("GOWORK", "off");
    let output = go.output().context("cannot run go")?;
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    Ok(answer["Dir"].as_str().with_context(|| format!("no sources of {module}: {answer}"))?.into())
}

fn protos(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name == "generated.proto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// `k8s.io.api.core.v1` as OpenAPI names it.
fn package(proto: &str) -> Option<String> {
    let line = proto.lines().find_map(|line| line.strip_prefix("package "))?;
    Some(open_api(line.trim_end_matches(';')))
}

fn open_api(name: &str) -> String {
    name.replacen("k8s.io.", "io.k8s.", 1)
}

fn group(sources: &Path) -> Result<Option<String>> {
    let Ok(text) = std::fs::read_to_string(sources.join("register.go")) else { return Ok(None) };
    let line = text.lines().find(|line| line.starts_with("const GroupName"));
    Ok(line.and_then(|line| line.split('"').nth(1)).map(str::to_owned))
}

#[derive(Debug)]
struct Field {
    number: u64,
    name: String,
    kind: String,
}

/// The messages of a file: each a block of `label type name = number;`.
fn messages(proto: &str, package: &str) -> Result<Vec<(String, Vec<Field>)>> {
    let mut found = Vec::new();
    let mut open: Option<(String, Vec<Field>)> = None;
    for line in proto.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty()) {
        match (&mut open, line) {
            (None, line) => {
                if let Some(name) = line.strip_prefix("message ") {
                    open = Some((name.trim_end_matches('{').trim().to_owned(), Vec::new()));
                }
            }
            (Some(_), "}") => found.extend(open.take()),
            (Some((_, fields)), line) => fields.push(field(line, package)?),
        }
    }
    Ok(found)
}

fn field(line: &str, package: &str) -> Result<Field> {
    let (declared, number) = line.trim_end_matches(';').split_once(" = ").context(line.to_owned())?;
    let number = number.parse().with_context(|| line.to_owned())?;
    let (kind, name) = declared.rsplit_once(' ').context(line.to_owned())?;
    let one = |kind: &str| -> Result<String> {
        Ok(match kind {
            "string" | "bool" | "bytes" | "double" => kind.to_owned(),
            "int32" | "int64" | "uint32" | "uint64" => "integer".to_owned(),
            other => match other.strip_prefix('.') {
                Some(full) => open_api(full),
                None if other.contains('.') => bail!("a relative name: {line}"),
                None => format!("{package}.{other}"),
            },
        })
    };
    let kind = match kind.split_once(' ') {
        Some(("optional", kind)) => one(kind)?,
        Some(("repeated", kind)) => format!("[]{}", one(kind)?),
        _ => match kind.strip_prefix("map<string, ").and_then(|rest| rest.strip_suffix('>')) {
            Some(kind) => format!("{{}}{}", one(kind)?),
            None => bail!("unknown declaration: {line}"),
        },
    };
    Ok(Field { number, name: name.to_owned(), kind })
}

/// What a Go struct says of a field: its name in JSON and the marks of the table.
type Tags = BTreeMap<u64, (String, &'static str)>;

/// The structs of a folder.
fn tags(sources: &Path) -> Result<BTreeMap<String, Tags>> {
    let mut found: BTreeMap<String, Tags> = BTreeMap::new();
    for entry in std::fs::read_dir(sources)? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "go") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let mut open = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("type ").and_then(|rest| rest.strip_suffix(" struct {")) {
                open = Some(name.to_owned());
            } else if line == "}" {
                open = None;
            } else if let (Some(name), Some((number, json, mark))) = (&open, tag(line)) {
                found.entry(name.clone()).or_default().insert(number, (json, mark));
            }
        }
    }
    Ok(found)
}

/// ``Replicas *int32 `json:"replicas,omitempty" protobuf:"varint,1,opt,name=replicas"` ``
fn tag(line: &str) -> Option<(u64, String, &'static str)> {
    let value = |key: &str| Some(line.split_once(key)?.1.split_once('"')?.0);
    let (json, wire) = (value("json:\"")?, value("protobuf:\"")?);
    let number = wire.split(',').nth(1)?.parse().ok()?;
    let pointer = line.split_whitespace().nth(1).is_some_and(|kind| kind.starts_with('*'));
    let (name, options) = json.split_once(',').unwrap_or((json, ""));
    let mark = match (options, pointer) {
        ("inline", _) => "i",
        (_, true) => "0",
        (options, false) if options.contains("omit") => "",
        (_, false) => "0",
    };
    Some((number, name.to_owned(), mark))
}

fn shown(fields: &[Field], tags: Option<&Tags>) -> Value {
    let shown = fields.iter().map(|field| {
        let (name, mark) = match tags.map(|tags| tags.get(&field.number)) {
            // Not a struct in Go but a list of its own type.
            None if field.name == "items" && fields.len() == 1 => ("", "l"),
            Some(Some((name, mark))) => (name.as_str(), *mark),
            None | Some(None) => (field.name.as_str(), ""),
        };
        json!([field.number, name, field.kind, mark])
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_with_their_full_types() {
        let read = |line: &str| {
            let field = field(line, "io.k8s.api.core.v1").expect("a field");
            (field.number, field.name, field.kind)
        };
        let of = |number, name: &str, kind: &str| (number, name.to_owned(), kind.to_owned());
        assert_eq!(read("optional PodSpec spec = 2;"), of(2, "spec", "io.k8s.api.core.v1.PodSpec"));
        assert_eq!(read("repeated string args = 4;"), of(4, "args", "[]string"));
        assert_eq!(read("map<string, bytes> data = 2;"), of(2, "data", "{}bytes"));
        let time = "optional .k8s.io.apimachinery.pkg.apis.meta.v1.Time t = 8;";
        assert_eq!(read(time), of(8, "t", "io.k8s.apimachinery.pkg.apis.meta.v1.Time"));
    }

    #[test]
    fn tags_say_what_json_leaves_out() {
        let read = |line: &str| tag(line).expect("a tag");
        let replicas =
            "\tReplicas *int32 `json:\"replicas,omitempty\" protobuf:\"varint,1,opt,name=replicas\"`";
        assert_eq!(read(replicas), (1, "replicas".to_owned(), "0"));
        let source = "\tVolumeSource `json:\",inline\" protobuf:\"bytes,2,opt,name=volumeSource\"`";
        assert_eq!(read(source), (2, String::new(), "i"));
        let name = "\tName string `json:\"name,omitempty\" protobuf:\"bytes,1,opt,name=name\"`";
        assert_eq!(read(name), (1, "name".to_owned(), ""));
    }
}
