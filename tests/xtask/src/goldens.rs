//! `cargo xtask goldens yaml [DIR]`: how the real kubectl reads each `DIR/*.yaml`, recorded beside it.
//!
//! `<name>.json` holds an array of the objects that kubectl read, in order, or, where it refused the file,
//! `{"error": "<its message>"}`. Every document of an input must be an object with apiVersion, kind and
//! metadata.name of a built-in kind. kubectl itself sets `metadata.namespace` of namespaced kinds to `default`
//! where it is absent, so inputs had better state it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use mainstay_harness::{Output, RealServer};
use serde_json::{Value, json};

use crate::workspace;

const INPUTS: &str = "sources/yaml/tests/data";

pub fn yaml(folder: Option<&str>) -> Result<()> {
    let folder = folder.map_or_else(|| workspace::root().join(INPUTS), PathBuf::from);
    let inputs = inputs(&folder)?;
    ensure!(!inputs.is_empty(), "no *.yaml in {}", folder.display());
    let server = RealServer::start()?;
    for input in &inputs {
        let read = read(&server, input)?;
        let what = match &read {
            Value::Array(objects) => format!("{} objects", objects.len()),
            other => other["error"].as_str().unwrap_or_default().to_owned(),
        };
        std::fs::write(input.with_extension("json"), format!("{read:#}\n"))?;
        println!("{}: {what}", input.display());
    }
    Ok(())
}

fn inputs(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut inputs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            inputs.push(path.canonicalize()?);
        }
    }
    inputs.sort();
    Ok(inputs)
}

fn read(server: &RealServer, input: &Path) -> Result<Value> {
    let file = input.display().to_string();
    let create = ["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", &file];
    let output = server.kubectl(&create);
    if !output.success() {
        return Ok(json!({ "error": message(&output, &file) }));
    }
    let mut objects = Vec::new();
    for object in serde_json::Deserializer::from_str(&output.stdout).into_iter::<Value>() {
        // Several objects come as one List.
        match object.with_context(|| format!("kubectl printed no JSON for {file}"))? {
            Value::Object(mut list) if list.get("kind") == Some(&json!("List")) => {
                let items = list.remove("items").unwrap_or_default();
                objects.extend(items.as_array().cloned().context("a List without items")?);
            }
            object => objects.push(object),
        }
    }
    Ok(Value::Array(objects))
}

/// What kubectl complains of, without the place of the checkout.
fn message(output: &Output, file: &str) -> String {
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    output.stderr.trim().replace(file, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_yaml_files_in_order_of_name() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.yaml", "a.yaml", "a.json"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let found = inputs(folder.path()).expect("inputs");
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["a.yaml", "b.yaml"]);
    }
}
