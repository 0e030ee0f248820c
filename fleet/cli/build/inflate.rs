//! Charts of a kustomization, for `mainstay build --enable-helm`.

use mainstay_helm::{Capabilities, Limits, Release, Request, Values, print, render};
use mainstay_kustomize::{Chart, Inflated};

/// What the kustomization does not say of the cluster.
pub(super) struct Cluster<'a> {
    pub kube_version: Option<&'a str>,
    pub api_versions: &'a [String],
    /// In seconds since 1970.
    pub now: i64,
}

pub(super) fn inflate(chart: &Chart<'_>, cluster: &Cluster<'_>) -> Result<Inflated, String> {
    let mut values = Values::default();
    for (name, bytes) in chart.values {
        let loaded = mainstay_yaml::load_last_wins(name, bytes, &mainstay_yaml::Limits::default());
        if let Some(problem) = loaded.diagnostics.errors().next() {
            return Err(problem.to_string());
        }
        let first = loaded.documents.into_iter().next().map(|document| document.root.into_json());
        values.merge(Values::read(first.unwrap_or_default()).map_err(|why| format!("{name}: {why}"))?);
    }
    let api_versions = if chart.api_versions.is_empty() { cluster.api_versions } else { chart.api_versions };
    let mut capabilities = Capabilities { api_versions: api_versions.to_vec(), ..Capabilities::default() };
    if let Some(text) = chart.kube_version.or(cluster.kube_version) {
        capabilities.kube_version = Capabilities::parse_kube_version(text)
            .ok_or_else(|| format!("{text} is no Kubernetes version; say 1.31 or v1.31.2"))?;
    }
    let release = Release {
        name: chart.release.to_owned(),
        namespace: chart.namespace.to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let request = Request {
        files: chart.files,
        values: &values,
        release: &release,
        capabilities: &capabilities,
        lookup: None,
        now: cluster.now,
        seed: b"",
        limits: Limits::default(),
    };
    let mut rendered = render(&request).map_err(|error| error.to_string())?;
    let is_wanted = |events: &[String]| !chart.skip_tests || !events.iter().any(|event| event == "test");
    rendered.hooks.retain(|hook| !chart.skip_hooks && is_wanted(&hook.events));
    let mut warnings = Vec::new();
    if rendered.random {
        warnings.push("passwords or keys that it makes up can be told by whoever knows its name".to_owned());
    }
    Ok(Inflated { text: print(&rendered, chart.include_crds), warnings })
}
