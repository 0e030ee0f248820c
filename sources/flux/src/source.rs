use crate::Kind;
use crate::exclude::Exclusion;
use crate::fields::Fields;
use crate::read::Place;
use crate::shape::Problem;
use mainstay_diagnostic::{Location, codes};
use mainstay_object::Object;
use mainstay_unit::{
    ChartRequest, ChartVersion, GitReference, GitVerification, OidcIdentity, Reference, ReferenceKind,
    Registry, Signable, SourceId, Verification,
};
use std::time::Duration;

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
    Git {
        url: String,
        reference: GitReference,
        secret: Option<Reference>,
        exclusion: Exclusion,
        verify: Option<GitVerification>,
    },
    /// An artifact of any kind, a chart among others.
    Oci {
        access: Access,
        version: ChartVersion,
        media_type: Option<String>,
        /// What is left out of its files; nothing where the layer is copied as it is.
        exclusion: Option<Exclusion>,
        /// The error is what can't be proved: nothing of it is used.
        verify: Result<Option<Verification>, String>,
    },
    HelmRepository {
        registry: Registry,
        access: Access,
    },
    HelmChart {
        chart: String,
        version: String,
        source: SourceId,
        verify: Option<Verification>,
        values_files: Vec<String>,
        ignore_missing_values_files: bool,
    },
    Bucket {
        endpoint: String,
        bucket: String,
    },
}

/// How a registry is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub url: String,
    pub secret: Option<Reference>,
    pub certificates: Option<Reference>,
    pub pass_credentials: bool,
    pub insecure: bool,
    pub timeout: Duration,
}

impl Access {
    /// Asks for a chart; where the URL names it, for none.
    pub fn chart(
        &self,
        registry: Registry,
        chart: &str,
        version: ChartVersion,
        verify: Option<Verification>,
    ) -> ChartRequest {
        let Self { url, secret, certificates, pass_credentials, insecure, timeout } = self.clone();
        let chart = chart.to_owned();
        ChartRequest {
            registry,
            url,
            chart,
            version,
            secret,
            certificates,
            pass_credentials,
            insecure,
            timeout,
            verify,
        }
    }
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
        Kind::OciRepository => SourceSpec::Oci {
            access: access(spec, namespace, problems),
            version: oci_version(spec.at("ref")),
            media_type: spec.at("layerSelector").owned("mediaType"),
            exclusion: match spec.at("layerSelector").text("operation") {
                Some("copy") => None,
                Some(_) | None => Some(Exclusion { ignore: spec.owned("ignore"), sparse: None }),
            },
            verify: asked(spec.at("verify"), namespace)
                .map_err(|(_, what)| format!("{what} is not supported yet: {KEYS}")),
        },
        Kind::HelmChart => SourceSpec::HelmChart {
            chart: text("chart"),
            version: spec.text("version").unwrap_or("*").to_owned(),
            source: SourceId::Named {
                kind: spec.at("sourceRef").owned("kind").unwrap_or_default(),
                namespace: namespace.to_owned(),
                name: spec.at("sourceRef").owned("name").unwrap_or_default(),
            },
            verify: verification(spec, namespace, "/spec", problems),
            values_files: crate::chart::values_files(spec),
            ignore_missing_values_files: {
                crate::helmrelease::strategy(spec, "/spec", problems);
                spec.flag("ignoreMissingValuesFiles")
            },
        },
        Kind::Bucket => SourceSpec::Bucket { endpoint: text("endpoint"), bucket: text("bucketName") },
        Kind::HelmRepository
        | Kind::Kustomization
        | Kind::HelmRelease
        | Kind::ArtifactGenerator
        | Kind::ExternalArtifact => SourceSpec::HelmRepository {
            registry: if spec.text("type") == Some("oci") { Registry::Oci } else { Registry::Http },
            access: access(spec, namespace, problems),
        },
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
        broken: problems.iter().any(Problem::is_error),
    }
}

fn access(spec: Fields<'_>, namespace: &str, problems: &mut Vec<Problem>) -> Access {
    if let Some(provider @ ("aws" | "azure" | "gcp")) = spec.text("provider") {
        problems.push(not_a_provider(provider));
    }
    let secret = |field: &str| {
        let name = spec.at(field).owned("name")?;
        Some(Reference { kind: ReferenceKind::Secret, namespace: namespace.to_owned(), name })
    };
    Access {
        url: spec.text("url").unwrap_or_default().to_owned(),
        secret: secret("secretRef"),
        certificates: secret("certSecretRef"),
        pass_credentials: spec.flag("passCredentials"),
        insecure: spec.flag("insecure"),
        timeout: spec.duration("timeout").unwrap_or(Duration::from_secs(60)),
    }
}

/// `verify` of a chart: the Secret lies in `namespace`. What is asked for and can't be proved is an error, so that nothing
/// is used unproved.
pub(crate) fn verification(
    spec: Fields<'_>,
    namespace: &str,
    above: &str,
    problems: &mut Vec<Problem>,
) -> Option<Verification> {
    asked(spec.at("verify"), namespace).unwrap_or_else(|(field, what)| {
        let pointer = format!("{above}/verify/{field}");
        let message = format!("{}: {what} is not supported yet", mainstay_diagnostic::dotted(&pointer));
        problems.push(Problem::new(&codes::flux::UNSUPPORTED_FIELD, &pointer, message).hint(KEYS));
        None
    })
}

const KEYS: &str = "sign with cosign, and name a Secret with the public keys (*.pub) in secretRef, or who signs without a \
                    key in matchOIDCIdentity; the chart of a Module may ask for Helm's provenance";

/// As source-controller has it: keys where a Secret is named, else identities, and where none is named, anyone. The error is
/// which field asks for what can't be proved.
fn asked(verify: Fields<'_>, namespace: &str) -> Result<Option<Verification>, (&'static str, &'static str)> {
    if !verify.is_set() {
        return Ok(None);
    }
    match verify.text("provider") {
        Some("cosign") => {}
        Some("helm") => return Err(("provider", "Helm's own provenance, for which Flux has no field,")),
        Some("notation") => return Err(("provider", "a signature of notation's")),
        Some(_) | None => return Err(("provider", "a signature of an unknown kind")),
    }
    let secret = |field: &str| {
        let name = verify.at(field).owned("name")?;
        Some(Reference { kind: ReferenceKind::Secret, namespace: namespace.to_owned(), name })
    };
    if let Some(keys) = secret("secretRef") {
        // Whoever names both relies on both, and Flux looks at the key alone.
        return match ["matchOIDCIdentity", "trustedRootSecretRef"].into_iter().find(|f| verify.at(f).is_set())
        {
            Some(field) => Err((field, "an identity beside a key, of which Flux looks at the key alone,")),
            None => Ok(Some(Verification::Cosign { keys })),
        };
    }
    let any_of = verify.list("matchOIDCIdentity").map(|(_, one)| OidcIdentity {
        issuer: one.owned("issuer").unwrap_or_default(),
        subject: one.owned("subject").unwrap_or_default(),
    });
    let any_of: Vec<OidcIdentity> = any_of.collect();
    Ok(Some(Verification::Identity { any_of, root: secret("trustedRootSecretRef") }))
}

/// Flux's precedence: digest, semver, tag, else `latest`.
fn oci_version(reference: Fields<'_>) -> ChartVersion {
    let filter = reference.owned("semverFilter");
    let (digest, range, tag) = (reference.owned("digest"), reference.owned("semver"), reference.owned("tag"));
    match (digest, range) {
        (Some(digest), _) => ChartVersion::Digest(digest),
        (None, Some(range)) => ChartVersion::Range { range, filter },
        (None, None) => ChartVersion::Tag(tag.unwrap_or_else(|| "latest".to_owned())),
    }
}

/// Other providers only change how credentials are made, which a Secret can always say.
fn not_a_provider(provider: &str) -> Problem {
    Problem::new(
        &codes::flux::UNSUPPORTED_FIELD,
        "/spec/provider",
        format!("spec.provider: {provider} is not supported yet"),
    )
    .hint("name a Secret with credentials in secretRef")
}

fn git(spec: Fields<'_>, namespace: &str, problems: &mut Vec<Problem>) -> SourceSpec {
    if let Some(provider @ ("aws" | "azure" | "github")) = spec.text("provider") {
        problems.push(not_a_provider(provider));
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
    let secret = |field: Fields<'_>| {
        let name = field.at("secretRef").owned("name")?;
        Some(Reference { kind: ReferenceKind::Secret, namespace: namespace.to_owned(), name })
    };
    let verify = spec.at("verify");
    SourceSpec::Git {
        url: spec.text("url").unwrap_or_default().to_owned(),
        reference,
        secret: secret(spec),
        // One without a Secret is an error of the table's, and nothing of the source is used.
        verify: secret(verify).map(|keys| GitVerification {
            what: match verify.text("mode") {
                Some("Tag") => Signable::Tag,
                Some("TagAndHEAD") => Signable::TagAndCommit,
                Some(_) | None => Signable::Commit,
            },
            keys,
        }),
        exclusion: Exclusion {
            ignore: spec.owned("ignore"),
            sparse: spec.at("sparseCheckout").is_set().then(|| spec.strings("sparseCheckout")),
        },
    }
}
