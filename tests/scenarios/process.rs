//! The daemon and the commands of the compiled binary.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mainstay_harness::{Guarded, Output};
use serde_json::Value;

pub const MAINSTAY: &str = env!("CARGO_BIN_EXE_mainstay");

/// A `mainstay run`. Dropping it is `kill -9`.
pub struct Daemon {
    process: Option<Guarded>,
    log: PathBuf,
}

impl Daemon {
    pub fn start(arguments: &[String], log: PathBuf) -> Self {
        match Guarded::spawn("mainstay", Path::new(MAINSTAY), arguments, &log) {
            Ok(process) => Self { process: Some(process), log },
            Err(error) => panic!("{error}"),
        }
    }

    pub fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// `kill -9`; its log can still be read.
    pub fn kill(&mut self) {
        self.process.take();
    }

    /// As on a machine that sleeps.
    pub fn stand_still(&self, duration: Duration) {
        let id = self.process.as_ref().and_then(Guarded::program).expect("it runs").to_string();
        let signal = |signal: &str| {
            let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
            assert!(sent.success(), "kill {signal} {id}: {sent}");
        };
        signal("-STOP");
        std::thread::sleep(duration);
        signal("-CONT");
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// What it serves at a path, with its headers.
    pub fn page(&self, path: &str) -> Result<String, String> {
        let log = self.log();
        let after = log.split_once("page=http://").ok_or("its page is not served yet")?.1;
        let address: String = after.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
        get(&address, path).map_err(|error| format!("{address}: {error}"))
    }

    /// `GET /api/v1/view`: what the daemon shows of itself.
    pub fn view(&self) -> Result<Value, String> {
        let answer = self.page("/api/v1/view")?;
        let body = answer.split_once("\r\n\r\n").ok_or("no answer")?.1;
        serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))
    }
}

fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Runs a command of the binary to its end, with nothing of the user's.
pub fn mainstay(arguments: &[&str], home: &Path, environment: &[(&str, &Path)]) -> Output {
    mainstay_in(home, arguments, home, environment)
}

/// In a folder, which a repository that is not named is.
pub fn mainstay_in(folder: &Path, arguments: &[&str], home: &Path, environment: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(MAINSTAY);
    for foreign in ["KUBECONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env_remove(foreign);
    }
    command.current_dir(folder).args(arguments).env("HOME", home).envs(environment.iter().copied());
    Output::of(&mut command, "").expect("mainstay can be run")
}
