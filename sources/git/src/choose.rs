//! Which of the references that a server lists is meant.

use crate::range::version_of_tag;
use crate::remote::commit_id;
use crate::{GitError, Range, Reference};
use git2::Oid;

/// One reference as a server lists it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub name: String,
    pub id: Oid,
    /// What a symbolic reference points to.
    pub target: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// A listed reference and its object, which may be an annotated tag.
    Listed {
        name: String,
        id: Oid,
    },
    /// A commit that no listed reference points to.
    Commit(Oid),
    Absent,
}

pub(crate) fn choose(reference: &Reference, listed: &[Listed]) -> Result<Choice, GitError> {
    Ok(match reference {
        Reference::Branch(name) => find(listed, &format!("refs/heads/{name}")),
        Reference::Tag(name) => find(listed, &format!("refs/tags/{name}")),
        Reference::Name(name) => find(listed, name),
        Reference::Semver { range } => highest(listed, &Range::parse(range)?),
        Reference::Commit(id) => {
            let id = commit_id(id)?;
            match listed.iter().find(|l| l.id == id && !l.name.ends_with("^{}") && l.name != "HEAD") {
                Some(tip) => Choice::Listed { name: tip.name.clone(), id },
                None => Choice::Commit(id),
            }
        }
    })
}

fn find(listed: &[Listed], name: &str) -> Choice {
    let Some(found) = listed.iter().find(|l| l.name == name) else {
        return Choice::Absent;
    };
    let name = found.target.as_ref().filter(|target| listed.iter().any(|l| l.name == **target));
    Choice::Listed { name: name.unwrap_or(&found.name).clone(), id: found.id }
}

/// Versions that differ in build metadata alone are ordered by it, then by the tag's name: Flux takes the newer tag,
/// which would need every one of them fetched.
fn highest(listed: &[Listed], range: &Range) -> Choice {
    listed
        .iter()
        .filter_map(|l| {
            let version = version_of_tag(l.name.strip_prefix("refs/tags/")?)?;
            range.matches(&version).then_some((version, l))
        })
        .max_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.name.cmp(&y.name)))
        .map_or(Choice::Absent, |(_, l)| Choice::Listed { name: l.name.clone(), id: l.id })
}
