use crate::kind::{Recognised, expected};
use crate::shape::{Problem, Shape, check};
use crate::{
    ENTRY_NAME, ENTRY_NAMESPACE, Generator, Kind, SourceDeclaration, artifact, helmrelease, kustomization,
    recognise, source, tables,
};
use mainstay_diagnostic::{Code, Diagnostic, Diagnostics, Location, codes};
use mainstay_object::{Object, Value};
use mainstay_unit::Unit;

/// Where an object's fields stand. Rendered objects point into the file that they came from.
pub trait Place {
    /// The place of a field, by JSON pointer; the nearest that exists.
    fn location(&self, pointer: &str) -> Location;
    /// The same, as a diagnostic with its snippet.
    fn diagnostic(&self, code: &'static Code, message: String, pointer: &str) -> Diagnostic;
}

#[derive(Debug, Clone, PartialEq)]
pub enum Declaration {
    Unit(Box<Unit>),
    Source(Box<SourceDeclaration>),
    Generator(Generator),
    /// Nothing to do: an ExternalArtifact that its generator declares again, an alert, an unreadable kind.
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Given even where there are errors, as far as the object can be read: others may refer to it.
    pub declaration: Declaration,
    pub diagnostics: Diagnostics,
}

/// `None` if the object is not one of Flux's.
pub fn read(object: &Object, place: &dyn Place) -> Option<Read> {
    let gvk = object.group_version_kind();
    let nothing = |diagnostic: Diagnostic| {
        Some(Read { declaration: Declaration::Nothing, diagnostics: Diagnostics::from(diagnostic) })
    };
    match recognise(&gvk) {
        Recognised::Foreign => None,
        Recognised::NotInterpreted => {
            let message = format!("{} {} is not interpreted", gvk.kind, object.name());
            nothing(place.diagnostic(&codes::flux::NOT_INTERPRETED, message, "/kind"))
        }
        Recognised::Unknown => {
            let message = format!("there is no {} in {}", gvk.kind, gvk.api_version());
            nothing(place.diagnostic(&codes::flux::UNKNOWN_KIND, message, "/apiVersion").hint(expected(&gvk)))
        }
        Recognised::Interpreted { kind, older } => Some(read_kind(kind, older, object, place)),
    }
}

fn read_kind(kind: Kind, older: bool, object: &Object, place: &dyn Place) -> Read {
    let mut problems = Vec::new();
    if object.namespace().is_empty() {
        let message = format!("{} {} has no namespace", object.kind(), object.name());
        problems.push(
            Problem::new(&codes::flux::NO_NAMESPACE, "/metadata", message)
                .hint("set metadata.namespace, usually flux-system"),
        );
    }
    check_root(object.value(), &mut problems);
    let spec = object.value().get("spec").unwrap_or(&Value::Null);
    if spec.is_null() && kind != Kind::ExternalArtifact {
        problems.push(Problem::new(&codes::flux::MISSING_FIELD, "", "required field spec is missing"));
    }
    check(Shape::Fields(tables::spec(kind)), spec, "/spec", older, &mut problems);
    let declaration = match kind {
        Kind::Kustomization => Declaration::Unit(Box::new(kustomization::read(object, place, &mut problems))),
        Kind::HelmRelease => Declaration::Unit(Box::new(helmrelease::read(object, place, &mut problems))),
        Kind::ArtifactGenerator => Declaration::Generator(artifact::read(object, place, &mut problems)),
        Kind::ExternalArtifact => Declaration::Nothing,
        Kind::GitRepository | Kind::OciRepository | Kind::HelmRepository | Kind::HelmChart | Kind::Bucket => {
            Declaration::Source(Box::new(source::read(kind, object, place, &mut problems)))
        }
    };
    let diagnostics = problems
        .into_iter()
        .map(|problem| {
            let diagnostic = place.diagnostic(problem.code, problem.message, &problem.pointer);
            match problem.hint {
                Some(hint) => diagnostic.hint(hint),
                None => diagnostic,
            }
        })
        .collect();
    Read { declaration, diagnostics }
}

/// An API server drops unknown top-level fields, mostly a `spec` that lost its indentation.
fn check_root(value: &Value, problems: &mut Vec<Problem>) {
    const KNOWN: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];
    for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !KNOWN.contains(&key.as_str()) {
            problems.push(
                Problem::new(
                    &codes::flux::UNKNOWN_FIELD,
                    &crate::shape::child("", key),
                    format!("unknown field {key}"),
                )
                .hint("does it belong under spec?"),
            );
        }
    }
}

impl Read {
    /// The unit of the Kustomization that `flux bootstrap` writes for the entry itself.
    pub fn entry_unit(&self) -> Option<&Unit> {
        match &self.declaration {
            Declaration::Unit(unit)
                if unit.id.kind == "kustomization"
                    && unit.id.tenant == ENTRY_NAMESPACE
                    && unit.id.name == ENTRY_NAME =>
            {
                Some(unit)
            }
            Declaration::Unit(_)
            | Declaration::Source(_)
            | Declaration::Generator(_)
            | Declaration::Nothing => None,
        }
    }
}
