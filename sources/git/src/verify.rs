//! Whether those who are trusted have signed what a reference leads to, as Flux's source-controller asks for it
//! (`verifySignature`), and stricter: a tag is called what its reference is, so that none can be passed off as another one.

use crate::signed::{Signed, TagHead, of_commit, of_tag, raw};
use crate::{GitError, Mirror, Reference, history};
use git2::{ObjectType, Oid, Repository};
use mainstay_openpgp::Rings;
use mainstay_unit::Signable;

impl Mirror {
    /// Who has signed what the mirror's head is: fingerprints, the tag's first. Objects are read from the disk each time, so
    /// what was kept proves nothing by being there. `now`: seconds since 1970.
    pub fn verify(&self, what: Signable, rings: &Rings, now: u64) -> Result<Vec<String>, GitError> {
        let unread =
            || GitError::NotFound { reference: self.remote.reference.to_string(), url: self.remote.shown() };
        let head = self.head().ok_or_else(unread)?;
        let commit = crate::remote::commit_id(&head.commit)?;
        let repository = self.store.handle()?;
        let (tag, itself) = match what {
            Signable::Commit => (false, true),
            Signable::Tag => (true, false),
            Signable::TagAndCommit => (true, true),
        };
        let mut by = Vec::new();
        if tag {
            by.push(self.tag(&repository, &head.reference, head.tag.as_deref(), commit, rings, now)?);
        }
        if itself {
            let shown = format!("commit {commit}");
            let tree = history::find(&repository, commit)?.tree_id();
            let signed = of_commit(&raw(&repository, commit, ObjectType::Commit)?, tree);
            by.push(proved(&shown, signed, rings, now)?);
        }
        Ok(by)
    }

    fn tag(
        &self,
        repository: &Repository,
        reference: &str,
        tag: Option<&str>,
        commit: Oid,
        rings: &Rings,
        now: u64,
    ) -> Result<String, GitError> {
        let unverified = |what: String, why: &str| GitError::Unverified { what, why: why.to_owned() };
        let is_tag = match &self.remote.reference {
            Reference::Tag(_) | Reference::Semver { .. } => true,
            Reference::Name(name) => name.starts_with("refs/tags/"),
            Reference::Branch(_) | Reference::Commit(_) => false,
        };
        let Some(name) = reference.strip_prefix("refs/tags/").filter(|_| is_tag) else {
            return Err(unverified(
                self.remote.reference.to_string(),
                "it is no tag, whose signature is asked for",
            ));
        };
        let shown = format!("tag {name}");
        let Some(tag) = tag else {
            return Err(unverified(shown, "it is a lightweight tag, which holds no signature"));
        };
        let id = crate::remote::commit_id(tag)?;
        let failed = |e: git2::Error| GitError::local(repository.path(), &e);
        let bytes = raw(repository, id, ObjectType::Tag)?;
        let found = repository.find_tag(id).map_err(failed)?;
        if found.as_object().peel(ObjectType::Commit).map_err(failed)?.id() != commit {
            return Err(unverified(shown, "it leads to another commit"));
        }
        let kind = found.target_type().unwrap_or(ObjectType::Any);
        let head = TagHead {
            target: found.target_id(),
            kind,
            name: String::from_utf8_lossy(found.name_bytes()).into_owned(),
        };
        let by = proved(&shown, of_tag(&bytes, &head), rings, now)?;
        if head.name != name {
            return Err(unverified(shown, "who signed it has called it something else"));
        }
        Ok(by)
    }
}

fn proved(
    shown: &str,
    signed: Result<Signed, &'static str>,
    rings: &Rings,
    now: u64,
) -> Result<String, GitError> {
    let unverified = |why: &str| GitError::Unverified { what: shown.to_owned(), why: why.to_owned() };
    let signed = signed.map_err(unverified)?;
    if let Some(why) = signed.unsupported() {
        return Err(unverified(why));
    }
    rings.detached(&signed.signature, &signed.payload, now).map(|one| one.by).map_err(|why| unverified(&why))
}
