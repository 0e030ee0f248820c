//! One process: started in a sandbox, fed, read within limits, ended with everything that it started.
use crate::error::ExecError;
use crate::sandbox::Sandbox;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// What is run. Nothing is inherited: these are all of its arguments and variables.
pub(crate) struct Program {
    /// Absolute.
    pub path: PathBuf,
    pub arguments: Vec<OsString>,
    pub variables: Vec<(&'static str, OsString)>,
    pub folder: PathBuf,
    /// What its standard input holds; then it is closed.
    pub input: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    /// Address space, in bytes.
    pub memory: u64,
    /// Bytes that are printed.
    pub output: u64,
    /// Bytes of what is said of errors; the rest is dropped.
    pub errors: u64,
    /// Bytes of a file that is written.
    pub file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(60),
            memory: 4 << 30,
            output: 64 << 20,
            errors: 16 << 10,
            file: 64 << 20,
        }
    }
}

pub(crate) struct Output {
    pub status: ExitStatus,
    pub printed: Vec<u8>,
    pub said: Vec<u8>,
}

/// After its end, for what it printed.
const DRAIN: Duration = Duration::from_secs(5);

enum Event {
    Printed(Vec<u8>),
    Said(Vec<u8>),
    TooMuch,
    Ended,
}

pub(crate) fn run(program: Program, sandbox: Sandbox, limits: &Limits) -> Result<Output, ExecError> {
    let end = Instant::now() + limits.time;
    let (tell, events) = channel();
    let mut running = Running { child: start(&program, sandbox)?, done: false };
    running.limit(limits)?;
    running.attend(program.input, limits, &tell)?;
    drop(tell);
    let (mut printed, mut said, mut ended) = (None, None, false);
    let mut until = end;
    while !ended || printed.is_none() || said.is_none() {
        match next(&events, until) {
            Some(Event::Printed(bytes)) => printed = Some(bytes),
            Some(Event::Said(bytes)) => said = Some(bytes),
            Some(Event::TooMuch) => return Err(ExecError::TooLarge { bytes: limits.output }),
            Some(Event::Ended) => {
                ended = true;
                // Whoever is left would keep the output open.
                running.kill();
                until = end.min(Instant::now() + DRAIN);
            }
            None if ended => return Err(ExecError::Escaped),
            None => return Err(ExecError::Slow { limit: limits.time }),
        }
    }
    let status =
        running.reap().map_err(|error| ExecError::machine("helm's end can't be waited for", error))?;
    Ok(Output { status, printed: printed.unwrap_or_default(), said: said.unwrap_or_default() })
}

/// Nothing once the time is over, or once nobody is left to tell anything.
fn next(events: &Receiver<Event>, until: Instant) -> Option<Event> {
    events.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
}

/// On a thread that ends with it: it is confined for good.
fn start(program: &Program, sandbox: Sandbox) -> Result<Child, ExecError> {
    let mut command = Command::new(&program.path);
    command
        .args(&program.arguments)
        .env_clear()
        .envs(program.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(&program.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let shown = program.path.display().to_string();
    let confined = move || {
        sandbox.enter().map_err(ExecError::Unconfined)?;
        command.spawn().map_err(|error| ExecError::machine(format!("{shown} can't be run"), error))
    };
    let thread = std::thread::Builder::new().name("helm".to_owned()).spawn(confined);
    let thread = thread.map_err(|error| ExecError::machine("no thread can be started", error))?;
    thread.join().unwrap_or_else(|_| Err(ExecError::machine("helm can't be run", "its thread failed")))
}

/// A process with its group. Both are gone when it is dropped, whatever happened.
struct Running {
    child: Child,
    /// Nobody is waited for any more.
    done: bool,
}

impl Running {
    fn attend(&mut self, input: Vec<u8>, limits: &Limits, tell: &Sender<Event>) -> Result<(), ExecError> {
        let Limits { output, errors, .. } = *limits;
        let (stdin, stdout, stderr) =
            (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        // Who does not read its input is told so by its end.
        on_thread(move || drop(stdin.map(|mut pipe| pipe.write_all(&input))))?;
        let told = tell.clone();
        on_thread(move || {
            let bytes = stdout.map(|pipe| up_to(pipe, output + 1)).unwrap_or_default();
            let event = if bytes.len() as u64 > output { Event::TooMuch } else { Event::Printed(bytes) };
            // Nobody listens any more where it was ended.
            drop(told.send(event));
        })?;
        let told = tell.clone();
        on_thread(move || {
            let said = stderr.map(|mut pipe| {
                let said = up_to(&mut pipe, errors);
                // So that it does not wait for somebody to read on.
                drop(std::io::copy(&mut pipe, &mut std::io::sink()));
                said
            });
            drop(told.send(Event::Said(said.unwrap_or_default())));
        })?;
        let (told, child) = (tell.clone(), self.child.id());
        on_thread(move || {
            await_end(child);
            drop(told.send(Event::Ended));
        })
    }

    /// Its status, once it has ended and its group was killed.
    fn reap(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait();
        self.done = true;
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        self.kill();
        if let Err(error) = self.reap() {
            tracing::error!(%error, "helm's end can't be waited for");
        }
    }
}

fn on_thread(work: impl FnOnce() + Send + 'static) -> Result<(), ExecError> {
    let started = std::thread::Builder::new().name("helm-pipe".to_owned()).spawn(work);
    started.map(drop).map_err(|error| ExecError::machine("no thread can be started", error))
}

/// What was read before an error stands: what is cut off can't be read as a whole.
fn up_to(pipe: impl Read, bytes: u64) -> Vec<u8> {
    let mut out = Vec::new();
    drop(pipe.take(bytes).read_to_end(&mut out));
    out
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{ExecError, Limits, Running};
    use rustix::process::{
        Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, kill_process_group, prlimit, waitid,
    };

    fn pid(id: u32) -> Option<Pid> {
        i32::try_from(id).ok().and_then(Pid::from_raw)
    }

    impl Running {
        /// Memory, time of processors, files and dumps of memory. It has only just been started.
        pub(super) fn limit(&self, limits: &Limits) -> Result<(), ExecError> {
            let all = [
                (Resource::As, limits.memory),
                (Resource::Cpu, limits.time.as_secs().max(1)),
                (Resource::Fsize, limits.file),
                (Resource::Core, 0),
            ];
            for (resource, most) in all {
                let limit = Rlimit { current: Some(most), maximum: Some(most) };
                match prlimit(pid(self.child.id()), resource, limit) {
                    // It has ended already.
                    Ok(_) | Err(rustix::io::Errno::SRCH) => {}
                    Err(error) => return Err(ExecError::machine("helm can't be limited", error)),
                }
            }
            // Where memory is short it goes first, not Mainstay.
            let place = format!("/proc/{}/oom_score_adj", self.child.id());
            if let Err(error) = std::fs::write(place, "1000") {
                tracing::debug!(%error, "helm can't be made the first to go where memory is short");
            }
            Ok(())
        }

        /// Everybody in its group. Its number is its own as long as nobody has waited for it.
        pub(super) fn kill(&self) {
            let Some(group) = pid(self.child.id()) else { return };
            match kill_process_group(group, Signal::KILL) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => tracing::error!(%error, "helm can't be ended"),
            }
        }
    }

    /// Until it has ended; its number stays its own.
    pub(super) fn await_end(child: u32) {
        let Some(child) = pid(child) else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(child), options) {}
    }
}

#[cfg(target_os = "linux")]
use linux::await_end;

/// Nothing is ever started elsewhere: no sandbox can be entered.
#[cfg(not(target_os = "linux"))]
impl Running {
    fn limit(&self, _: &Limits) -> Result<(), ExecError> {
        Err(ExecError::Unconfined("only Linux can".to_owned()))
    }

    fn kill(&mut self) {
        if let Err(error) = self.child.kill() {
            tracing::error!(%error, "helm can't be ended");
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn await_end(_: u32) {}
