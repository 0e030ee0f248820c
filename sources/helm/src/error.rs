use crate::exec;

/// Why a chart did not render.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RenderError {
    /// The chart itself is wrong: what is missing or can't be read. The path is within the chart.
    #[error("{path}: {message}")]
    Chart { path: String, message: String },
    /// A template is no template.
    #[error("parse error at ({at}): {message}")]
    Parse { at: exec::Place, message: String },
    /// A template failed.
    #[error("{0}")]
    Template(Box<exec::Error>),
    /// A template made YAML that can't be read, or no object.
    #[error("YAML parse error on {path}: {message}")]
    Manifest { path: String, message: String },
    /// Values that a `values.schema.json` refuses, a line for each.
    #[error("{0}")]
    Schema(String),
    /// A limit of the whole render, outside of any template.
    #[error("{0}")]
    Limit(String),
}

impl RenderError {
    pub(crate) fn chart(path: impl Into<String>, message: impl Into<String>) -> Self {
        RenderError::Chart { path: path.into(), message: message.into() }
    }
}
