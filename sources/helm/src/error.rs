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

/// How a limit that was passed in a template is told.
const LIMITS: [&str; 7] = [
    "rendering takes more than ",
    "rendering makes more than ",
    "templates call each other more than ",
    "blocks, pipelines and templates are nested more than ",
    "YAML over a limit: ",
    "a list of more than ",
    "a result of more than ",
];

impl RenderError {
    /// Whether the chart fails by what this renderer lacks: a function that it does not know, a limit, something that it
    /// does not support. Helm itself may do more, or fail as well.
    pub fn is_ours(&self) -> bool {
        match self {
            RenderError::Parse { message, .. } => {
                message.starts_with("function ") && message.ends_with(" not defined")
            }
            RenderError::Template(error) => {
                let said = said(error);
                self.is_limit() || said.is_some_and(|said| said.ends_with(" are not supported"))
            }
            RenderError::Limit(_) => true,
            RenderError::Chart { .. } | RenderError::Manifest { .. } | RenderError::Schema(_) => false,
        }
    }

    /// Whether the chart asks for more than this renderer's [`crate::Limits`] allow. Helm itself has none.
    pub fn is_limit(&self) -> bool {
        match self {
            RenderError::Template(error) => {
                said(error).is_some_and(|said| LIMITS.iter().any(|limit| said.starts_with(limit)))
            }
            RenderError::Limit(_) => true,
            RenderError::Parse { .. }
            | RenderError::Chart { .. }
            | RenderError::Manifest { .. }
            | RenderError::Schema(_) => false,
        }
    }

    pub(crate) fn chart(path: impl Into<String>, message: impl Into<String>) -> Self {
        RenderError::Chart { path: path.into(), message: message.into() }
    }
}

/// A function's failure stands behind its name; what `fail` says is the chart's.
fn said(error: &exec::Error) -> Option<&str> {
    let message: &str = &error.innermost().message;
    match message.strip_prefix("error calling ").and_then(|rest| rest.split_once(": ")) {
        Some(("fail", _)) => None,
        Some((_, said)) => Some(said),
        None => Some(message),
    }
}
