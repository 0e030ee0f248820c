//! What goes to standard output: aligned tables, JSON, YAML; diagnostics with their source line.

use crate::exit::Failure;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use mainstay_diagnostic::{Diagnostic, Severity};
use serde::Serialize;
use std::io::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Table,
    Wide,
    Json,
    Yaml,
}

/// Rows under upper-case headers, three blanks between columns, as kubectl aligns them.
pub(crate) fn table(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut all = vec![headers.iter().map(ToString::to_string).collect::<Vec<_>>()];
    all.extend(rows);
    let width = |column: usize| {
        all.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let mut out = String::new();
    for row in &all {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                let cell = if cell.is_empty() { "-" } else { cell };
                format!("{cell:<width$}", width = *width)
            })
            .collect();
        out.push_str(cells.join("   ").trim_end());
        out.push('\n');
    }
    out
}

pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Ok(()) => Ok(()),
        // `mainstay … | head` is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::environment(format!("standard output can't be written: {error}"))),
    }
}

/// Text that is data, as it is, whatever is in it.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::environment(format!("standard output can't be written: {error}"))),
    }
}

pub(crate) fn structured(value: &impl Serialize, format: Format) -> Result<(), Failure> {
    let value = serde_json::to_value(value).map_err(|e| Failure::internal(e.to_string()))?;
    match format {
        Format::Yaml => print(&mainstay_yaml::emit(&value)),
        Format::Json | Format::Table | Format::Wide => {
            let text = serde_json::to_string_pretty(&value).map_err(|e| Failure::internal(e.to_string()))?;
            print(&format!("{text}\n"))
        }
    }
}

/// A number of things, in words.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A diagnostic as compilers show one.
pub(crate) fn diagnostic(d: &Diagnostic) -> String {
    diagnostic_also(d, &[])
}

/// One problem, and the further places where it is.
pub(crate) fn diagnostic_also(d: &Diagnostic, also: &[String]) -> String {
    let level = match d.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(d.message.as_str()).id(d.code.id);
    let place = d.location.as_ref().map(ToString::to_string);
    let span = d.location.as_ref().and_then(|l| l.span);
    let mut group = Group::with_title(title);
    match (&d.location, span, d.snippet.as_deref()) {
        (Some(location), Some(span), Some(line)) => {
            let start = line
                .char_indices()
                .nth(span.start.column.saturating_sub(1) as usize)
                .map_or(line.len(), |(i, _)| i);
            let end = if span.end.line == span.start.line {
                line.char_indices()
                    .nth(span.end.column.saturating_sub(1) as usize)
                    .map_or(line.len(), |(i, _)| i)
            } else {
                line.len()
            };
            let mark = AnnotationKind::Primary.span(start..end.max(start));
            let snippet = Snippet::source(line)
                .line_start(span.start.line as usize)
                .path(location.file.as_str())
                .annotation(mark);
            group = group.element(snippet);
        }
        _ => {
            if let Some(place) = place.as_deref() {
                group = group.element(annotate_snippets::Origin::path(place));
            }
        }
    }
    if let Some(hint) = d.hint.as_deref() {
        group = group.element(Level::HELP.message(hint));
    }
    let also = also.join("\n");
    if !also.is_empty() {
        group = group.element(Level::NOTE.with_name("also").message(also.as_str()));
    }
    // Where it is printed to a file, the colours are taken out then.
    format!("{}\n\n", Renderer::styled().render(&[group]))
}
