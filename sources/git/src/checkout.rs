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
