use mainstay_object::GroupVersionKind;

/// The kinds that say something of desired state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Kustomization,
    HelmRelease,
    GitRepository,
    OciRepository,
    HelmRepository,
    HelmChart,
    Bucket,
    ArtifactGenerator,
    ExternalArtifact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// `older`: a version before `v1` of the kind, with fields that later ones dropped.
    Interpreted { kind: Kind, older: bool },
    /// Says nothing of desired state.
    NotInterpreted,
    /// One of Flux's groups, but no kind or version of it.
    Unknown,
    /// Not Flux's.
    Foreign,
}

const KINDS: &[(&str, &str, Kind, &[&str])] = &[
    (KUSTOMIZE, "Kustomization", Kind::Kustomization, &["v1", "v1beta2", "v1beta1"]),
    (HELM, "HelmRelease", Kind::HelmRelease, &["v2", "v2beta2", "v2beta1"]),
    (SOURCE, "GitRepository", Kind::GitRepository, &["v1", "v1beta2", "v1beta1"]),
    (SOURCE, "OCIRepository", Kind::OciRepository, &["v1", "v1beta2"]),
    (SOURCE, "HelmRepository", Kind::HelmRepository, &["v1", "v1beta2", "v1beta1"]),
    (SOURCE, "HelmChart", Kind::HelmChart, &["v1", "v1beta2", "v1beta1"]),
    (SOURCE, "Bucket", Kind::Bucket, &["v1", "v1beta2", "v1beta1"]),
    (SOURCE, "ExternalArtifact", Kind::ExternalArtifact, &["v1"]),
    (EXTENSIONS, "ArtifactGenerator", Kind::ArtifactGenerator, &["v1beta1"]),
];

/// Groups of the API.
pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
pub(crate) const HELM: &str = "helm.toolkit.fluxcd.io";
pub const SOURCE: &str = "source.toolkit.fluxcd.io";
pub(crate) const EXTENSIONS: &str = "source.extensions.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

pub fn recognise(kind: &GroupVersionKind) -> Recognised {
    if kind.group == NOTIFICATION || kind.group == IMAGE {
        return Recognised::NotInterpreted;
    }
    if ![KUSTOMIZE, HELM, SOURCE, EXTENSIONS].contains(&kind.group.as_str()) {
        return Recognised::Foreign;
    }
    let known = KINDS.iter().find(|(group, name, ..)| *group == kind.group && *name == kind.kind);
    match known {
        Some((_, _, found, versions)) if versions.contains(&kind.version.as_str()) => {
            Recognised::Interpreted { kind: *found, older: versions.first() != Some(&kind.version.as_str()) }
        }
        Some(_) | None => Recognised::Unknown,
    }
}

/// `v1, v1beta2 or v1beta1`; or the names of the group's kinds where the kind is unknown.
pub(crate) fn expected(kind: &GroupVersionKind) -> String {
    let versions = KINDS.iter().find(|(group, name, ..)| *group == kind.group && *name == kind.kind);
    match versions {
        Some((.., versions)) => format!("{} is read in version {}", kind.kind, versions.join(", ")),
        None => {
            let kinds: Vec<_> =
                KINDS.iter().filter(|(group, ..)| *group == kind.group).map(|(_, name, ..)| *name).collect();
            format!("{} has {}", kind.group, kinds.join(", "))
        }
    }
}

impl Kind {
    /// As written in a reference.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, _, kind, _)| *kind == self).map_or("", |(_, name, ..)| name)
    }
}
