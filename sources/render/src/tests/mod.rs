mod artifacts;
mod chart_places;
mod charts;
mod corpora;
mod declaring;
mod draw;
mod entry;
mod exec;
mod flux;
mod incremental;
mod infraflux;
mod native;
mod nested;
mod outside;
mod property;
mod rules;
mod sops;
mod tenancy;
mod web;

use crate::{Checkout, Inputs, read};
use mainstay_diagnostic::Diagnostic;
use mainstay_unit::tree::{MemoryTree, TreePath};
use mainstay_unit::{Reading, UnitId};
use std::sync::Arc;

/// A repository out of one text: each file begins with a line `--- path`.
pub(super) fn tree(text: &str) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for part in text.split("\n=== ").map(|part| part.trim_start_matches("=== ")) {
        if let Some((path, content)) = part.trim_start().split_once('\n') {
            tree.insert(TreePath::parse(path.trim()).unwrap(), content.as_bytes().into());
        }
    }
    tree
}

pub(super) fn inputs(tree: MemoryTree) -> Inputs {
    inputs_at(tree, "")
}

pub(super) fn inputs_at(tree: MemoryTree, entry: &str) -> Inputs {
    let checkout = Checkout { revision: "main@sha1:1".into(), tree: Arc::new(tree) };
    Inputs::new(checkout, TreePath::parse(entry).unwrap())
}

pub(super) fn reading(text: &str) -> Reading {
    read(&inputs(tree(text)))
}

/// `file:line code message`, for errors or for all.
pub(super) fn told(reading: &Reading) -> Vec<String> {
    reading.diagnostics.iter().map(line).collect()
}

pub(super) fn errors(reading: &Reading) -> Vec<String> {
    reading.errors().map(line).collect()
}

fn line(diagnostic: &Diagnostic) -> String {
    let at = match &diagnostic.location {
        None => String::new(),
        Some(location) => match location.span {
            Some(span) => format!("{}:{} ", location.file, span.start.line),
            None => format!("{} ", location.file),
        },
    };
    format!("{at}{} {}", diagnostic.code.id, diagnostic.message)
}

pub(super) fn id(text: &str) -> UnitId {
    text.parse().unwrap()
}
