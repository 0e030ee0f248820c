//! Files to charts, as Helm's loader sorts them.
use super::ignore::Rules;
use super::{Chart, File, Metadata, archive};
use crate::error::RenderError;
use crate::exec::Limits;
use crate::funcs;
use crate::value::{Map, MapType, Value, from_json};
use std::collections::BTreeMap;

/// A chart's folder: paths within it, with slashes.
pub(crate) fn load(files: &BTreeMap<String, Vec<u8>>, limits: &Limits) -> Result<Chart, RenderError> {
    let mut budget =
        Budget { bytes: limits.chart_bytes, files: limits.chart_files, depth: limits.chart_depth };
    let mut rules = Rules::default();
    if let Some(text) = files.get(".helmignore") {
        rules.read(&String::from_utf8_lossy(text)).map_err(|why| RenderError::chart(".helmignore", why))?;
    }
    let mut kept = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| !rules.ignores(path)) {
        budget.pay(path, bytes.len())?;
        kept.push(File { path: path.clone(), bytes: without_mark(bytes).to_vec() });
    }
    // As a walk through the folders would find them.
    kept.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    from_files(kept, "", &mut budget)
}

/// What is left of the limits.
pub(super) struct Budget {
    bytes: u64,
    files: usize,
    depth: usize,
}

impl Budget {
    pub(super) fn pay(&mut self, path: &str, bytes: usize) -> Result<(), RenderError> {
        let left = self.bytes.checked_sub(bytes as u64).zip(self.files.checked_sub(1));
        (self.bytes, self.files) = left.ok_or_else(|| RenderError::chart(path, "the chart is too large"))?;
        Ok(())
    }

    /// Bytes that may still be unpacked.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn from_files(files: Vec<File>, at: &str, budget: &mut Budget) -> Result<Chart, RenderError> {
    let fail = |path: &str, why: String| RenderError::chart(format!("{at}{path}"), why);
    if budget.depth == 0 {
        return Err(fail("", "charts are nested too deeply".into()));
    }
    budget.depth -= 1;
    let read = |path: &str, bytes: &[u8]| {
        funcs::parse_yaml(bytes).map_err(|why| match why {
            funcs::Unread::Broken(message) => fail(path, message),
            limit @ funcs::Unread::Limit(_) => RenderError::Limit(format!("{at}{path}: {limit}")),
        })
    };
    let Some(own) = files.iter().find(|file| file.path == "Chart.yaml") else {
        return Err(fail("Chart.yaml", "Chart.yaml file is missing".into()));
    };
    let metadata = Metadata::read(&read("Chart.yaml", &own.bytes)?).map_err(|why| fail("Chart.yaml", why))?;
    let mut chart = Chart {
        metadata,
        values: Map::new(MapType::Any, []),
        schema: None,
        templates: Vec::new(),
        files: Vec::new(),
        charts: Vec::new(),
    };
    let mut inner: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for file in files {
        match file.path.as_str() {
            "Chart.yaml" | "Chart.lock" => {}
            "values.schema.json" => chart.schema = Some(file.bytes),
            "values.yaml" => match from_json(&read("values.yaml", &file.bytes)?) {
                Value::Map(map) => chart.values = map,
                Value::Nil => {}
                _ => return Err(fail("values.yaml", "not a map".into())),
            },
            "requirements.yaml" | "requirements.lock" => {
                if file.path == "requirements.yaml" {
                    let json = read("requirements.yaml", &file.bytes)?;
                    chart.metadata.read_dependencies(&json).map_err(|why| fail("requirements.yaml", why))?;
                }
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            path if path.starts_with("templates/") => chart.templates.push(file),
            path if path.starts_with("charts/") && !path.ends_with(".prov") => {
                let path = path["charts/".len()..].to_owned();
                let name = path.split('/').next().unwrap_or_default().to_owned();
                inner.entry(name).or_default().push(File { path, bytes: file.bytes });
            }
            _ => chart.files.push(file),
        }
    }
    chart.metadata.validate().map_err(|why| fail("Chart.yaml", why))?;
    for (name, files) in inner {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let place = format!("{at}charts/{name}/");
        let files = if name.ends_with(".tgz") {
            let [file] = &files[..] else { return Err(fail("charts", format!("{name} is a folder"))) };
            archive::unpack(&file.bytes, budget).map_err(|why| fail(&format!("charts/{name}"), why))?
        } else {
            let strip = |file: File| {
                let (_, path) = file.path.split_once('/')?;
                Some(File { path: path.to_owned(), bytes: file.bytes })
            };
            files.into_iter().filter_map(strip).collect()
        };
        // A file beside the charts.
        if !files.is_empty() {
            chart.charts.push(from_files(files, &place, budget)?);
        }
    }
    budget.depth += 1;
    Ok(chart)
}
