//! `mainstay build` of a folder with a chart: what `helm template` prints.

use super::inflate::Cluster;
use crate::exit::Failure;
use mainstay_helm::{
    Capabilities, Form, Limits, Release, Rendered, Request, Values, observe_unchecked, print, render,
};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(clap::Args)]
#[command(next_help_heading = "Charts")]
#[group(id = "chart")]
pub(super) struct Args {
    /// Values; those of a later file win
    #[arg(long, short = 'f', value_name = "FILE")]
    values: Vec<PathBuf>,
    /// A value, for example `a.b[0]=x,c={1,2}`; after those of files, in the order of these five options
    #[arg(long, value_name = "KEY=VALUE")]
    set_json: Vec<String>,
    /// A value; integers, true, false and null are what they look like
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A value that is text, whatever it looks like
    #[arg(long, value_name = "KEY=VALUE")]
    set_string: Vec<String>,
    /// A value that is the text of a file
    #[arg(long, value_name = "KEY=FILE")]
    set_file: Vec<String>,
    /// A value that is all the text behind the first `=`
    #[arg(long, value_name = "KEY=VALUE")]
    set_literal: Vec<String>,
    /// Name of the release [default: release-name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Namespace of the release [default: default]
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Templates to print alone, for example `templates/service.yaml`
    #[arg(long, short, value_name = "TEMPLATE")]
    show_only: Vec<String>,
    /// Print the definitions in `crds/` as well
    #[arg(long)]
    include_crds: bool,
    /// Kubernetes version that the chart sees
    #[arg(long, alias = "helm-kube-version", value_name = "VERSION")]
    kube_version: Option<String>,
    /// API versions that the chart sees besides those of Kubernetes
    #[arg(long, short, alias = "helm-api-versions", value_name = "VERSION", value_delimiter = ',')]
    api_versions: Vec<String>,
    /// Render values that a values.schema.json refuses
    #[arg(long)]
    skip_schema_validation: bool,
}

const FILES: usize = 20_000;
const DEPTH: usize = 64;
const BYTES: u64 = 256 << 20;

impl Args {
    /// Whether anything is asked that only a chart has.
    pub fn any(&self) -> bool {
        self.any_but_cluster() || self.kube_version.is_some() || !self.api_versions.is_empty()
    }

    /// The charts of a kustomization may need to know the cluster too.
    pub fn any_but_cluster(&self) -> bool {
        !self.values.is_empty()
            || [&self.set_json, &self.set, &self.set_string, &self.set_file, &self.set_literal]
                .iter()
                .any(|set| !set.is_empty())
            || self.name.is_some()
            || self.namespace.is_some()
            || !self.show_only.is_empty()
            || self.include_crds
            || self.skip_schema_validation
    }

    pub fn cluster(&self) -> Result<Cluster, Failure> {
        Ok(Cluster { capabilities: self.capabilities()?, now: now() })
    }

    fn capabilities(&self) -> Result<Capabilities, Failure> {
        let mut capabilities =
            Capabilities { api_versions: self.api_versions.clone(), ..Capabilities::default() };
        if let Some(text) = &self.kube_version {
            capabilities.kube_version = Capabilities::parse_kube_version(text).ok_or_else(|| {
                Failure::user(format!("{text} is no Kubernetes version; say 1.31 or v1.31.2"))
            })?;
        }
        Ok(capabilities)
    }
}

pub(super) fn build(args: &Args, chart: &Path, root: &Path) -> Result<String, Failure> {
    let values = values(args)?;
    let capabilities = args.capabilities()?;
    let release = Release {
        name: args.name.clone().unwrap_or_else(|| "release-name".into()),
        namespace: args.namespace.clone().unwrap_or_else(|| "default".into()),
        revision: 1,
        is_upgrade: false,
    };
    let files = files(chart, root)?;
    let request = Request {
        files: &files,
        values: &values,
        release: &release,
        capabilities: &capabilities,
        lookup: None,
        now: now(),
        seed: b"",
        short_keys: false,
        limits: Limits::default(),
    };
    let result = if args.skip_schema_validation { observe_unchecked(&request).0 } else { render(&request) };
    let mut rendered =
        result.map_err(|error| Failure::user(format!("{} can't be rendered: {error}", chart.display())))?;
    if !args.show_only.is_empty() {
        keep(&mut rendered, &args.show_only)?;
    }
    Ok(print(&rendered, args.include_crds))
}

/// In seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// Of what was rendered, what these templates made.
fn keep(rendered: &mut Rendered, templates: &[String]) -> Result<(), Failure> {
    let within = |path: &str| path.split_once('/').map_or_else(String::new, |(_, within)| within.to_owned());
    let paths: Vec<String> = rendered
        .manifests
        .iter()
        .map(|manifest| within(&manifest.path))
        .chain(rendered.hooks.iter().map(|hook| within(&hook.path)))
        .collect();
    if let Some(missing) = templates.iter().find(|template| !paths.contains(template)) {
        return Err(Failure::user(format!("could not find template {missing} in chart")));
    }
    rendered.manifests.retain(|manifest| templates.contains(&within(&manifest.path)));
    rendered.hooks.retain(|hook| templates.contains(&within(&hook.path)));
    Ok(())
}

fn values(args: &Args) -> Result<Values, Failure> {
    let mut values = Values::default();
    for file in &args.values {
        values.merge(read_values(file)?);
    }
    let forms = [
        ("-json", Form::Json, &args.set_json),
        ("", Form::Typed, &args.set),
        ("-string", Form::Text, &args.set_string),
    ];
    let failed =
        |option: &str, why: &dyn Display| Failure::user(format!("failed parsing --set{option} data: {why}"));
    for (option, form, lines) in forms {
        for line in lines {
            values.set(form, line).map_err(|why| failed(option, &why))?;
        }
    }
    for line in &args.set_file {
        values.set_files(line, &mut read_text).map_err(|why| failed("-file", &why))?;
    }
    for line in &args.set_literal {
        values.set(Form::Literal, line).map_err(|why| failed("-literal", &why))?;
    }
    Ok(values)
}

fn read_text(file: &str) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|e| format!("{file} can't be read as text: {e}"))
}

pub(crate) fn read_values(file: &Path) -> Result<Values, Failure> {
    let bytes =
        std::fs::read(file).map_err(|e| Failure::user(format!("{} can't be read: {e}", file.display())))?;
    let name = file.display().to_string();
    let loaded = mainstay_yaml::load_last_wins(&name, &bytes, &mainstay_yaml::Limits::default());
    if let Some(problem) = loaded.diagnostics.errors().next() {
        return Err(Failure::user(problem.to_string()));
    }
    let first = loaded.documents.into_iter().next().map(|document| document.root.into_json());
    Values::read(first.unwrap_or_default())
        .map_err(|_| Failure::user(format!("{name} holds no map of values")))
}

/// All files of a chart. Links are followed, as helm does, but not out of the root.
pub(crate) fn files(chart: &Path, root: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut found = BTreeMap::new();
    let mut bytes = 0;
    let mut open = vec![(chart.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let failed =
            |e: std::io::Error| Failure::environment(format!("{} can't be read: {e}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let unreadable =
                |e: std::io::Error| Failure::environment(format!("{} can't be read: {e}", path.display()));
            let real = path.canonicalize().map_err(unreadable)?;
            if !real.starts_with(root) {
                let message = format!("{} leads out of {}", path.display(), root.display());
                return Err(Failure::user(format!("{message}; --root says what may be read")));
            }
            let about = std::fs::metadata(&real).map_err(unreadable)?;
            if about.is_dir() {
                if depth == DEPTH {
                    return Err(Failure::user(format!(
                        "{} is more than {DEPTH} folders deep",
                        chart.display()
                    )));
                }
                open.push((path, depth + 1));
                continue;
            }
            bytes += about.len();
            if found.len() == FILES || bytes > BYTES {
                let message = format!("{} holds more than {FILES} files or 256 MiB", chart.display());
                return Err(Failure::user(message));
            }
            if about.is_file()
                && let Ok(within) = path.strip_prefix(chart)
            {
                found
                    .insert(within.to_string_lossy().into_owned(), std::fs::read(&real).map_err(unreadable)?);
            }
        }
    }
    Ok(found)
}
