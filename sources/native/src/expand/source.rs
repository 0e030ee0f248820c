use super::context::Context;
use crate::kinds::{GitRef, Source as Declared, SourceRepository};
use crate::{PLATFORM_TENANT, Place, SYSTEM_NAMESPACE};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::{Digest, Value};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{GitReference, Need, Overlay, Reference, ReferenceKind, Source, SourceId};

/// Exactly one of the three; where none is, the root of the platform repository stands in beside the error.
pub(super) fn source(
    declared: &Declared,
    tenant: &str,
    place: &Place,
    overlay: Overlay,
    values: Value,
    context: &mut Context<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Source {
    let given = [declared.path.is_some(), declared.repository.is_some(), declared.chart.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        problems.push(place.key_diagnostic(
            &codes::native::VALUE,
            "spec.source: expected exactly one of path, repository and chart",
            "/spec/source",
        ));
    }
    if let Some(chart) = &declared.chart {
        return Source::Chart {
            chart: if chart.name.is_empty() { chart.repository.clone() } else { chart.name.clone() },
            version: chart.version.clone().unwrap_or_else(|| "*".to_owned()),
            source: Some(SourceId::Named {
                kind: "chart repository".to_owned(),
                namespace: tenant.to_owned(),
                name: chart.repository.clone(),
            }),
            values,
            values_from: Vec::new(),
            release: Box::new(Value::Null),
        };
    }
    let overlay = Box::new(overlay);
    match &declared.repository {
        Some(repository) => {
            let (id, need) = git(repository, tenant, place, problems);
            context.out.repositories.insert(id.clone(), need);
            let path = repository.path.as_deref().unwrap_or_default();
            let path = tree_path(path, "/spec/source/repository/path", place, problems);
            Source::Folder { source: id, path, overlay }
        }
        None => {
            let path = declared.path.as_deref().unwrap_or_default();
            let path = tree_path(path, "/spec/source/path", place, problems);
            Source::Folder { source: SourceId::Platform, path, overlay }
        }
    }
}

fn git(
    repository: &SourceRepository,
    tenant: &str,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) -> (SourceId, Need) {
    if repository.secret.is_some() && tenant != PLATFORM_TENANT {
        let message = format!("a Secret of {SYSTEM_NAMESPACE} is not tenant {tenant}'s to use");
        problems.push(place.diagnostic(
            &codes::native::TENANT_ESCAPE,
            message,
            "/spec/source/repository/secret",
        ));
    }
    let reference = git_reference(repository.reference.as_ref());
    let secret = repository.secret.as_ref().map(|name| Reference {
        kind: ReferenceKind::Secret,
        namespace: SYSTEM_NAMESPACE.to_owned(),
        name: name.clone(),
    });
    let identity = format!("{}\n{reference:?}\n{secret:?}", repository.url);
    let last = repository.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let id = SourceId::Named {
        kind: "repository".to_owned(),
        namespace: tenant.to_owned(),
        name: format!("{}-{}", last.trim_end_matches(".git"), Digest::of_bytes(identity.as_bytes()).short()),
    };
    let need = Need::Git {
        id: id.clone(),
        url: repository.url.clone(),
        reference,
        secret,
        ignore: None,
        authorities: Vec::new(),
    };
    (id, need)
}

fn git_reference(reference: Option<&GitRef>) -> GitReference {
    let given = reference.cloned().unwrap_or_default();
    let none = given == GitRef::default();
    GitReference {
        branch: given.branch.or_else(|| none.then(|| "main".to_owned())),
        tag: given.tag,
        semver: given.semver,
        name: None,
        commit: given.commit,
    }
}

pub(super) fn tree_path(
    path: &str,
    pointer: &str,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
) -> TreePath {
    TreePath::parse(path).unwrap_or_else(|invalid| {
        problems.push(place.diagnostic(&codes::render::PATH_MISSING, invalid.to_string(), pointer));
        TreePath::root()
    })
}
