//! A release as Helm stores it (`pkg/release/v1` of helm.sh/helm): everything but its number, its state and its times.

use crate::chart::{self, File};
use crate::error::RenderError;
use crate::exec::Limits;
use crate::funcs::parse_yaml;
use crate::json::as_text;
use crate::render::{Hook, Release, Rendered};
use crate::value::{Value, to_json};
use crate::values::Values;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;

/// What is stored of a release.
pub struct Stored<'a> {
    /// The chart's folder.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// What the user set.
    pub values: &'a Values,
    pub release: &'a Release,
    pub rendered: &'a Rendered,
    /// Its manifests as they are applied, if something has changed them since they were rendered.
    pub manifest: Option<&'a str>,
}

impl Stored<'_> {
    pub fn json(&self, limits: &Limits) -> Result<Json, RenderError> {
        let rendered = self.rendered.manifests.iter();
        let rendered: String = rendered.map(|m| format!("---\n# Source: {}\n{}\n", m.path, m.text)).collect();
        Ok(json!({
            "name": self.release.name,
            "namespace": self.release.namespace,
            "info": {"notes": self.rendered.notes},
            "chart": self.chart(limits)?,
            "config": written(self.values.to_json()),
            "manifest": self.manifest.map_or(rendered, str::to_owned),
            "hooks": self.rendered.hooks.iter().map(hook).collect::<Vec<_>>(),
        }))
    }

    /// As bytes: gzip around JSON, the same for the same release.
    pub fn packed(&self, limits: &Limits) -> Result<Vec<u8>, RenderError> {
        let failed = |error: std::io::Error| RenderError::chart("", error.to_string());
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(self.json(limits)?.to_string().as_bytes()).map_err(failed)?;
        encoder.finish().map_err(failed)
    }

    /// Charts within the chart are not stored, nor does Helm store them.
    fn chart(&self, limits: &Limits) -> Result<Json, RenderError> {
        let chart = chart::load(self.files, limits)?;
        let named = |file: &File| json!({"name": file.path, "data": STANDARD.encode(&file.bytes)});
        let of = |files: &[File]| files.iter().map(named).collect::<Vec<_>>();
        let schema = self.files.get("values.schema.json").map(|text| STANDARD.encode(text));
        let values = to_json(&Value::Map(chart.values.clone()));
        Ok(json!({
            "metadata": self.metadata()?,
            "lock": null,
            "templates": of(&chart.templates),
            "values": values.map_err(|why| RenderError::chart("values.yaml", why))?,
            "schema": schema,
            "files": of(&chart.files),
        }))
    }

    /// The fields of Chart.yaml that Helm knows, each of the type that it reads them as.
    fn metadata(&self) -> Result<Json, RenderError> {
        let read = |path: &str| match self.files.get(path) {
            Some(bytes) => parse_yaml(bytes).map_err(|why| RenderError::chart(path, why.to_string())),
            None => Ok(Json::Null),
        };
        let (own, required) = (read("Chart.yaml")?, read("requirements.yaml")?);
        let mut out = Map::new();
        for field in TEXTS {
            if let Some(text) = own.get(field).and_then(as_text).filter(|text| !text.is_empty()) {
                out.insert(field.to_owned(), Json::from(text));
            }
        }
        for field in ["sources", "keywords"] {
            let items = own.get(field).and_then(Json::as_array).into_iter().flatten();
            let items: Vec<Json> = items.filter_map(as_text).map(Json::from).collect();
            if !items.is_empty() {
                out.insert(field.to_owned(), Json::from(items));
            }
        }
        if own.get("deprecated") == Some(&Json::Bool(true)) {
            out.insert("deprecated".to_owned(), Json::Bool(true));
        }
        if let Some(map) = own.get("annotations").and_then(Json::as_object) {
            let texts =
                map.iter().filter_map(|(key, value)| Some((key.clone(), Json::from(as_text(value)?))));
            out.insert("annotations".to_owned(), texts.collect());
        }
        let people = texts_of(&own, "maintainers", &["name", "email", "url"]);
        if !people.is_empty() {
            out.insert("maintainers".to_owned(), Json::from(people));
        }
        let from = if required.get("dependencies").is_some() { &required } else { &own };
        let on = texts_of(from, "dependencies", &["name", "version", "repository", "condition", "alias"]);
        if !on.is_empty() {
            out.insert("dependencies".to_owned(), Json::from(on));
        }
        Ok(Json::Object(out))
    }
}

const TEXTS: [&str; 11] = [
    "name",
    "home",
    "version",
    "description",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "kubeVersion",
    "type",
];

fn texts_of(own: &Json, list: &str, fields: &[&str]) -> Vec<Json> {
    let items = own.get(list).and_then(Json::as_array).into_iter().flatten();
    let one = |item: &Json| -> Json {
        let texts = fields.iter().filter_map(|name| Some(((*name).to_owned(), as_text(item.get(*name)?)?)));
        texts.map(|(name, text)| (name, Json::from(text))).collect()
    };
    items.map(one).collect()
}

/// Numbers as Go writes them: without a fraction that says nothing.
fn written(json: Json) -> Json {
    match json {
        Json::Number(number) => {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
            match whole.and_then(|n| format!("{n:.0}").parse::<i64>().ok()) {
                Some(whole) => Json::from(whole),
                None => Json::Number(number),
            }
        }
        Json::Array(items) => items.into_iter().map(written).collect(),
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, written(value))).collect(),
        Json::Null | Json::Bool(_) | Json::String(_) => json,
    }
}

fn hook(hook: &Hook) -> Json {
    json!({
        "name": hook.name,
        "kind": hook.kind,
        "path": hook.path,
        "manifest": hook.text,
        "events": hook.events,
        "weight": hook.weight,
        "delete_policies": hook.delete_policies,
        "output_log_policies": hook.output_log_policies,
        "last_run": {"started_at": "", "completed_at": "", "phase": ""},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::Capabilities;
    use crate::render::{Request, render};

    #[test]
    fn a_release_is_stored_as_helm_reads_it() {
        let chart = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: 1.10\nunknown: x\n\
            maintainers: [{name: A, email: a@example.com}]\nkeywords: [k]\n";
        let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j\n  annotations: {helm.sh/hook: pre-install}\n";
        let files = [
            ("Chart.yaml", chart),
            ("values.yaml", "replicas: 1\n"),
            ("templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
            ("templates/job.yaml", job),
            ("templates/NOTES.txt", "thanks"),
            ("README.md", "read"),
        ];
        let files =
            files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect();
        let release = Release { name: "r".into(), namespace: "n".into(), revision: 1, is_upgrade: false };
        let values = Values::read(json!({"replicas": 2})).unwrap();
        let request = Request {
            files: &files,
            values: &values,
            release: &release,
            capabilities: &Capabilities::default(),
            lookup: None,
            now: 0,
            seed: b"",
            short_keys: false,
            limits: Limits::default(),
        };
        let rendered = render(&request).unwrap();
        let stored =
            Stored { files: &files, values: &values, release: &release, rendered: &rendered, manifest: None };
        let json = stored.json(&Limits::default()).unwrap();
        assert_eq!(
            json["chart"]["metadata"],
            json!({"apiVersion": "v2", "name": "web", "version": "1.2.3", "appVersion": "1.1",
                "maintainers": [{"name": "A", "email": "a@example.com"}], "keywords": ["k"]})
        );
        assert_eq!(json["chart"]["values"], json!({"replicas": 1}));
        assert_eq!(json["config"], json!({"replicas": 2}));
        assert_eq!(json["chart"]["files"][0]["name"], "README.md");
        assert_eq!(json["chart"]["templates"].as_array().map(Vec::len), Some(3));
        assert_eq!(json["info"]["notes"], "thanks");
        assert_eq!(json["hooks"][0]["events"], json!(["pre-install"]));
        let manifest =
            "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        assert_eq!(json["manifest"], manifest);
        assert_eq!(stored.packed(&Limits::default()), stored.packed(&Limits::default()));
    }
}
