mod artifact;
mod glob;
mod helmrelease;
mod kustomization;
mod migrate;
mod migrate_helm;
mod property;
mod sources;

use crate::{Declaration, Place, Read, read};
use mainstay_diagnostic::{Code, Diagnostic, Location};
use mainstay_object::Object;
use mainstay_unit::Unit;
use mainstay_yaml::{Limits, Node, load};

struct Document {
    root: Node,
    text: String,
}

impl Place for Document {
    fn location(&self, pointer: &str) -> Location {
        Location::new("f.yaml", self.root.nearest(pointer))
    }

    fn diagnostic(&self, code: &'static Code, message: String, pointer: &str) -> Diagnostic {
        Diagnostic::new(code, message).at(self.location(pointer)).with_snippet_of(&self.text)
    }
}

pub(super) fn parse(text: &str) -> Option<Read> {
    let root = load("f.yaml", text.as_bytes(), &Limits::default()).documents.remove(0).root;
    let object = Object::new(root.to_json()).unwrap();
    read(&object, &Document { root, text: text.to_owned() })
}

/// A Kustomization with these fields beside the required ones.
pub(super) fn kustomization(fields: &str) -> Read {
    let indented: String = fields.trim().lines().map(|line| format!("  {line}\n")).collect();
    parse(&format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
         metadata: {{name: apps, namespace: flux-system}}\nspec:\n  interval: 10m\n  prune: true\n\
         \x20 sourceRef: {{kind: GitRepository, name: flux-system}}\n{indented}"
    ))
    .unwrap()
}

pub(super) fn unit(read: Read) -> Unit {
    match read.declaration {
        Declaration::Unit(unit) => *unit,
        other => panic!("not a unit: {other:?}"),
    }
}

/// `line: CODE message (hint)`.
pub(super) fn told(read: &Read) -> Vec<String> {
    let line = |d: &Diagnostic| {
        let at = d.location.as_ref().and_then(|l| l.span).map_or(0, |span| span.start.line);
        let hint = d.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{at}: {} {}{hint}", d.code.id, d.message)
    };
    read.diagnostics.iter().map(line).collect()
}
