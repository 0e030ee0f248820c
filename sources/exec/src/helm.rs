//! `helm template` with what a run is given.
use crate::chart::{Room, home_of_rooms, sweep};
use crate::error::ExecError;
use crate::known::{Known, Outcome};
pub use crate::process::Limits;
use crate::process::{Program, run};
use crate::sandbox::{SHARED, Sandbox};
use mainstay_unit::{HelmGiven, HelmRun};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Helm on this machine. What it has rendered is kept in memory; nothing of it is ever on a disk.
pub struct Helm {
    program: PathBuf,
    /// Below which every run has a folder of its own.
    folder: PathBuf,
    limits: Limits,
    /// What it may read of the machine.
    shared: Vec<PathBuf>,
    version: String,
    known: Mutex<Known>,
}

/// Bytes of all arguments: a kernel takes 2 MiB, with the variables.
const ARGUMENTS: usize = 1 << 20;

impl Helm {
    /// Asks the program for its version, in the same sandbox as everything else. Its path is whoever's who starts
    /// Mainstay, never a repository's.
    pub fn open(program: &Path, folder: &Path, limits: Limits) -> Result<Self, ExecError> {
        Self::open_with(program, folder, limits, SHARED.map(PathBuf::from).to_vec())
    }

    pub(crate) fn open_with(
        program: &Path,
        folder: &Path,
        limits: Limits,
        shared: Vec<PathBuf>,
    ) -> Result<Self, ExecError> {
        if !program.is_absolute() {
            return Err(ExecError::machine(
                format!("{} can't be run", program.display()),
                "its path is not absolute",
            ));
        }
        let failed = |error| ExecError::machine(format!("{} can't be run", program.display()), error);
        let program = program.canonicalize().map_err(failed)?;
        let folder = home_of_rooms(folder)?;
        sweep(&folder);
        let mut helm =
            Self { program, folder, limits, shared, version: String::new(), known: Mutex::default() };
        let room = Room::make(&helm.folder)?;
        let arguments = ["version", "--template={{.Version}}"].map(OsString::from).to_vec();
        let printed = helm.printed(&room, arguments, Vec::new())?;
        let version = printed.trim();
        let major = version.strip_prefix('v').and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        if major.is_none_or(|major| major < 3) {
            let what = format!("{} can't be used", helm.program.display());
            let start: String = version.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(ExecError::machine(what, format!("expected Helm 3 or later, it says {start:?}")));
        }
        helm.version = version.to_owned();
        Ok(helm)
    }

    /// `v3.20.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What `helm template` prints. The same run is made once; blocks until it has ended, or its time is over.
    pub fn template(&self, run: &HelmRun) -> Outcome {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = known().get(run.digest()) {
            return outcome;
        }
        if let Some(wait) = known().held(run.question(), Instant::now()) {
            return Err(ExecError::Held { wait });
        }
        let outcome = self.attempt(run.given()).map(Into::into);
        known().put(*run.digest(), *run.question(), &outcome, Instant::now());
        outcome
    }

    fn attempt(&self, given: &HelmGiven) -> Result<String, ExecError> {
        let room = Room::make(&self.folder)?;
        room.write(&given.files)?;
        self.printed(&room, arguments(given, &room.chart())?, given.values.clone().into_bytes())
    }

    fn printed(&self, room: &Room, arguments: Vec<OsString>, input: Vec<u8>) -> Result<String, ExecError> {
        let program = Program {
            path: self.program.clone(),
            arguments,
            variables: variables(&room.home()),
            folder: room.home(),
            input,
        };
        let output = run(program, Sandbox::of(&self.program, &self.shared, room.path()), &self.limits)?;
        if !output.status.success() {
            return Err(ExecError::Refused { said: said(&output.said, room.path(), output.status) });
        }
        let not_text = |_| ExecError::Refused { said: "what it printed is not UTF-8".to_owned() };
        String::from_utf8(output.printed).map_err(not_text)
    }
}

/// Whatever a repository can choose stands behind a `=` or behind `--`, so that none of it is a flag. Values come by
/// standard input: they may be secret, and arguments and files are not.
fn arguments(given: &HelmGiven, chart: &Path) -> Result<Vec<OsString>, ExecError> {
    let mut out: Vec<OsString> = ["template", "--values=-"].map(OsString::from).to_vec();
    out.push(format!("--namespace={}", given.namespace).into());
    out.push(format!("--kube-version={}", given.kube_version).into());
    if given.skip_schema {
        out.push("--skip-schema-validation".into());
    }
    out.extend(given.api_versions.iter().map(|api| format!("--api-versions={api}").into()));
    out.push("--".into());
    out.push(given.release.clone().into());
    out.push(chart.into());
    let bytes: usize = out.iter().map(|argument| argument.len() + 1 + size_of::<usize>()).sum();
    if bytes > ARGUMENTS {
        let said = format!("the cluster serves too much to tell helm: {} kinds", given.api_versions.len());
        return Err(ExecError::Refused { said });
    }
    if out.iter().any(|argument| argument.as_encoded_bytes().contains(&0)) {
        return Err(ExecError::Refused { said: "a name of the release holds a zero byte".to_owned() });
    }
    Ok(out)
}

/// Everything that the process knows of its surroundings. Where it looks for settings and plugins there is nothing.
fn variables(home: &Path) -> Vec<(&'static str, OsString)> {
    let below = |name: &str| home.join(name).into_os_string();
    vec![
        ("HOME", home.into()),
        ("TMPDIR", home.into()),
        ("HELM_CACHE_HOME", below("cache")),
        ("HELM_CONFIG_HOME", below("config")),
        ("HELM_DATA_HOME", below("data")),
        ("HELM_PLUGINS", below("plugins")),
        ("KUBECONFIG", "/dev/null".into()),
        // Where a socket could be made after all, it leads nowhere.
        ("HTTP_PROXY", "http://127.0.0.1:9".into()),
        ("HTTPS_PROXY", "http://127.0.0.1:9".into()),
    ]
}

/// What was said of an error, without the folder of this run and without what a terminal would act on.
fn said(bytes: &[u8], room: &Path, status: std::process::ExitStatus) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace(&format!("{}/", room.display()), "");
    let shown: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    let lines = shown.lines().filter(|line| !line.starts_with("WARNING: ") && !line.starts_with("walk.go:"));
    let shown = lines.collect::<Vec<_>>().join("\n");
    if shown.trim().is_empty() {
        format!("it ended with {status} and said nothing")
    } else {
        shown.trim().to_owned()
    }
}
