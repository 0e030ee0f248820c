//! Where the real binaries are: `KUBEBUILDER_ASSETS`, else `target/real` as `cargo xtask real` leaves it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Real binaries. The first three are always there: without them nothing real can be tested.
#[derive(Debug, Clone)]
pub struct Tools {
    pub etcd: PathBuf,
    pub kube_apiserver: PathBuf,
    pub kubectl: PathBuf,
    pub kube_controller_manager: Option<PathBuf>,
    pub helm: Option<PathBuf>,
    pub kustomize: Option<PathBuf>,
}

/// The tools of this machine, looked for once per process.
pub fn tools() -> Option<&'static Tools> {
    static TOOLS: OnceLock<Option<Tools>> = OnceLock::new();
    TOOLS.get_or_init(|| find(&folders())).as_ref()
}

/// A tool that is built when it is named.
pub(crate) fn optional(name: &str) -> Option<PathBuf> {
    folders().iter().find_map(|folder| binary(folder, name))
}

/// The first folder with a whole control plane wins; the other tools may come from any of the folders.
fn find(folders: &[PathBuf]) -> Option<Tools> {
    let any = |name: &str| folders.iter().find_map(|folder| binary(folder, name));
    folders.iter().find_map(|folder| {
        Some(Tools {
            etcd: binary(folder, "etcd")?,
            kube_apiserver: binary(folder, "kube-apiserver")?,
            kubectl: binary(folder, "kubectl")?,
            kube_controller_manager: any("kube-controller-manager"),
            helm: any("helm"),
            kustomize: any("kustomize"),
        })
    })
}

/// Where Cargo says that the package is that it runs, else where it was compiled; see [`here!`](crate::here).
pub fn folder(compiled: &str) -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| compiled.into(), PathBuf::from)
}

fn folders() -> Vec<PathBuf> {
    let given = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let starts = package.into_iter().chain([here]);
    given.into_iter().chain(starts.flat_map(|start| linked_above(&start))).collect()
}

fn linked_above(start: &Path) -> Vec<PathBuf> {
    start.ancestors().map(|folder| folder.join("target/real")).filter(|folder| folder.is_dir()).collect()
}

fn binary(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        folder
    }

    #[test]
    fn half_a_control_plane_is_none() {
        let folder = folder_of(&["etcd", "kubectl", "helm"]);
        assert!(find(&[folder.path().to_path_buf()]).is_none());
    }

    #[test]
    fn other_tools_may_come_from_another_folder() {
        let given = folder_of(&["etcd", "kubectl", "kube-apiserver"]);
        let linked = folder_of(&["helm"]);
        let tools = find(&[given.path().to_path_buf(), linked.path().to_path_buf()]).expect("tools");
        assert_eq!(tools.helm, Some(linked.path().join("helm")));
        assert_eq!(tools.kustomize, None);
        assert_eq!(tools.etcd, given.path().join("etcd"));
    }
}
