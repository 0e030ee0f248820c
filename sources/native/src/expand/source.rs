use super::context::Context;
use super::verify::verification;
use crate::kinds::{GitRef, RendererName, Source as Declared, SourceChart, SourceRepository};
use crate::{PLATFORM_TENANT, Place, SYSTEM_NAMESPACE};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::{Digest, Map, Value};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{
    Chart, ChartRequest, ChartVersion, GitReference, Need, Overlay, Reference, ReferenceKind, Registry,
    ReleaseOptions, Renderer, Source, SourceId, Verification,
};
use std::time::Duration;

/// What a chart is told.
pub(super) struct Set<'a> {
    pub values: Map<String, Value>,
    /// Where its objects go, if that is said.
    pub namespace: Option<&'a str>,
    pub release: ReleaseOptions,
}

/// Exactly one of the three; where none is, the root of the platform repository stands in beside the error.
pub(super) fn source(
    declared: &Declared,
    tenant: &str,
    place: &Place,
    overlay: Overlay,
    set: Set<'_>,
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
    if let Some(declared) = &declared.chart {
        let variables = overlay.substitution.map(|set| set.inline.into_iter().collect()).unwrap_or_default();
        let verify = verification(declared, tenant, set.namespace, place, context, problems);
        let (chart, id) = match (&declared.repository, &declared.path) {
            (Some(url), None) => {
                let (id, need) = registry(url, declared, tenant, verify.clone());
                context.out.repositories.insert(id.clone(), need);
                (declared.name.clone(), id)
            }
            (None, Some(path)) => {
                tree_path(path, "/spec/source/chart/path", place, problems);
                (path.clone(), SourceId::Platform)
            }
            (None, None) | (Some(_), Some(_)) => {
                problems.push(place.key_diagnostic(
                    &codes::native::VALUE,
                    "spec.source.chart: expected exactly one of repository and path",
                    "/spec/source/chart",
                ));
                (String::new(), SourceId::Platform)
            }
        };
        return Source::Chart(Box::new(Chart {
            chart,
            version: declared.version.clone().unwrap_or_else(|| "*".to_owned()),
            source: id,
            verify,
            values_files: Vec::new(),
            ignore_missing_values_files: false,
            values_from: Vec::new(),
            values: Value::Object(set.values),
            variables,
            renderer: match declared.renderer {
                Some(RendererName::Exec) => {
                    Renderer::Exec { at: place.location("/spec/source/chart/renderer") }
                }
                Some(RendererName::Native) | None => Renderer::Native,
            },
            release: set.release,
        }));
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

fn registry(url: &str, chart: &SourceChart, tenant: &str, verify: Option<Verification>) -> (SourceId, Need) {
    let request = ChartRequest {
        registry: if url.starts_with("oci://") { Registry::Oci } else { Registry::Http },
        url: url.to_owned(),
        chart: chart.name.clone(),
        version: ChartVersion::Range {
            range: chart.version.clone().unwrap_or_else(|| "*".to_owned()),
            filter: None,
        },
        secret: None,
        certificates: None,
        pass_credentials: false,
        insecure: false,
        timeout: Duration::from_secs(60),
        verify,
    };
    let id = SourceId::Named {
        kind: "chart".to_owned(),
        namespace: tenant.to_owned(),
        name: format!("{}-{}", chart.name, Digest::of_bytes(format!("{request:?}").as_bytes()).short()),
    };
    (id, Need::Chart { request: Box::new(request), authorities: Vec::new() })
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
        verify: None,
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
