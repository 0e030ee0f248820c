//! A chart of a kustomization, rendered as kustomize has the real helm render it: `helm template`.
use mainstay_helm::{
    Asked, Capabilities, Limits, Lookup, Release, RenderError, Rendered, Request, Values, observe,
};
use mainstay_kustomize::Chart;
use std::fmt;

/// What the kustomization does not say.
pub struct Inflating<'a> {
    /// Those that the kustomization names come to a cluster's, or take the place of what else was said.
    pub capabilities: Capabilities,
    pub lookup: Option<Lookup<'a>>,
    /// In seconds since 1970.
    pub now: i64,
    pub seed: &'a [u8],
}

/// Why a chart does not render.
#[derive(Debug)]
pub enum NotInflated {
    /// Values or a version that the kustomization gives.
    Given(String),
    Chart(Box<RenderError>),
}

impl fmt::Display for NotInflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(why) => f.write_str(why),
            Self::Chart(error) => error.fmt(f),
        }
    }
}

/// What the chart renders, without the hooks that are not wanted; and what it asked, also where it failed.
pub fn inflate(chart: &Chart<'_>, with: Inflating<'_>) -> (Result<Rendered, NotInflated>, Asked) {
    let given = values(chart).and_then(|values| Ok((values, capabilities(chart, with.capabilities)?)));
    let (values, capabilities) = match given {
        Ok(given) => given,
        Err(why) => return (Err(NotInflated::Given(why)), Asked::default()),
    };
    let release = Release {
        name: chart.release.to_owned(),
        namespace: chart.namespace.to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let (rendered, asked) = observe(&Request {
        files: chart.files,
        values: &values,
        release: &release,
        capabilities: &capabilities,
        lookup: with.lookup,
        now: with.now,
        seed: with.seed,
        short_keys: false,
        limits: Limits::default(),
    });
    let rendered = rendered.map(|mut rendered| {
        let is_wanted = |events: &[String]| !chart.skip_tests || !events.iter().any(|event| event == "test");
        rendered.hooks.retain(|hook| !chart.skip_hooks && is_wanted(&hook.events));
        rendered
    });
    (rendered.map_err(|error| NotInflated::Chart(Box::new(error))), asked)
}

fn values(chart: &Chart<'_>) -> Result<Values, String> {
    let mut values = Values::default();
    for (name, bytes) in chart.values {
        let loaded = mainstay_yaml::load_last_wins(name, bytes, &mainstay_yaml::Limits::default());
        if let Some(problem) = loaded.diagnostics.errors().next() {
            return Err(problem.to_string());
        }
        let first = loaded.documents.into_iter().next().map(|document| document.root.into_json());
        values.merge(Values::read(first.unwrap_or_default()).map_err(|why| format!("{name}: {why}"))?);
    }
    Ok(values)
}

fn capabilities(chart: &Chart<'_>, mut known: Capabilities) -> Result<Capabilities, String> {
    if let Some(text) = chart.kube_version {
        known.kube_version = Capabilities::parse_kube_version(text)
            .ok_or_else(|| format!("{text} is no Kubernetes version; say 1.31 or v1.31.2"))?;
    }
    if known.asked {
        known.api_versions.extend_from_slice(chart.api_versions);
    } else if !chart.api_versions.is_empty() {
        known.api_versions = chart.api_versions.to_vec();
    }
    Ok(known)
}
