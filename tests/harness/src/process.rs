//! Child processes that never outlive us, not even when we are killed with SIGKILL.
//!
//! Each child runs under a small shell that holds the reading end of a pipe whose only writing end is ours.
//! The kernel closes that end whenever and however this process ends, and the shell then kills the child.
//! (A parent-death signal would do on Linux alone, and fires when the *thread* that started the child ends,
//! which in a test binary is after the first test.)

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// Descriptor 3 is the pipe; the child itself does not get it.
const GUARD: &str = r#"exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
( cat <&3 >/dev/null 2>&1; kill -9 $child ) 2>/dev/null &
guard=$!
wait $child
status=$?
kill $guard 2>/dev/null
exit $status"#;

/// Removes a folder once the pipe is closed; twice, because others may be dying in it at the same moment.
const SWEEP: &str = r#"cat >/dev/null
rm -rf -- "$1"
if [ -e "$1" ]; then sleep 1; rm -rf -- "$1"; fi"#;

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Guarded {
    pub name: &'static str,
    pub log: PathBuf,
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Guarded {
    /// Starts `program` with its output in `log`.
    pub fn spawn(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        log: &Path,
    ) -> Result<Self, StartError> {
        let start = || -> io::Result<(Child, Option<ChildStdin>)> {
            let output = File::create(log)?;
            let mut shell = Command::new("sh")
                .args(["-c", GUARD, name])
                .arg(program)
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(output.try_clone()?)
                .stderr(output)
                .spawn()?;
            let lifeline = shell.stdin.take();
            Ok((shell, lifeline))
        };
        match start() {
            Ok((shell, lifeline)) => Ok(Self { name, log: log.to_path_buf(), shell, lifeline }),
            Err(error) => {
                Err(StartError { what: format!("cannot start {name}: {error}"), log: String::new() })
            }
        }
    }

    /// How the server ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// The process id of the program itself, while it runs. Known on Linux only.
    pub fn program(&self) -> Option<u32> {
        let shell = self.shell.id();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).ok()?;
        // Beside it runs the shell that guards it.
        children.split_whitespace().filter_map(|id| id.parse().ok()).find(|id: &u32| {
            let name = std::fs::read_to_string(format!("/proc/{id}/comm"));
            name.is_ok_and(|name| !matches!(name.trim(), "sh" | "dash" | "bash"))
        })
    }

    pub fn failure(&self, what: impl Into<String>) -> StartError {
        StartError { what: format!("{}: {}", self.name, what.into()), log: tail(&self.log) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Nothing is left to be done about a shell that can't be waited for.
        let _ = self.shell.wait();
    }
}

/// A temporary folder that is removed when this process ends, whichever way.
#[derive(Debug)]
pub struct SweptFolder {
    pub path: PathBuf,
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl SweptFolder {
    pub fn create(prefix: &str) -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix(prefix).tempdir()?.keep();
        let mut shell = Command::new("sh")
            .args(["-c", SWEEP, "sweep"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let lifeline = shell.stdin.take();
        Ok(Self { path, shell, lifeline })
    }
}

impl Drop for SweptFolder {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // A folder that stays behind is worth no failed test.
        let _ = self.shell.wait();
    }
}

/// What a finished command printed.
#[derive(Debug, Clone)]
pub struct Output {
    pub command: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Runs `command` to its end with `input` on its standard input.
    pub fn of(command: &mut Command, input: &str) -> io::Result<Self> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let pipe = child.stdin.take();
        let (sent, output) = std::thread::scope(|scope| {
            // Written aside: a command that prints before it has read everything would block both of us.
            let writer =
                scope.spawn(move || pipe.map_or(Ok(()), |mut pipe| pipe.write_all(input.as_bytes())));
            let output = child.wait_with_output();
            (writer.join(), output)
        });
        let output = output?;
        match sent {
            Ok(Ok(())) | Err(_) => {}
            // It ended without reading its input: its status says whether that was right.
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Ok(Err(error)) => return Err(error),
        }
        Ok(Self {
            command: format!("{command:?}"),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// The standard output of a command that has to succeed.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn expect_success(self) -> String {
        assert!(self.success(), "{}: {}\n{}{}", self.command, self.status, self.stdout, self.stderr);
        self.stdout
    }
}

/// A server that did not come up, with the end of its log.
#[derive(Debug, Clone)]
pub struct StartError {
    pub what: String,
    pub log: String,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.log.is_empty() {
            write!(f, "\n--- end of its log ---\n{}", self.log)?;
        }
        Ok(())
    }
}

impl std::error::Error for StartError {}

fn tail(log: &Path) -> String {
    const LINES: usize = 30;
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests;
