//! Charts of a kustomization, for `mainstay build --enable-helm`.

use mainstay_helm::{Capabilities, print};
use mainstay_kustomize::{Answer, Chart, ChartFiles, Charts, Inflated, Pull, Refused};
use mainstay_render::{Inflating, inflate};
use std::sync::Arc;

/// What the kustomization does not say of the cluster.
pub(super) struct Cluster {
    pub capabilities: Capabilities,
    /// In seconds since 1970.
    pub now: i64,
}

impl Charts for Cluster {
    fn allowed(&self) -> Answer<()> {
        Ok(Some(()))
    }

    fn pull(&self, wanted: &Pull<'_>) -> Answer<Arc<ChartFiles>> {
        let hint = format!("commit it: {}", wanted.command());
        Err(Refused::new("none is pulled in a build, so that it gives the same every time", hint))
    }

    fn render(&self, chart: &Chart<'_>) -> Answer<Inflated> {
        let with =
            Inflating { capabilities: self.capabilities.clone(), lookup: None, now: self.now, seed: b"" };
        let (rendered, asked) = inflate(chart, with);
        let rendered = rendered.map_err(|error| error.to_string())?;
        let mut warnings = Vec::new();
        if asked.random {
            warnings
                .push("passwords or keys that it makes up can be told by whoever knows its name".to_owned());
        }
        Ok(Some(Inflated { text: print(&rendered, chart.include_crds), warnings }))
    }
}
