use git2::Repository;
use std::path::Path;

/// The URLs of a checkout's remotes, as its configuration has them, credentials included; none where the folder is no
/// repository.
pub fn remotes(folder: &Path) -> Vec<String> {
    let Ok(repository) = Repository::open(folder) else { return Vec::new() };
    let Ok(names) = repository.remotes() else { return Vec::new() };
    let url = |name: &str| repository.find_remote(name).ok()?.url().ok().map(str::to_owned);
    names.iter().flatten().flatten().filter_map(url).collect()
}

/// The branch that a checkout is on, where it is the one that a remote calls its default. A branch of somebody's own may
/// stand for any.
pub fn main_branch(folder: &Path) -> Option<String> {
    let repository = Repository::open(folder).ok()?;
    let head = repository.find_reference("HEAD").ok()?;
    let branch = head.symbolic_target().ok()??.strip_prefix("refs/heads/")?.to_owned();
    let names = repository.remotes().ok()?;
    let is_default = |remote: &str| {
        let Ok(head) = repository.find_reference(&format!("refs/remotes/{remote}/HEAD")) else {
            return false;
        };
        matches!(head.symbolic_target(), Ok(Some(name)) if name == format!("refs/remotes/{remote}/{branch}"))
    };
    names.iter().flatten().flatten().any(is_default).then_some(branch)
}
