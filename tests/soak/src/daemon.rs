//! The daemon as a process that is killed, stopped and resumed.

use anyhow::{Context, Result, ensure};
use mainstay_harness::Guarded;
use std::path::PathBuf;
use std::process::Command;

/// How the daemon ends where its Lease is lost, or nobody answers when it starts.
const ENVIRONMENT: i32 = 3;

pub struct Daemon {
    binary: PathBuf,
    arguments: Vec<String>,
    logs: PathBuf,
    process: Option<Guarded>,
    pub starts: u64,
}

impl Daemon {
    pub fn new(binary: PathBuf, arguments: Vec<String>, logs: PathBuf) -> Self {
        Self { binary, arguments, logs, process: None, starts: 0 }
    }

    /// What ran before is killed with SIGKILL.
    pub fn start(&mut self) -> Result<()> {
        drop(self.process.take());
        self.starts += 1;
        // Two are kept: of the one that runs, and of the one before.
        let log = self.logs.join(format!("daemon-{}.log", self.starts % 2));
        self.process = Some(Guarded::spawn("mainstay", &self.binary, &self.arguments, &log)?);
        Ok(())
    }

    /// If it has ended by itself: whether a supervisor would start it again, and the end of the log.
    pub fn failure(&mut self) -> Option<(bool, String)> {
        let process = self.process.as_mut()?;
        let status = process.ended()?;
        let again = status.code() == Some(ENVIRONMENT);
        Some((again, process.failure(format!("ended with {status}")).to_string()))
    }

    pub fn pause(&self, pause: bool) -> Result<()> {
        let Some(id) = self.id() else { return Ok(()) };
        let signal = if pause { "-STOP" } else { "-CONT" };
        let status =
            Command::new("kill").args([signal, &id.to_string()]).status().context("cannot run kill")?;
        ensure!(status.success() || self.id().is_none(), "kill {signal} {id}: {status}");
        Ok(())
    }

    /// Memory in use, in KiB.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn id(&self) -> Option<u32> {
        self.process.as_ref()?.program()
    }
}
