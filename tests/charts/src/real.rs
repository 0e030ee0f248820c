//! The real tool, as a process.

use crate::ours::{NAMESPACE, RELEASE};
use crate::outcome::Printed;
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Where `cargo xtask real` puts it.
pub fn helm() -> Option<PathBuf> {
    let tool = mainstay_harness::here!().join("../../target/real/helm");
    tool.exists().then_some(tool)
}

pub fn build(
    tool: &Path,
    chart: &Path,
    values: Option<&Path>,
    kube_version: Option<&str>,
) -> Result<Printed> {
    let mut more: Vec<&OsStr> = Vec::new();
    if let Some(values) = values {
        more.extend([OsStr::new("--values"), values.as_os_str()]);
    }
    if let Some(version) = kube_version {
        more.extend(["--kube-version", version].map(OsStr::new));
    }
    build_with(tool, chart, &more)
}

pub fn build_with(tool: &Path, chart: &Path, more: &[&OsStr]) -> Result<Printed> {
    let home = std::env::temp_dir().join("mainstay-charts-no-home");
    let mut command = Command::new(tool);
    command
        .args(["template", RELEASE])
        .arg(chart)
        .args(["--namespace", NAMESPACE, "--include-crds"])
        .args(more);
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME"] {
        command.env(variable, &home);
    }
    command.env_remove("KUBECONFIG").env("TZ", "UTC").stdin(Stdio::null());
    let started = Instant::now();
    let ended = run(&mut command).with_context(|| format!("cannot start {}", tool.display()))?;
    let took = started.elapsed();
    let result = if ended.success {
        Ok(String::from_utf8_lossy(&ended.printed).into_owned())
    } else if took >= PATIENCE {
        Err(format!("Error: helm does not end within {} s", PATIENCE.as_secs()))
    } else {
        let errors = String::from_utf8_lossy(&ended.errors);
        let last: Vec<&str> = errors.lines().filter(|line| line.starts_with("Error:")).collect();
        Err(if last.is_empty() { errors.trim().to_owned() } else { last.join("\n") })
    };
    Ok(Printed { result, limited: false, took })
}

/// helm knows no limits: a loop over a large number takes all the time and memory that there is.
const PATIENCE: Duration = Duration::from_secs(60);

struct Ended {
    success: bool,
    printed: Vec<u8>,
    errors: Vec<u8>,
}

/// A process that is killed when its time is up.
fn run(command: &mut Command) -> Result<Ended> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let child = Arc::new(Mutex::new(child));
    let (done, wait) = mpsc::channel::<()>();
    let watched = child.clone();
    let watch = thread::spawn(move || match wait.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => lock(&watched).kill(),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => Ok(()),
    });
    let errors = thread::spawn(move || read(stderr));
    let printed = read(stdout)?;
    let errors = errors.join().map_err(|_| anyhow::anyhow!("reading panicked"))??;
    drop(done);
    watch.join().map_err(|_| anyhow::anyhow!("watching panicked"))??;
    let success = lock(&child).wait()?.success();
    Ok(Ended { success, printed, errors })
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(from: Option<impl Read>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        from.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
