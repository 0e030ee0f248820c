//! `helmCharts`: charts that lie in the tree or are pulled, rendered by whoever the build was given for it.
//! After upstream's `HelmChartInflationGenerator`: which values win, and what of a chart's output is wanted.
use crate::build::Builder;
use crate::document;
use crate::kustomization::Kustomization;
use crate::node::Node;
use crate::outside::{Answer, Refused};
use crate::problem::Problem;
use crate::read::read;
use crate::resource::Resource;
use crate::smp;
use crate::target::Target;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::{Diagnostics, Location};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Paths within a chart's folder, and bytes.
pub type ChartFiles = BTreeMap<String, Vec<u8>>;

/// Who renders charts, and has those that do not lie in the tree.
pub trait Charts {
    /// Whether charts are rendered at all. Asked first.
    fn allowed(&self) -> Answer<()>;
    fn pull(&self, wanted: &Pull<'_>) -> Answer<Arc<ChartFiles>>;
    fn render(&self, chart: &Chart<'_>) -> Answer<Inflated>;
}

/// A chart of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pull<'a> {
    /// `https://...` or `oci://...`.
    pub repository: &'a str,
    pub name: &'a str,
    /// A version or a range; empty for the newest.
    pub version: &'a str,
    /// Where `helm pull` would put it, from the kustomization's folder.
    pub folder: &'a str,
}

/// What `helm template` would be called with.
pub struct Chart<'a> {
    /// The chart's folder in the tree, or where it would be if it were pulled.
    pub folder: &'a str,
    pub files: &'a ChartFiles,
    /// Files of values, names and bytes; those of a later one win.
    pub values: &'a [(String, Vec<u8>)],
    pub release: &'a str,
    pub namespace: &'a str,
    pub include_crds: bool,
    pub skip_hooks: bool,
    pub skip_tests: bool,
    /// Besides those of Kubernetes.
    pub api_versions: &'a [String],
    pub kube_version: Option<&'a str>,
}

/// What `helm template` prints, and what is odd about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inflated {
    pub text: String,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Globals {
    chart_home: String,
    config_home: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Entry {
    name: String,
    version: String,
    repo: String,
    release_name: String,
    namespace: String,
    additional_values_files: Vec<String>,
    values_file: String,
    values_inline: Map<String, Value>,
    values_merge: String,
    #[serde(rename = "includeCRDs")]
    include_crds: bool,
    skip_hooks: bool,
    api_versions: Vec<String>,
    kube_version: String,
    name_template: String,
    skip_tests: bool,
}

/// As charts were written at first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct OldEntry {
    chart_name: String,
    chart_version: String,
    chart_repo_url: String,
    chart_home: String,
    helm_home: String,
    values: String,
    values_local: Map<String, Value>,
    values_merge: String,
    release_name: String,
}

/// Moves entries of the old form behind the others. Where they say where charts are, the last counts, and only if
/// `helmGlobals` says nothing.
pub(crate) fn fix(kustomization: &mut Kustomization) {
    let mut globals = Globals::default();
    for old in std::mem::take(&mut kustomization.helm_chart_inflation_generator) {
        if !old.helm_home.is_empty() {
            globals.config_home = old.helm_home;
        }
        if !old.chart_home.is_empty() {
            globals.chart_home = old.chart_home;
        }
        kustomization.helm_charts.push(Entry {
            name: old.chart_name,
            version: old.chart_version,
            repo: old.chart_repo_url,
            values_file: old.values,
            values_inline: old.values_local,
            values_merge: old.values_merge,
            release_name: old.release_name,
            ..Entry::default()
        });
    }
    if kustomization.helm_globals.is_none()
        && !(globals.chart_home.is_empty() && globals.config_home.is_empty())
    {
        kustomization.helm_globals = Some(globals);
    }
}

/// A generator that is configured by a resource says both in one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configured {
    #[serde(flatten)]
    globals: Globals,
    #[serde(flatten)]
    entry: Entry,
}

impl Configured {
    pub(crate) fn inflate(
        &self,
        builder: &Builder<'_>,
        target: &Target,
        pointer: &str,
    ) -> Result<Vec<Resource>, Diagnostics> {
        inflate(builder, target, &self.globals, &self.entry, pointer)
    }
}

/// The objects of a chart.
pub(crate) fn inflate(
    builder: &Builder<'_>,
    target: &Target,
    globals: &Globals,
    entry: &Entry,
    pointer: &str,
) -> Result<Vec<Resource>, Diagnostics> {
    let fault = |p: Problem| target.fault(p, pointer);
    let invalid = |message: &str| Err(fault(Problem::new(&codes::INVALID, message)));
    let Some(charts) = builder.ports.charts else {
        let message = "this build renders no charts";
        return Err(fault(Problem::new(&codes::UNSUPPORTED, message).hint(
            "kustomize does not either without --enable-helm, nor does Flux; render the chart as a unit",
        )));
    };
    let refused = |refused: Refused| fault(refused.problem(&codes::UNSUPPORTED, "helmCharts"));
    if charts.allowed().map_err(refused)?.is_none() {
        return Ok(Vec::new());
    }
    if entry.name.is_empty() {
        return invalid("chart name cannot be empty");
    }
    if !matches!(entry.values_merge.as_str(), "" | "override" | "merge" | "replace") {
        return invalid("valuesMerge must be one of merge, override, replace");
    }
    let release = match (entry.release_name.as_str(), entry.name_template.as_str()) {
        ("", "") => "release-name",
        (name, "") => name,
        ("", template) if !template.contains("{{") => template,
        ("", _) => {
            let problem =
                Problem::new(&codes::UNSUPPORTED, "a nameTemplate with expressions is not supported");
            return Err(fault(problem.hint("write the name of the release into releaseName")));
        }
        (_, _) => return invalid("a chart has either a releaseName or a nameTemplate, not both"),
    };
    let home = if globals.chart_home.is_empty() { "charts" } else { globals.chart_home.as_str() };
    let home = match (entry.version.as_str(), entry.repo.as_str()) {
        ("", _) | (_, "") => home.to_owned(),
        (version, _) => format!("{home}/{}-{version}", entry.name),
    };
    let named = format!("{home}/{}", entry.name);
    let Some((place, files)) = files(builder, target, charts, entry, &named, pointer)? else {
        return Ok(Vec::new());
    };
    let values = values(builder, target, entry, (&named, &files), pointer)?;
    let chart = Chart {
        folder: &place,
        files: files.of(),
        values: &values,
        release,
        namespace: if entry.namespace.is_empty() { "default" } else { &entry.namespace },
        include_crds: entry.include_crds,
        skip_hooks: entry.skip_hooks,
        skip_tests: entry.skip_tests,
        api_versions: &entry.api_versions,
        kube_version: (!entry.kube_version.is_empty()).then_some(&entry.kube_version),
    };
    let inflated = charts.render(&chart).map_err(|refused| {
        fault(refused.problem(&codes::CHART, &format!("the chart {place} can't be rendered")))
    })?;
    let Some(inflated) = inflated else { return Ok(Vec::new()) };
    for warning in inflated.warnings {
        let problem = Problem::new(&codes::CHART_WARNING, format!("the chart {place}: {warning}"));
        builder.loader.warn(fault(problem));
    }
    let broken = |p: Problem| fault(Problem { message: format!("what {place} renders: {}", p.message), ..p });
    let documents = read(inflated.text.as_bytes(), &builder.loader.limits).map_err(broken)?;
    let at = target.location(pointer);
    let mut found = document::objects(&documents, |_| -> Location { at.clone() }).map_err(broken)?;
    builder.schema.saw(&mut found);
    Ok(found)
}

/// The files of a chart.
enum Files {
    InTree(ChartFiles),
    Pulled(Arc<ChartFiles>),
}

impl Files {
    fn of(&self) -> &ChartFiles {
        match self {
            Self::InTree(files) => files,
            Self::Pulled(files) => files,
        }
    }

    /// A file of a chart that is not in the tree, by the path that it would have.
    fn pulled(&self, chart: &str, path: &str) -> Option<&[u8]> {
        match self {
            Self::InTree(_) => None,
            Self::Pulled(files) => {
                let within = path.trim_start_matches("./").strip_prefix(chart.trim_start_matches("./"))?;
                files.get(within.strip_prefix('/')?).map(Vec::as_slice)
            }
        }
    }
}

/// Where the chart is, as it is told, and its files: those in the tree count before those of a repository, as upstream
/// pulls only what is not there.
fn files(
    builder: &Builder<'_>,
    target: &Target,
    charts: &dyn Charts,
    entry: &Entry,
    named: &str,
    pointer: &str,
) -> Result<Option<(String, Files)>, Diagnostics> {
    let fault = |p: Problem| target.fault(p, pointer);
    if let Some(folder) = builder.loader.find_folder(&target.folder, named).map_err(fault)? {
        let files = builder.loader.files(&folder).map_err(fault)?;
        return Ok(Some((folder.to_string(), Files::InTree(files))));
    }
    if entry.repo.is_empty() {
        let problem = Problem::new(&codes::REMOTE, format!("there is no chart {named} in {}", target.folder));
        let problem = match builder.loader.closest(&target.folder, named) {
            Some(near) => problem.hint(format!("did you mean the chart in {near}?")),
            None => problem.hint("helmGlobals.chartHome says where charts are; charts/ if nothing is said"),
        };
        return Err(fault(problem));
    }
    let pull = Pull { repository: &entry.repo, name: &entry.name, version: &entry.version, folder: named };
    let pulled = charts.pull(&pull).map_err(|refused| {
        fault(refused.problem(&codes::REMOTE, &format!("the chart {named} is not there")))
    })?;
    Ok(pulled.map(|files| (pull.to_string(), Files::Pulled(files))))
}

impl fmt::Display for Pull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = if self.version.is_empty() { "newest" } else { self.version };
        write!(f, "{} {version} of {}", self.name, self.repository)
    }
}

impl Pull<'_> {
    /// The command that puts the chart into the tree.
    pub fn command(&self) -> String {
        let Self { repository, name, version, folder } = self;
        let from = match repository.starts_with("oci://") {
            true => format!("{}/{name}", repository.trim_end_matches('/')),
            false => format!("--repo {repository} {name}"),
        };
        let version = if version.is_empty() { String::new() } else { format!(" --version {version}") };
        let home = folder.rsplit_once('/').map_or("charts", |(home, _)| home);
        format!("helm pull --untar --untardir {home} {from}{version}")
    }
}

/// The files that helm would be given: the entry's, with inline values worked in, then the additional ones.
fn values(
    builder: &Builder<'_>,
    target: &Target,
    entry: &Entry,
    (chart, files): (&str, &Files),
    pointer: &str,
) -> Result<Vec<(String, Vec<u8>)>, Diagnostics> {
    let fault = |p: Problem| target.fault(p, pointer);
    let text = |path: &str| match files.pulled(chart, path) {
        Some(bytes) => Ok(Cow::Borrowed(bytes)),
        None => builder.text(target, path, pointer).map(|bytes| Cow::Owned(bytes.to_vec())),
    };
    let file = match entry.values_file.as_str() {
        "" => format!("{chart}/values.yaml"),
        file => file.to_owned(),
    };
    let first = if entry.values_inline.is_empty() {
        text(&file)?.into_owned()
    } else {
        let inline = Value::Object(entry.values_inline.clone());
        let merged = match entry.values_merge.as_str() {
            "replace" => inline,
            how => {
                let text = text(&file)?;
                let in_file = |p: Problem| p.in_file(&file, &text);
                let documents = read(&text, &builder.loader.limits).map_err(in_file)?;
                let said = documents.into_iter().next().map(|d| d.node);
                let said = said.unwrap_or_else(|| Node::map(Vec::new()));
                let inline = Node::from_value(&inline);
                let (under, over) = if how == "merge" { (inline, said) } else { (said, inline) };
                let merged = smp::merge(under, over, &builder.schema.table()).map_err(fault)?;
                let value = merged.unwrap_or_else(|| Node::map(Vec::new())).to_value();
                value.map_err(|e| fault(Problem::new(&codes::INVALID, format!("values of {chart}: {e}"))))?
            }
        };
        mainstay_yaml::emit(&merged).into_bytes()
    };
    let mut all = vec![(file, first)];
    for file in &entry.additional_values_files {
        all.push((file.clone(), text(file)?.into_owned()));
    }
    Ok(all)
}
