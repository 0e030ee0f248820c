//! The second render, of other secrets and other chance: why it told nothing.
use super::objects::{Making, Objects};
use super::{ChartJob, Unrendered};
use mainstay_diagnostic::{Diagnostic, Severity};
use mainstay_helm::RenderError;

/// What it failed at. Where there are secrets, `quiet`, no word of what was rendered: it is easily turned back into them.
pub(super) fn failure(job: &ChartJob<'_>, making: &Making<'_>, why: Unrendered, quiet: bool) -> String {
    let said = match &why {
        Unrendered::Chart(error) if quiet => without_values(error),
        Unrendered::Chart(error) => error.to_string(),
        Unrendered::Told(problem) => return told(problem, quiet),
        Unrendered::Unasked => return "it was not rendered".to_owned(),
    };
    match job.unrendered(making, why, &[]).location {
        Some(at) => format!("{said} (at {at})"),
        None => said,
    }
}

/// What was wrong with what it made.
pub(super) fn problem(objects: &Objects, quiet: bool) -> Option<String> {
    let first = objects.diagnostics.iter().find(|problem| problem.severity == Severity::Error)?;
    Some(told(first, quiet))
}

fn told(problem: &Diagnostic, quiet: bool) -> String {
    let said = if quiet { problem.code.title } else { &*problem.message };
    match &problem.location {
        Some(at) => format!("{said} (at {at})"),
        None => said.to_owned(),
    }
}

fn without_values(error: &RenderError) -> String {
    match error {
        RenderError::Template(error) => {
            let message = &error.innermost().message;
            match message.strip_prefix("error calling ").and_then(|rest| rest.split_once(": ")) {
                Some((function, _)) => format!("the function {function} fails"),
                None => "a template fails".to_owned(),
            }
        }
        RenderError::Manifest { path, .. } => format!("what {path} makes can't be read as YAML"),
        RenderError::Chart { path, .. } => format!("{path} can't be used"),
        // Of the chart's own text, and of numbers.
        RenderError::Parse { message, .. } | RenderError::Limit(message) => message.clone(),
        RenderError::Schema(_) => "the values are none that the chart's schema allows".to_owned(),
    }
}
