//! Which declared source is the repository that is followed itself.

use crate::repository::RepositoryArgs;
use mainstay_render::Followed;
use mainstay_unit::{GitReference, SourceId};
use std::path::Path;

const KINDS: [&str; 4] = ["GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"];

impl RepositoryArgs {
    /// A folder that is read as it lies there: its remotes say which declared source it is itself.
    pub fn followed(&self, folder: &Path) -> Option<Followed> {
        let urls = mainstay_git::remotes(folder);
        Some(Followed {
            urls,
            reference: branch_of(folder),
            folder: true,
            source: self.source.clone(),
            unproved: false,
        })
    }
}

/// A checkout of the main branch is that branch; any other may stand for any.
pub(crate) fn branch_of(folder: &Path) -> GitReference {
    GitReference { branch: mainstay_git::main_branch(folder), ..GitReference::default() }
}

/// What Flux calls the repository; a GitRepository of flux-system where no more is said.
pub(crate) fn source(text: &str) -> Result<SourceId, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (kind, namespace, name) = match parts[..] {
        [name] => ("GitRepository", "flux-system", name),
        [namespace, name] => ("GitRepository", namespace, name),
        [kind, namespace, name] => (kind, namespace, name),
        _ => return Err("it is at most a kind, a namespace and a name, with slashes between them".to_owned()),
    };
    if !KINDS.contains(&kind) {
        return Err(format!("{kind:?} is no kind of source: it is one of {}", KINDS.join(", ")));
    }
    if namespace.is_empty() || name.is_empty() {
        return Err("its name or its namespace is empty".to_owned());
    }
    Ok(SourceId::Named { kind: kind.into(), namespace: namespace.into(), name: name.into() })
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_source_is_named_as_far_as_it_must_be() {
        for (text, said) in [
            ("fleet", "GitRepository flux-system/fleet"),
            ("infra/fleet", "GitRepository infra/fleet"),
            ("OCIRepository/infra/fleet", "OCIRepository infra/fleet"),
        ] {
            assert_eq!(source(text).map(|id| id.to_string()), Ok(said.to_owned()));
        }
        for wrong in ["", "a/", "/a", "HelmRepository/a/b", "GitRepository/a/b/c"] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }
}
