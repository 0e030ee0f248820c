use crate::GitError;
use git2::{Commit, ErrorCode, Oid, Repository};

/// One commit, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    pub id: String,
    /// The first line of the message.
    pub subject: String,
    /// `Name <email>`.
    pub author: String,
    /// When it was committed: seconds since 1970, UTC.
    pub time: i64,
}

/// Longer subjects and names are cut: they are shown, and come from outside.
const MAX_TEXT: usize = 200;

pub(crate) fn info(repository: &Repository, id: Oid) -> Result<CommitInfo, GitError> {
    let commit = find(repository, id)?;
    let author = commit.author();
    let name = String::from_utf8_lossy(author.name_bytes()).into_owned();
    let email = String::from_utf8_lossy(author.email_bytes()).into_owned();
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    Ok(CommitInfo {
        id: id.to_string(),
        subject: clean(message.trim_start().lines().next().unwrap_or_default()),
        author: clean(&format!("{name} <{email}>")),
        time: commit.time().seconds(),
    })
}

pub(crate) fn find(repository: &Repository, id: Oid) -> Result<Commit<'_>, GitError> {
    repository.find_commit(id).map_err(|e| match e.code() {
        ErrorCode::NotFound => GitError::NotFound {
            reference: format!("commit {id}"),
            url: repository.path().display().to_string(),
        },
        _ => GitError::local(repository.path(), &e),
    })
}

/// Whether `old` is `new` or one of the commits before it.
pub(crate) fn is_ancestor(repository: &Repository, old: Oid, new: Oid) -> Result<bool, GitError> {
    if old == new {
        return Ok(true);
    }
    match repository.graph_descendant_of(new, old) {
        Ok(answer) => Ok(answer),
        Err(e) if e.code() == ErrorCode::NotFound => Ok(false),
        Err(e) => Err(GitError::local(repository.path(), &e)),
    }
}

fn clean(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}
