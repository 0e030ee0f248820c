use crate::Kind;
use crate::fields::Fields;
use crate::read::Place;
use crate::shape::Problem;
use mainstay_diagnostic::{Location, codes};
use mainstay_object::Object;
use mainstay_unit::{GitReference, Reference, ReferenceKind, SourceId};

/// A place where files come from.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceDeclaration {
    pub id: SourceId,
    pub spec: SourceSpec,
    pub suspend: bool,
    pub declared_at: Location,
    /// It holds an error: nothing of it is used.
    pub broken: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SourceSpec {
    Git { url: String, reference: GitReference, secret: Option<Reference>, ignore: Option<String> },
    Oci { url: String },
    HelmRepository { url: String },
    HelmChart { chart: String, version: String, source: SourceId },
    Bucket { endpoint: String, bucket: String },
}

pub(crate) fn read(
    kind: Kind,
    object: &Object,
    place: &dyn Place,
    problems: &mut Vec<Problem>,
) -> SourceDeclaration {
    let spec = Fields(object.value()).at("spec");
    let namespace = object.namespace();
    let text = |name: &str| spec.text(name).unwrap_or_default().to_owned();
    let read = match kind {
        Kind::GitRepository => git(spec, namespace, problems),
        Kind::OciRepository => SourceSpec::Oci { url: text("url") },
        Kind::HelmChart => SourceSpec::HelmChart {
            chart: text("chart"),
            version: spec.text("version").unwrap_or("*").to_owned(),
            source: SourceId::Named {
                kind: spec.at("sourceRef").owned("kind").unwrap_or_default(),
                namespace: namespace.to_owned(),
                name: spec.at("sourceRef").owned("name").unwrap_or_default(),
            },
        },
        Kind::Bucket => SourceSpec::Bucket { endpoint: text("endpoint"), bucket: text("bucketName") },
        Kind::HelmRepository
        | Kind::Kustomization
        | Kind::HelmRelease
        | Kind::ArtifactGenerator
        | Kind::ExternalArtifact => SourceSpec::HelmRepository { url: text("url") },
    };
    SourceDeclaration {
        id: SourceId::Named {
            kind: kind.name().to_owned(),
            namespace: namespace.to_owned(),
            name: object.name().to_owned(),
        },
        spec: read,
        suspend: spec.flag("suspend"),
        declared_at: place.location(""),
        broken: !problems.is_empty(),
    }
}

fn git(spec: Fields<'_>, namespace: &str, problems: &mut Vec<Problem>) -> SourceSpec {
    // Other providers only change how credentials are made, which a Secret can always say.
    if let Some(provider @ ("aws" | "azure" | "github")) = spec.text("provider") {
        problems.push(
            Problem::new(
                &codes::flux::UNSUPPORTED_FIELD,
                "/spec/provider",
                format!("spec.provider: {provider} is not supported yet"),
            )
            .hint("name a Secret with credentials in secretRef"),
        );
    }
    let reference = spec.at("ref");
    let mut reference = GitReference {
        branch: reference.owned("branch"),
        tag: reference.owned("tag"),
        semver: reference.owned("semver"),
        name: reference.owned("name"),
        commit: reference.owned("commit"),
    };
    if reference == GitReference::default() {
        reference.branch = Some("master".to_owned());
    }
    SourceSpec::Git {
        url: spec.text("url").unwrap_or_default().to_owned(),
        reference,
        secret: spec.at("secretRef").owned("name").map(|name| Reference {
            kind: ReferenceKind::Secret,
            namespace: namespace.to_owned(),
            name,
        }),
        ignore: spec.owned("ignore"),
    }
}
