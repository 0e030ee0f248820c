//! Which tree a source's name stands for.
use crate::inputs::{Inputs, Supply};
use crate::views::Views;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_flux::{
    Artifact, Composed, ENTRY_NAME, ENTRY_NAMESPACE, Exclusion, Generator, SourceDeclaration, SourceSpec,
    compose,
};
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{
    ArtifactRequest, Authority, GitReference, GitVerification, Need, OciArtifact, Registry, SourceId,
    Verification,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that names a tree, as far as a round knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Declared {
    /// With what those who declare one must be allowed to.
    pub sources: BTreeMap<SourceId, (SourceDeclaration, Vec<Authority>)>,
    pub artifacts: BTreeMap<SourceId, (Arc<Generator>, Artifact)>,
}

/// A tree, and how its files are shown.
#[derive(Clone)]
pub(crate) struct Source {
    pub tree: Arc<dyn Tree>,
    pub origin: Arc<Origin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Platform,
    /// Shown with the source's name in front.
    Named(String),
    /// Shown as the files that they were copied from.
    Composed {
        name: String,
        files: BTreeMap<TreePath, String>,
        platform: BTreeSet<TreePath>,
    },
}

impl Origin {
    pub(crate) fn file(&self, path: &TreePath) -> String {
        match self {
            Self::Platform => path.as_str().to_owned(),
            Self::Named(name) => format!("{name}:{}", path.as_str()),
            Self::Composed { name, files, .. } => {
                files.get(path).cloned().unwrap_or_else(|| format!("{name}:{}", path.as_str()))
            }
        }
    }

    /// Empty for the platform repository.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Platform => "",
            Self::Named(name) | Self::Composed { name, .. } => name,
        }
    }

    /// Whether a file of the platform repository is behind the path.
    pub(crate) fn is_platform(&self, path: &TreePath) -> bool {
        match self {
            Self::Platform => true,
            Self::Named(_) => false,
            Self::Composed { platform, .. } => platform.contains(path),
        }
    }
}

/// Why there is no tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unavailable {
    pub reason: String,
    pub need: Option<Box<Need>>,
    pub diagnostic: Option<Box<Diagnostic>>,
}

impl Unavailable {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), need: None, diagnostic: None }
    }

    /// No proof, no source.
    pub(crate) fn unproved(why: String) -> Self {
        let problem = Diagnostic::new(&codes::source::UNVERIFIED, why.clone());
        Self { diagnostic: Some(Box::new(problem)), ..Self::because(why) }
    }
}

/// Where a name is looked up.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub declared: &'a Declared,
    /// Repositories that native documents name.
    pub repositories: &'a BTreeMap<SourceId, Need>,
    pub inputs: &'a Inputs,
}

/// Artifacts are composed once a round.
pub(crate) struct Resolver {
    composed: BTreeMap<SourceId, Result<Source, Unavailable>>,
    views: Views,
    /// What holds of sources that were used, whatever is rendered.
    told: BTreeMap<SourceId, Vec<Diagnostic>>,
}

impl Resolver {
    pub(crate) fn new(views: Views) -> Self {
        Self { composed: BTreeMap::new(), views, told: BTreeMap::new() }
    }

    pub(crate) fn end(self) -> (Views, Vec<Diagnostic>) {
        (self.views, self.told.into_values().flatten().collect())
    }

    pub(crate) fn resolve(&mut self, id: &SourceId, known: Known<'_>) -> Result<Source, Unavailable> {
        self.resolve_below(id, known, &mut Vec::new())
    }

    fn resolve_below(
        &mut self,
        id: &SourceId,
        known: Known<'_>,
        above: &mut Vec<SourceId>,
    ) -> Result<Source, Unavailable> {
        let Known { declared, repositories, inputs } = known;
        let platform = || Source { tree: inputs.platform.tree.clone(), origin: Arc::new(Origin::Platform) };
        let SourceId::Named { kind, namespace, name } = id else {
            return Ok(self.views.before_anything_is_known(platform()));
        };
        if stands_for_platform(id, inputs) {
            return match declared.sources.get(id).map(|(found, _)| &found.spec) {
                Some(SourceSpec::Git { exclusion, verify, .. }) => {
                    proved_at_start(id, verify.as_ref(), inputs)?;
                    self.views.artifact(id, platform(), exclusion)
                }
                None if kind == "GitRepository" => self.views.artifact(id, platform(), &Exclusion::default()),
                Some(_) | None => Ok(self.views.before_anything_is_known(platform())),
            };
        }
        if let Some(need) = repositories.get(id) {
            return supplied(id, Some(need), inputs);
        }
        if let Some((generator, artifact)) = declared.artifacts.get(id) {
            return self.artifact(id, generator, artifact, known, above);
        }
        match declared.sources.get(id) {
            Some((found, authorities)) => match &found.spec {
                SourceSpec::Git { url, reference, secret, exclusion, verify } => {
                    if is_followed(found, declared, inputs) {
                        proved_at_start(id, verify.as_ref(), inputs)?;
                        return self.views.artifact(id, platform(), exclusion);
                    }
                    if found.broken {
                        return Err(Unavailable::because(format!("{id} has errors")));
                    }
                    let need = Need::Git {
                        id: id.clone(),
                        url: url.clone(),
                        reference: reference.clone(),
                        secret: secret.clone(),
                        verify: verify.clone(),
                        authorities: authorities.clone(),
                    };
                    self.views.artifact(id, supplied(id, Some(&need), inputs)?, exclusion)
                }
                SourceSpec::Oci { access, version, media_type, exclusion, verify } => {
                    if found.broken {
                        return Err(Unavailable::because(format!("{id} has errors")));
                    }
                    let verify =
                        verify.clone().map_err(|why| Unavailable::unproved(format!("{id}: {why}")))?;
                    let from = access.chart(Registry::Oci, "", version.clone(), verify);
                    let request = ArtifactRequest { from, layer: media_type.clone() };
                    let artifact = artifact_in(id, &request, authorities, inputs)?;
                    self.told.entry(id.clone()).or_insert_with(|| notices(found, &request, artifact));
                    let origin = Arc::new(Origin::Named(id.to_string()));
                    let source = Source { tree: artifact.tree.clone(), origin };
                    match exclusion {
                        Some(exclusion) => self.views.artifact(id, source, exclusion),
                        None => Ok(source),
                    }
                }
                SourceSpec::HelmRepository { access, .. } => {
                    supplied(id, None, inputs).map_err(|u| not_fetched(u, id, &access.url, inputs))
                }
                SourceSpec::Bucket { endpoint, bucket } => supplied(id, None, inputs)
                    .map_err(|u| not_fetched(u, id, &format!("{endpoint}/{bucket}"), inputs)),
                SourceSpec::HelmChart { chart, .. } => {
                    supplied(id, None, inputs).map_err(|u| not_fetched(u, id, chart, inputs))
                }
            },
            None if kind == "GitRepository" && namespace == ENTRY_NAMESPACE && name == ENTRY_NAME => {
                self.views.artifact(id, platform(), &Exclusion::default())
            }
            None => {
                let message = format!("{id} is not declared");
                let hint = format!(
                    "declare it; or, where it stands for this repository itself, say so: --source \
                     {kind}/{namespace}/{name}"
                );
                let diagnostic = Diagnostic::new(&codes::flux::SOURCE_UNDECLARED, message.clone()).hint(hint);
                Err(Unavailable { reason: message, need: None, diagnostic: Some(Box::new(diagnostic)) })
            }
        }
    }

    fn artifact(
        &mut self,
        id: &SourceId,
        generator: &Generator,
        artifact: &Artifact,
        known: Known<'_>,
        above: &mut Vec<SourceId>,
    ) -> Result<Source, Unavailable> {
        if let Some(done) = self.composed.get(id) {
            return done.clone();
        }
        if artifact.broken {
            return Err(Unavailable::because(format!("{id} has errors")));
        }
        if above.contains(id) {
            let message = format!("{id} is composed out of itself");
            let diagnostic =
                Diagnostic::new(&codes::flux::ARTIFACT, message.clone()).at(artifact.declared_at.clone());
            return Err(Unavailable { reason: message, need: None, diagnostic: Some(Box::new(diagnostic)) });
        }
        above.push(id.clone());
        let mut trees = BTreeMap::new();
        let mut origins = BTreeMap::new();
        let used: BTreeSet<&str> = artifact.copies.iter().map(|copy| copy.alias.as_str()).collect();
        let mut lacking = None;
        for source in generator.sources.iter().filter(|source| used.contains(source.alias.as_str())) {
            match self.resolve_below(&source.source, known, above) {
                Ok(found) => {
                    trees.insert(source.alias.clone(), found.tree);
                    origins.insert(source.alias.clone(), found.origin);
                }
                Err(unavailable) => {
                    lacking.get_or_insert(unavailable);
                }
            }
        }
        above.pop();
        let done = match lacking {
            Some(unavailable) => {
                Err(Unavailable { reason: format!("{id}: {}", unavailable.reason), ..unavailable })
            }
            None => match compose(artifact, &trees) {
                Ok(composed) => Ok(composed_source(id, composed, &origins)),
                Err(error) => {
                    let diagnostic =
                        Diagnostic::new(&codes::flux::ARTIFACT, format!("{id}: {}", error.message))
                            .at(error.location);
                    let reason = format!("{id} can't be composed");
                    Err(Unavailable { reason, need: None, diagnostic: Some(Box::new(diagnostic)) })
                }
            },
        };
        self.composed.insert(id.clone(), done.clone());
        done
    }
}

fn artifact_in<'i>(
    id: &SourceId,
    request: &ArtifactRequest,
    authorities: &[Authority],
    inputs: &'i Inputs,
) -> Result<&'i OciArtifact, Unavailable> {
    match inputs.artifacts.get(&(request.clone(), authorities.to_vec())) {
        Some(Supply::Here(artifact)) => Ok(artifact),
        Some(Supply::Absent(why)) => Err(Unavailable::because(format!("{id}: {why}"))),
        Some(Supply::Refused(why)) => Err(Unavailable::unproved(format!("{id}: {why}"))),
        Some(Supply::NotEvaluated(why)) => {
            Err(Unavailable::because(format!("{id} ({request}) is not evaluated: {why}")))
        }
        None => Err(Unavailable {
            need: Some(Box::new(Need::Artifact {
                request: Box::new(request.clone()),
                authorities: authorities.to_vec(),
            })),
            ..Unavailable::because(format!("{id} has not been fetched"))
        }),
    }
}

/// What whoever uses an artifact should know, once for all of them.
fn notices(source: &SourceDeclaration, request: &ArtifactRequest, artifact: &OciArtifact) -> Vec<Diagnostic> {
    let id = &source.id;
    let stale = artifact.stale.as_ref().map(|why| {
        let revision = &artifact.revision;
        let message = format!("{id} is what its registry said last, {revision}: {why}");
        Diagnostic::new(&codes::source::STALE, message)
    });
    let by_anyone = match &request.from.verify {
        Some(Verification::Identity { any_of, .. }) => any_of.is_empty(),
        Some(Verification::Cosign { .. } | Verification::Provenance { .. }) | None => false,
    };
    let anyone = by_anyone.then(|| {
        Diagnostic::new(&codes::source::ANYONE, format!("anyone may have signed the artifact of {id}"))
    });
    stale.into_iter().chain(anyone).map(|notice| notice.at(source.declared_at.clone())).collect()
}

fn composed_source(id: &SourceId, composed: Composed, origins: &BTreeMap<String, Arc<Origin>>) -> Source {
    let mut files = BTreeMap::new();
    let mut platform = BTreeSet::new();
    for (path, (alias, from)) in composed.origins {
        let Some(origin) = origins.get(&alias) else { continue };
        if origin.is_platform(&from) {
            platform.insert(path.clone());
        }
        files.insert(path, origin.file(&from));
    }
    Source {
        tree: Arc::new(composed.tree),
        origin: Arc::new(Origin::Composed { name: id.to_string(), files, platform }),
    }
}

fn supplied(id: &SourceId, need: Option<&Need>, inputs: &Inputs) -> Result<Source, Unavailable> {
    match inputs.trees.get(id) {
        Some(Supply::Here(checkout)) => {
            Ok(Source { tree: checkout.tree.clone(), origin: Arc::new(Origin::Named(id.to_string())) })
        }
        Some(Supply::Absent(why)) => Err(Unavailable::because(format!("{id}: {why}"))),
        Some(Supply::Refused(why)) => Err(Unavailable::unproved(format!("{id}: {why}"))),
        Some(Supply::NotEvaluated(why)) => Err(Unavailable::because(format!("{id} is not evaluated: {why}"))),
        None => Err(Unavailable {
            reason: format!("{id} has not been fetched"),
            need: need.cloned().map(Box::new),
            diagnostic: None,
        }),
    }
}

/// What the repository that is followed says of itself proves nothing about it: whoever changes it changes that as well.
fn proved_at_start(
    id: &SourceId,
    verify: Option<&GitVerification>,
    inputs: &Inputs,
) -> Result<(), Unavailable> {
    if verify.is_none() || !inputs.followed.as_ref().is_some_and(|followed| followed.unproved) {
        return Ok(());
    }
    Err(Unavailable::unproved(format!(
        "{id} must be signed and is the repository that is followed, of which nobody looks who signed it: start Mainstay \
         with the keys (--git-keyring-file)"
    )))
}

fn not_fetched(unavailable: Unavailable, id: &SourceId, from: &str, inputs: &Inputs) -> Unavailable {
    if inputs.trees.contains_key(id) {
        return unavailable;
    }
    Unavailable::because(format!("{id} ({from}) is of a kind that can't be fetched yet"))
}

/// Whoever started us said so: a FluxInstance gives the source any name, where nobody sees it.
fn stands_for_platform(id: &SourceId, inputs: &Inputs) -> bool {
    inputs.followed.as_ref().is_some_and(|followed| followed.source.as_ref() == Some(id))
}

/// Whether a source is the platform repository itself.
pub(crate) fn is_platform(id: &SourceId, declared: &Declared, inputs: &Inputs) -> bool {
    match (id, declared.sources.get(id)) {
        (SourceId::Platform, _) => true,
        _ if stands_for_platform(id, inputs) => true,
        (SourceId::Named { .. }, Some((found, _))) => is_followed(found, declared, inputs),
        (SourceId::Named { kind, namespace, name }, None) => {
            kind == "GitRepository" && namespace == ENTRY_NAMESPACE && name == ENTRY_NAME
        }
    }
}

/// A source that says the same repository as the one that is followed. What `flux bootstrap` declares for the repository
/// itself is meant too where nothing is followed but a folder: it may be a copy that knows of no remote.
fn is_followed(source: &SourceDeclaration, declared: &Declared, inputs: &Inputs) -> bool {
    let SourceId::Named { namespace, name, .. } = &source.id else { return true };
    let SourceSpec::Git { url, reference, .. } = &source.spec else { return false };
    let bootstrap = namespace == ENTRY_NAMESPACE && name == ENTRY_NAME;
    let Some(followed) = &inputs.followed else { return bootstrap };
    let same = |url: &str| followed.urls.iter().any(|followed| same_repository(url, followed));
    if !same(url) {
        return bootstrap && followed.folder;
    }
    let reference = by_branch(reference);
    if *reference == followed.reference || followed.reference != GitReference::default() {
        return *reference == followed.reference || (bootstrap && followed.folder && is_branch(&reference));
    }
    // A checkout may be on a branch of its own. Which one it stands for is told by the sources, if they agree.
    let other = |spec: &SourceSpec| match spec {
        SourceSpec::Git { url, reference: other, .. } => {
            let other = by_branch(other);
            is_branch(&other) && other != reference && same(url)
        }
        SourceSpec::Oci { .. }
        | SourceSpec::HelmRepository { .. }
        | SourceSpec::Bucket { .. }
        | SourceSpec::HelmChart { .. } => false,
    };
    is_branch(&reference) && (bootstrap || !declared.sources.values().any(|(found, _)| other(&found.spec)))
}

/// A branch that is said by its whole name is that branch.
fn by_branch(reference: &GitReference) -> Cow<'_, GitReference> {
    let branch = reference.name.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
    match branch.filter(|_| reference.commit.is_none()) {
        Some(branch) => {
            Cow::Owned(GitReference { branch: Some(branch.to_owned()), ..GitReference::default() })
        }
        None => Cow::Borrowed(reference),
    }
}

/// A tag or a commit is another state of the repository than the one that is worked on.
fn is_branch(reference: &GitReference) -> bool {
    let GitReference { branch: _, tag, semver, name, commit } = reference;
    tag.is_none() && semver.is_none() && commit.is_none() && name.is_none()
}

/// Whatever the protocol and the user: host and path decide, and a port that is not the protocol's own.
fn same_repository(a: &str, b: &str) -> bool {
    fn plain(url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let rest = match rest.split_once('@') {
            Some((user, rest)) if !user.contains('/') => rest,
            _ => rest,
        };
        let own = match scheme {
            "https" => ":443/",
            "http" => ":80/",
            "ssh" => ":22/",
            _ => ":/",
        };
        let rest = rest.replacen(own, "/", 1).replacen(':', "/", 1);
        rest.trim_end_matches('/').trim_end_matches(".git").to_lowercase()
    }
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_the_same_by_every_protocol_and_no_other_is() {
        let here = "https://github.com/acme/fleet";
        for (url, same) in [
            ("https://github.com/acme/fleet.git", true),
            ("https://GitHub.com/acme/fleet/", true),
            ("https://token@github.com/acme/fleet", true),
            ("https://github.com:443/acme/fleet", true),
            ("ssh://git@github.com/acme/fleet", true),
            ("ssh://git@github.com:22/acme/fleet.git", true),
            ("git@github.com:acme/fleet.git", true),
            ("https://github.com/acme/fleet-2", false),
            ("https://github.com:8443/acme/fleet", false),
            ("https://github.com.example/acme/fleet", false),
            ("https://example.com/x@github.com/acme/fleet", false),
            ("/srv/acme/fleet", false),
        ] {
            assert_eq!(same_repository(here, url), same, "{url}");
        }
    }
}
