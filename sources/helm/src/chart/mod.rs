//! A chart: its metadata, values, templates and files, and the charts within it.
mod archive;
mod coalesce;
mod dependencies;
mod ignore;
mod load;
mod metadata;

pub(crate) use coalesce::coalesce_values;
pub(crate) use dependencies::process_dependencies;
pub(crate) use load::load;
pub(crate) use metadata::{Dependency, Metadata};

use crate::value::Map;

#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) metadata: Metadata,
    /// Its values.yaml.
    pub(crate) values: Map,
    /// Its values.schema.json.
    pub(crate) schema: Option<Vec<u8>>,
    /// Paths within the chart, `templates/...`.
    pub(crate) templates: Vec<File>,
    /// Everything that is neither template, nor values, nor chart.
    pub(crate) files: Vec<File>,
    pub(crate) charts: Vec<Chart>,
}

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl Chart {
    pub(crate) fn name(&self) -> &str {
        &self.metadata.name
    }

    pub(crate) fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }
}
