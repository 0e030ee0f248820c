//! A chart with values, rendered: templates in Helm's order, their output cut into manifests and hooks, and those sorted.
mod outline;
mod print;
mod sort;

pub use outline::Outline;
pub use print::print;
pub use sort::{Hook, Manifest};

use crate::capabilities::Capabilities;
use crate::chart::{self, Chart};
use crate::error::RenderError;
use crate::exec::{Engine, Failure, Host, Limits, Place, Set, without_no_value};
use crate::funcs::clean_path;
use crate::random::Entropy;
use crate::schema;
use crate::template::{Source, parse};
use crate::value::{Files, Map, MapType, Object, Value, from_values};
use crate::values::Values;
use mainstay_package::{Constraint, Version};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Facts of the release, which templates see as `.Release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub name: String,
    pub namespace: String,
    pub revision: i64,
    pub is_upgrade: bool,
}

/// `lookup(apiVersion, kind, namespace, name)`: the object, a list where the name is empty, `{}` where there is none.
pub type Lookup<'a> = &'a dyn Fn(&str, &str, &str, &str) -> Result<serde_json::Value, String>;

pub struct Request<'a> {
    /// The chart's folder: paths within it, with slashes, and bytes.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// What the user sets.
    pub values: &'a Values,
    pub release: &'a Release,
    pub capabilities: &'a Capabilities,
    /// Without one every `lookup` finds nothing, as in `helm template`.
    pub lookup: Option<Lookup<'a>>,
    /// What `now` is, in seconds since 1970.
    pub now: i64,
    /// Mixed into what the chart calls random. Without a secret here, whoever knows release and chart can tell the
    /// passwords and keys that it makes.
    pub seed: &'a [u8],
    /// Keys may be too short to be of use: they take no time, where it only counts what depends on chance.
    pub short_keys: bool,
    pub limits: Limits,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// In the order of installation.
    pub manifests: Vec<Manifest>,
    pub hooks: Vec<Hook>,
    /// Path and text of what lies in `crds/`.
    pub crds: Vec<(String, String)>,
    pub notes: String,
    /// The chart asked for chance: what it got follows from release and chart.
    pub random: bool,
}

/// What a render asked for besides files and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// Chance: what it got follows from release, chart and seed.
    pub random: bool,
    /// What time it is.
    pub clock: bool,
    /// The version of the API server, or what it serves.
    pub capabilities: bool,
}

/// With values that meet every `values.schema.json` of the chart.
pub fn render(request: &Request<'_>) -> Result<Rendered, RenderError> {
    observe(request).0
}

/// Renders, and tells what the chart asked for, also where it failed: what it got may be why.
pub fn observe(request: &Request<'_>) -> (Result<Rendered, RenderError>, Asked) {
    let mut asked = Asked::default();
    let result = attempt(request, &mut asked, true);
    (result, asked)
}

/// [`observe`], whatever the chart's schemas say of the values: `--skip-schema-validation`, `disableSchemaValidation`.
pub fn observe_unchecked(request: &Request<'_>) -> (Result<Rendered, RenderError>, Asked) {
    let mut asked = Asked::default();
    let result = attempt(request, &mut asked, false);
    (result, asked)
}

fn attempt(request: &Request<'_>, asked: &mut Asked, schemas: bool) -> Result<Rendered, RenderError> {
    let mut chart = complete(request.files, &request.limits)?;
    asked.capabilities = !chart.metadata.kube_version.is_empty();
    check_kube_version(&chart, request.capabilities)?;
    let values = enable(&mut chart, request.values)?;
    let values = chart::coalesce_values(&chart, &values, false).map_err(in_values)?;
    if schemas {
        schema::check(&chart, &values)?;
    }
    let nothing = |_: &str, _: &str, _: &str, _: &str| Ok(serde_json::Value::Object(serde_json::Map::new()));
    let release = request.release;
    // Not the version: a password should outlive an upgrade.
    let facts = [&release.name, &release.namespace, chart.name()].map(str::as_bytes);
    let seed = [facts.as_slice(), &[request.seed]].concat();
    let host = Host {
        lookup: request.lookup.unwrap_or(&nothing),
        entropy: RefCell::new(Entropy::new(&seed)),
        short_keys: request.short_keys,
        now: request.now,
        clock: Cell::new(false),
    };
    let watch = Rc::new(Cell::new(false));
    let outputs = execute(&chart, &values, request, &host, &watch);
    asked.random = host.entropy.borrow().was_asked();
    asked.clock = host.clock.get();
    asked.capabilities |= watch.get();
    let outputs = outputs?;
    let mut rendered = Rendered { random: asked.random, ..Rendered::default() };
    let own_notes = format!("{}/templates/NOTES.txt", chart.name());
    let mut files = BTreeMap::new();
    for (path, text) in outputs {
        if path == own_notes {
            rendered.notes = text;
        } else if !path.ends_with("NOTES.txt") {
            files.insert(path, text);
        }
    }
    (rendered.manifests, rendered.hooks) = sort::sort(&files, &request.limits)?;
    collect_crds(&chart, chart.name(), &mut rendered.crds);
    Ok(rendered)
}

/// A chart that can be installed, with everything that it is made of.
fn complete(files: &BTreeMap<String, Vec<u8>>, limits: &Limits) -> Result<Chart, RenderError> {
    let chart = chart::load(files, limits)?;
    if chart.is_library() {
        return Err(RenderError::chart("Chart.yaml", "library charts are not installable"));
    }
    check_dependencies(&chart)?;
    Ok(chart)
}

fn in_values(message: String) -> RenderError {
    RenderError::chart("values.yaml", message)
}

/// Leaves out the charts within it that the values switch off; answers with the values.
fn enable(chart: &mut Chart, values: &Values) -> Result<Map, RenderError> {
    let set = values.entries().iter();
    let values = Map::new(MapType::Any, set.map(|(key, value)| (key.as_str().into(), from_values(value))));
    chart::process_dependencies(chart, &values).map_err(in_values)?;
    Ok(values)
}

/// Whatever Chart.yaml names must be there.
fn check_dependencies(chart: &Chart) -> Result<(), RenderError> {
    let missing = chart.metadata.dependencies.iter().map(|dependency| dependency.name.as_str());
    let missing: Vec<&str> =
        missing.filter(|name| !chart.charts.iter().any(|chart| chart.name() == *name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("found in Chart.yaml, but missing in charts/ directory: {}", missing.join(", "));
    Err(RenderError::chart("Chart.yaml", message))
}

fn check_kube_version(chart: &Chart, capabilities: &Capabilities) -> Result<(), RenderError> {
    let wanted = &chart.metadata.kube_version;
    let found = &capabilities.kube_version;
    let allowed = || Some(Constraint::parse(wanted).ok()?.allows(&Version::parse(found).ok()?));
    if wanted.is_empty() || allowed() == Some(true) {
        return Ok(());
    }
    let message =
        format!("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {found}");
    Err(RenderError::chart("Chart.yaml", message))
}

/// A template with the values that it sees.
struct Renderable {
    text: String,
    values: Map,
    base_path: String,
}

fn execute(
    chart: &Chart,
    values: &Map,
    request: &Request<'_>,
    host: &Host<'_>,
    watch: &Rc<Cell<bool>>,
) -> Result<Vec<(String, String)>, RenderError> {
    let release = request.release;
    let facts = Value::map([
        ("Name".into(), release.name.as_str().into()),
        ("Namespace".into(), release.namespace.as_str().into()),
        ("IsUpgrade".into(), release.is_upgrade.into()),
        ("IsInstall".into(), (!release.is_upgrade).into()),
        ("Revision".into(), Value::Int(release.revision)),
        ("Service".into(), "Helm".into()),
    ]);
    let mut templates = BTreeMap::new();
    let top = Top { release: facts, capabilities: request.capabilities.value(watch) };
    collect(chart, chart.name(), true, &values.typed(MapType::Values), &top, &mut templates);
    let mut order: Vec<&String> = templates.keys().collect();
    // Deeper ones first, so that of two definitions the higher one counts.
    order.sort_by(|a, b| (b.matches('/').count(), b).cmp(&(a.matches('/').count(), a)));
    let mut set = Set::default();
    for path in &order {
        let source = Rc::new(Source { name: path.as_str().into(), text: templates[*path].text.clone() });
        let trees = parse(&source).map_err(|error| {
            let (line, column) = source.place(error.pos);
            RenderError::Parse { at: Place { file: path.to_string(), line, column }, message: error.message }
        })?;
        trees.into_iter().for_each(|tree| set.add(tree));
    }
    let set = Rc::new(set);
    let mut engine = Engine::new(host, request.limits);
    let mut outputs = Vec::new();
    for path in order {
        if path.rsplit('/').next().unwrap_or_default().starts_with('_') {
            continue;
        }
        let template = &templates[path];
        let names =
            [("Name".into(), path.as_str().into()), ("BasePath".into(), template.base_path.as_str().into())];
        template.values.insert("Template".into(), Value::Map(Map::new(MapType::Values, names)));
        let data = Value::Map(template.values.typed(MapType::Values));
        let out = engine.execute(&set, path, data).map_err(|failure| match failure {
            Failure::Nested(error) => RenderError::Template(error),
            Failure::Message(message) => RenderError::Limit(message.to_string()),
        })?;
        let out = without_no_value(out);
        outputs.push((path.clone(), String::from_utf8_lossy(&out).into_owned()));
    }
    Ok(outputs)
}

struct Top {
    release: Value,
    capabilities: Value,
}

/// The templates of a chart and of those within it; what templates of the chart see.
fn collect(
    chart: &Chart,
    path: &str,
    is_root: bool,
    values: &Map,
    top: &Top,
    templates: &mut BTreeMap<String, Renderable>,
) -> Map {
    let files = chart.files.iter().map(|file| (file.path.as_str().into(), file.bytes.clone().into()));
    let subcharts = Map::new(MapType::Any, []);
    let sees = Map::new(
        MapType::Any,
        [
            ("Chart".into(), chart.metadata.value(is_root)),
            ("Files".into(), Value::Object(Object::Files(Rc::new(Files(files.collect()))))),
            ("Release".into(), top.release.clone()),
            ("Capabilities".into(), top.capabilities.clone()),
            ("Values".into(), Value::Map(values.clone())),
            ("Subcharts".into(), Value::Map(subcharts.clone())),
        ],
    );
    for below in &chart.charts {
        let theirs = match values.get(below.name().as_bytes()) {
            Some(Value::Map(map)) => map.typed(MapType::Values),
            Some(_) | None => Map::new(MapType::Values, []),
        };
        let path = format!("{path}/charts/{}", below.name());
        let seen = collect(below, &path, false, &theirs, top, templates);
        subcharts.insert(below.name().into(), Value::Map(seen));
    }
    for template in &chart.templates {
        let partial = template.path.rsplit('/').next().unwrap_or_default().starts_with('_');
        if chart.is_library() && !partial {
            continue;
        }
        templates.insert(
            clean_path(&format!("{path}/{}", template.path)),
            Renderable {
                text: String::from_utf8_lossy(&template.bytes).into_owned(),
                values: sees.clone(),
                base_path: format!("{path}/templates"),
            },
        );
    }
    sees
}

fn collect_crds(chart: &Chart, path: &str, crds: &mut Vec<(String, String)>) {
    for file in chart.files.iter().filter(|file| file.path.starts_with("crds/")) {
        let end =
            file.path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, end)| end);
        if ["yaml", "yml", "json"].iter().any(|known| end.eq_ignore_ascii_case(known)) {
            crds.push((format!("{path}/{}", file.path), String::from_utf8_lossy(&file.bytes).into_owned()));
        }
    }
    for below in &chart.charts {
        collect_crds(below, &format!("{path}/charts/{}", below.name()), crds);
    }
}
