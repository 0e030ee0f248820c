//! Remote bases, for `mainstay build --allow-remote`: fetched once, kept in the state folder.

use crate::state::StateArgs;
use mainstay_git::{Mirror, Reference, Remote};
use mainstay_kustomize::{Answer, Refused, RemoteBase};
use mainstay_unit::tree::Tree;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FETCH: Duration = Duration::from_secs(60);

pub(super) fn tree(base: &RemoteBase, allowed: &[String], state: &StateArgs) -> Answer<Arc<dyn Tree>> {
    if !base.is_below(allowed) {
        let why = format!("it is not below what --allow-remote names: {}", allowed.join(", "));
        return Err(Refused::new(why, format!("--allow-remote {} allows it", base.url)));
    }
    Ok(Some(fetched(base, state)?))
}

fn fetched(base: &RemoteBase, state: &StateArgs) -> Result<Arc<dyn Tree>, String> {
    let state = state.open().and_then(|state| state.create().map(|()| state)).map_err(|e| e.to_string())?;
    let path = state.mirror(&format!("base {} {}", base.url, base.commit));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{} can't be made: {e}", folder.display()))?;
    }
    let mut remote = Remote::new(base.url.clone(), Reference::Commit(base.commit.clone()));
    remote.depth = Some(1);
    let mut mirror = Mirror::open(path, remote).map_err(|e| e.to_string())?;
    // What a commit holds never changes.
    if mirror.resolve(&base.commit).is_err() {
        let start = Instant::now();
        mirror.fetch(&|| start.elapsed() > FETCH).map_err(|e| e.to_string())?;
    }
    mirror.tree(&base.commit).map(|tree| Arc::new(tree) as Arc<dyn Tree>).map_err(|e| e.to_string())
}
