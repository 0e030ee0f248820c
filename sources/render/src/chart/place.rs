//! Where a unit's chart lies: a folder of a tree, or what a registry gave.
use super::files::{Files, collect};
use crate::inputs::{Inputs, Supply};
use crate::sources::{Known, Origin, Resolver, Source, Unavailable};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_flux::SourceSpec;
use mainstay_unit::tree::{EntryKind, MemoryTree, Tree, TreePath};
use mainstay_unit::{
    Authority, Chart, ChartArchive, ChartRequest, ChartVersion, Need, Registry, SourceId, Verification,
};
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct Placed {
    pub source: Source,
    /// The chart's folder.
    pub path: TreePath,
    pub archive: Option<Arc<ChartArchive>>,
    pub values_files: Vec<String>,
    pub ignore_missing_values_files: bool,
    /// It was signed by somebody, and whoever it is will do.
    pub by_anyone: bool,
}

/// The media type of a chart in an OCI registry, by Helm's own pushing.
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

pub(crate) fn find(chart: &Chart, known: Known<'_>, resolver: &mut Resolver) -> Result<Placed, Unavailable> {
    let wanted = Wanted {
        chart: &chart.chart,
        version: &chart.version,
        verify: chart.verify.as_ref(),
        values_files: &chart.values_files,
        ignore_missing_values_files: chart.ignore_missing_values_files,
    };
    wanted.of(&chart.source, known, resolver)
}

/// A chart as a HelmRelease names it, or the HelmChart that it names instead.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    chart: &'a str,
    version: &'a str,
    verify: Option<&'a Verification>,
    values_files: &'a [String],
    ignore_missing_values_files: bool,
}

impl Wanted<'_> {
    fn of(self, id: &SourceId, known: Known<'_>, resolver: &mut Resolver) -> Result<Placed, Unavailable> {
        if let Some(Need::Chart { request, authorities }) = known.repositories.get(id) {
            return self.fetched(request, authorities, known.inputs);
        }
        let Some((found, authorities)) = known.declared.sources.get(id) else {
            return self.in_tree(resolver.resolve(id, known)?);
        };
        let in_tree = matches!(found.spec, SourceSpec::Git { .. } | SourceSpec::Bucket { .. });
        if found.broken && !in_tree {
            return Err(Unavailable::because(format!("{id} has errors")));
        }
        let request = match &found.spec {
            SourceSpec::Git { .. } | SourceSpec::Bucket { .. } => {
                return self.in_tree(resolver.resolve(id, known)?);
            }
            SourceSpec::HelmRepository { registry, access } => {
                let version = ChartVersion::Range { range: self.version.to_owned(), filter: None };
                access.chart(*registry, self.chart, version, self.verify.cloned())
            }
            SourceSpec::Oci { media_type: Some(other), .. } if other != CHART_LAYER => {
                return Err(Unavailable::because(format!(
                    "{id} selects layers of {other}, which are no chart"
                )));
            }
            SourceSpec::Oci { access, version, verify, .. } => {
                let verify = verify.clone().map_err(|why| Unavailable::unproved(format!("{id}: {why}")))?;
                access.chart(Registry::Oci, "", version.clone(), verify)
            }
            SourceSpec::HelmChart {
                chart,
                version,
                source,
                verify,
                values_files,
                ignore_missing_values_files,
            } => {
                if matches!(source, SourceId::Named { kind, .. } if kind == "HelmChart") {
                    return Err(Unavailable::because(format!("{id} has errors")));
                }
                let ignore_missing_values_files = *ignore_missing_values_files;
                let verify = verify.as_ref();
                return Wanted { chart, version, verify, values_files, ignore_missing_values_files }
                    .of(source, known, resolver);
            }
        };
        self.fetched(&request, authorities, known.inputs)
    }

    fn in_tree(self, source: Source) -> Result<Placed, Unavailable> {
        if self.verify.is_some() {
            return Err(Unavailable::unproved(
                "its chart lies in a tree, and only those of repositories are signed".into(),
            ));
        }
        let path = TreePath::parse(self.chart).map_err(|invalid| {
            let problem = Diagnostic::new(&codes::render::PATH_MISSING, invalid.to_string());
            Unavailable {
                diagnostic: Some(Box::new(problem)),
                ..Unavailable::because("its path leads nowhere")
            }
        })?;
        Ok(self.placed(source, path, None))
    }

    fn fetched(
        self,
        request: &ChartRequest,
        authorities: &[Authority],
        inputs: &Inputs,
    ) -> Result<Placed, Unavailable> {
        match inputs.charts.get(&(request.clone(), authorities.to_vec())) {
            Some(Supply::Here(archive)) => {
                let name = if request.chart.is_empty() {
                    request.url.rsplit('/').next().unwrap_or_default()
                } else {
                    &request.chart
                };
                let origin = Origin::Named(format!("{name} {}", archive.version));
                let source = Source { tree: Arc::new(MemoryTree::new()), origin: Arc::new(origin) };
                let placed = self.placed(source, TreePath::root(), Some(archive.clone()));
                let by_anyone = match &request.verify {
                    Some(Verification::Identity { any_of, .. }) => any_of.is_empty(),
                    Some(Verification::Cosign { .. } | Verification::Provenance { .. }) | None => false,
                };
                Ok(Placed { by_anyone, ..placed })
            }
            Some(Supply::Absent(why)) => Err(Unavailable::because(format!("{request}: {why}"))),
            Some(Supply::Refused(why)) => Err(Unavailable::unproved(format!("{request}: {why}"))),
            Some(Supply::NotEvaluated(why)) => {
                Err(Unavailable::because(format!("{request} is not evaluated: {why}")))
            }
            None => Err(Unavailable {
                need: Some(Box::new(Need::Chart {
                    request: Box::new(request.clone()),
                    authorities: authorities.to_vec(),
                })),
                ..Unavailable::because(format!("{request} has not been fetched"))
            }),
        }
    }

    fn placed(self, source: Source, path: TreePath, archive: Option<Arc<ChartArchive>>) -> Placed {
        Placed {
            source,
            path,
            archive,
            values_files: self.values_files.to_vec(),
            ignore_missing_values_files: self.ignore_missing_values_files,
            by_anyone: false,
        }
    }
}

/// What can't be read, and why.
pub(crate) struct Unread {
    /// As it is shown.
    pub file: String,
    pub why: String,
    pub exists: bool,
}

impl Placed {
    /// What decides about the chart's content beside what is read in the tree.
    pub(crate) fn identity(&self) -> String {
        let digest = self.archive.as_ref().map(|archive| &archive.digest);
        let files = (&self.values_files, self.ignore_missing_values_files);
        format!("{:?}\0{}\0{digest:?}\0{files:?}", self.source.origin, self.path)
    }

    /// Whether there is a chart at the path. A registry's always is one.
    pub(crate) fn problem(&self, named: &str) -> Option<(&'static mainstay_diagnostic::Code, String)> {
        if self.archive.is_some() {
            return None;
        }
        let (tree, path) = (self.source.tree.as_ref(), &self.path);
        let missing = |message: String| Some((&codes::render::PATH_MISSING, message));
        match tree.entry(path) {
            Ok(None) => missing(format!("the chart {path} of {named} does not exist")),
            Ok(Some(_)) if self.is_packed(tree) => None,
            Ok(Some(entry)) if entry.kind != EntryKind::Folder => {
                missing(format!("the chart {path} of {named} is not a folder"))
            }
            Ok(Some(_)) => match path.join("Chart.yaml").map(|file| tree.entry(&file)) {
                Ok(Ok(Some(_))) => None,
                Ok(Ok(None)) => missing(format!("the folder {path} of {named} holds no Chart.yaml")),
                Ok(Err(error)) => Some((&codes::render::UNREADABLE, error.to_string())),
                Err(invalid) => missing(invalid.to_string()),
            },
            Err(error) => Some((&codes::render::UNREADABLE, error.to_string())),
        }
    }

    /// A `.tgz` in the tree.
    fn is_packed(&self, tree: &dyn Tree) -> bool {
        let is_file =
            || tree.entry(&self.path).is_ok_and(|entry| entry.is_some_and(|entry| entry.kind.is_file()));
        self.path.as_str().ends_with(".tgz") && is_file()
    }

    /// The files of the chart, with the values that the declaration puts in the place of the chart's own.
    pub(crate) fn files(&self, tree: &dyn Tree) -> Result<Files, Unread> {
        let shown = |(path, why): (TreePath, String)| Unread {
            file: self.source.origin.file(&path),
            why,
            exists: true,
        };
        let absent = |file: &str, why: String| Unread { file: file.to_owned(), why, exists: false };
        let mut files = match &self.archive {
            Some(archive) => archive.files.clone(),
            None if self.is_packed(tree) => {
                let packed =
                    tree.read(&self.path).map_err(|error| shown((self.path.clone(), error.to_string())))?;
                mainstay_package::unpack(&packed, &mainstay_package::Limits::default())
                    .map_err(|error| shown((self.path.clone(), error.to_string())))?
            }
            None => collect(tree, &self.path).map_err(shown)?,
        };
        if self.values_files.is_empty() {
            return Ok(files);
        }
        let mut values = mainstay_object::Value::Object(serde_json::Map::new());
        for name in &self.values_files {
            let bytes = match &self.archive {
                Some(_) => files.get(name.trim_start_matches("./")).cloned(),
                // From the root of the source, not from the chart's folder.
                None => {
                    let path = TreePath::parse(name).map_err(|error| absent(name, error.to_string()))?;
                    let found =
                        tree.entry(&path).map_err(|error| shown((path.clone(), error.to_string())))?;
                    match found {
                        None => None,
                        Some(_) => {
                            Some(tree.read(&path).map_err(|error| shown((path, error.to_string())))?.to_vec())
                        }
                    }
                }
            };
            match bytes {
                Some(bytes) => {
                    let map = super::values::map_of(name, &bytes).map_err(|why| absent(name, why))?;
                    super::values::merge(&mut values, map);
                }
                None if self.ignore_missing_values_files => {}
                None => return Err(absent(name, "the file of values does not exist".to_owned())),
            }
        }
        // JSON is YAML.
        files.insert("values.yaml".to_owned(), values.to_string().into_bytes());
        Ok(files)
    }

    /// A path that a chart's template has in Helm, the chart's name first, as it is shown.
    pub(crate) fn shown(&self, template: &str) -> String {
        let within = template.split_once('/').map_or(template, |(_, within)| within);
        match self.path.join(within) {
            Ok(path) => self.source.origin.file(&path),
            Err(_) => within.to_owned(),
        }
    }
}
