//! Where the real tools are, and we ourselves.

use crate::exit::Failure;
use std::path::{Path, PathBuf};

/// A real control plane, and what is measured beside it where it is there.
pub(super) struct Tools {
    pub(super) etcd: PathBuf,
    pub(super) apiserver: PathBuf,
    /// kube-controller-manager.
    pub(super) controllers: Option<PathBuf>,
    /// Flux's kustomize-controller.
    pub(super) flux: Option<PathBuf>,
}

/// The first folder with etcd and kube-apiserver wins; Flux's controller may lie in any of them.
pub(super) fn tools() -> Option<Tools> {
    let folders = folders();
    folders.iter().find_map(|folder| {
        Some(Tools {
            etcd: found(folder, "etcd")?,
            apiserver: found(folder, "kube-apiserver")?,
            controllers: found(folder, "kube-controller-manager"),
            flux: folders.iter().find_map(|folder| found(folder, "kustomize-controller")),
        })
    })
}

/// The one that is named, else of the same folders, else on the PATH.
pub(super) fn tool(named: Option<&Path>, name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).collect::<Vec<_>>();
    match named {
        Some(named) if named.is_file() => Ok(named.to_owned()),
        Some(named) => Err(Failure::user(format!("{} is no file", named.display()))),
        None => folders()
            .iter()
            .chain(&installed)
            .find_map(|folder| found(folder, name))
            .ok_or_else(|| Failure::environment(format!("there is no {name}; name it with --{name}"))),
    }
}

/// This program.
pub(super) fn own() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|e| Failure::environment(format!("the program's own path is unknown: {e}")))
}

/// `KUBEBUILDER_ASSETS`, else `target/real` of this folder or one above it.
fn folders() -> Vec<PathBuf> {
    let given = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    given.into_iter().chain(all_above(Path::new("target/real"))).collect()
}

fn found(folder: &Path, name: &str) -> Option<PathBuf> {
    Some(folder.join(name)).filter(|path| path.is_file())
}

/// What lies there in this folder or in the nearest one above it.
pub(super) fn above(path: &Path) -> Option<PathBuf> {
    all_above(path).into_iter().next()
}

fn all_above(path: &Path) -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors().map(|folder| folder.join(path)).filter(|found| found.exists()).collect()
}
