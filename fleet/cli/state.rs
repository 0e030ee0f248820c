//! The state folder: mirrors of repositories, charts of registries, the embedded control plane's objects and its kubeconfig.
//!
//! `--state-dir`, `MAINSTAY_STATE_DIR`, `.mainstay` in the current folder if there is one, or `~/.local/state/mainstay`.
//! Nothing in it is needed on a real cluster: mirrors are cloned and charts fetched anew, and inventories live in the cluster.

use crate::exit::Failure;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct StateArgs {
    /// State folder [default: .mainstay if it exists, else ~/.local/state/mainstay]
    #[arg(long, env = "MAINSTAY_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub(crate) struct State(PathBuf);

impl StateArgs {
    pub fn open(&self) -> Result<State, Failure> {
        Ok(State(match &self.state_dir {
            Some(path) => path.clone(),
            None if Path::new(".mainstay").is_dir() => PathBuf::from(".mainstay"),
            None => home()?.join("mainstay"),
        }))
    }
}

fn home() -> Result<PathBuf, Failure> {
    std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".local/state")))
        .ok_or_else(|| Failure::user("no state folder: neither --state-dir nor HOME is set"))
}

impl State {
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the folder, readable by its owner only.
    pub fn create(&self) -> Result<(), Failure> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|e| Failure::environment(format!("{} can't be made: {e}", self.0.display())))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The embedded control plane's administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.0.join("kubeconfig")
    }

    pub fn control_plane(&self) -> PathBuf {
        self.0.join("control-plane")
    }

    /// Charts of registries.
    pub fn charts(&self) -> PathBuf {
        self.0.join("charts")
    }

    /// A folder for each run of the real helm, gone after it.
    pub fn exec(&self) -> PathBuf {
        self.0.join("exec")
    }

    /// One mirror per repository, named by its place.
    pub fn mirror(&self, url: &str) -> PathBuf {
        let digest = mainstay_object::Digest::of_bytes(url.as_bytes());
        self.0.join("mirrors").join(digest.short())
    }
}
