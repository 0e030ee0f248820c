//! The cluster, the daemon and the repository that the scenarios of one wire share.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use mainstay_harness::{Output, RealServer, SweptFolder, Tools, real_or_skip, tools_or_skip};
use mainstay_unit::InventoryEntry;
use serde_json::Value;

use crate::adoption::Observed;
use crate::process::{Daemon, mainstay_in};
use crate::repository::Repository;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Embedded,
    Real,
}

/// Far beyond what anything takes: machines that build and test at once are slow.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);
/// The label by which the objects of an installation are found (KEP-3659).
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// Runs a scenario on its wire, where that is to be had.
pub fn on(wire: Wire, name: &str, scenario: fn(&mut World)) {
    static EMBEDDED: Mutex<Option<World>> = Mutex::new(None);
    static REAL: Mutex<Option<World>> = Mutex::new(None);
    let Some(tools) = tools_or_skip(name) else { return };
    let (shared, server) = match wire {
        Wire::Embedded => (&EMBEDDED, None),
        Wire::Real => (&REAL, real_or_skip(name)),
    };
    let failed_before = shared.is_poisoned();
    let mut world = lock(shared);
    shared.clear_poison();
    let world = world.get_or_insert_with(|| World::start(tools, server));
    if failed_before {
        world.mend();
    }
    scenario(world);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Of all scenarios, or of one.
#[derive(Clone)]
pub enum Server {
    Shared(&'static RealServer),
    Own(Arc<RealServer>),
}

impl Deref for Server {
    type Target = RealServer;

    fn deref(&self) -> &RealServer {
        match self {
            Self::Shared(server) => server,
            Self::Own(server) => server,
        }
    }
}

pub struct World {
    pub repository: Repository,
    /// None for the embedded control plane.
    pub server: Option<Server>,
    /// What was seen before Mainstay was told to adopt the cluster; on a real one only.
    pub observed: Option<Observed>,
    daemon: Option<Daemon>,
    tools: &'static Tools,
    folder: SweptFolder,
    starts: usize,
}

impl World {
    fn start(tools: &'static Tools, server: Option<&'static RealServer>) -> Self {
        let folder = SweptFolder::create("mainstay-scenarios-").expect("a folder");
        let repository = Repository::create(folder.path.join("platform"));
        let shared = server.map(Server::Shared);
        let mut world =
            Self { repository, server: shared, observed: None, daemon: None, tools, folder, starts: 0 };
        if let Some(server) = server {
            server.start_controllers().and_then(|()| server.simulate_pods()).expect("controllers start");
            world.observed = Some(crate::adoption::observe(&mut world, server));
        }
        world.run();
        world
    }

    /// One more on the same wire, with a cluster and an empty repository of its own, and no daemon yet.
    pub fn another(&self) -> Self {
        let folder = SweptFolder::create("mainstay-scenarios-").expect("a folder");
        let repository = Repository::create(folder.path.join("platform"));
        let server = self.server.is_some().then(|| {
            let server = RealServer::with_controllers().expect("a server starts");
            server.simulate_pods().expect("pods are simulated");
            Server::Own(Arc::new(server))
        });
        Self { repository, server, observed: None, daemon: None, tools: self.tools, folder, starts: 0 }
    }

    /// Starts the daemon unless it runs.
    pub fn run(&mut self) {
        if !self.daemon.as_mut().is_some_and(Daemon::runs) {
            self.run_with(&[self.wire()]);
        }
    }

    /// The option that says which cluster.
    pub fn wire(&self) -> &'static str {
        if self.server.is_some() { "--adopt" } else { "--embedded" }
    }

    /// The real Helm.
    pub fn helm_path(&self) -> &Path {
        self.tools.helm.as_ref().expect("helm is among the real tools")
    }

    pub fn run_with(&mut self, more: &[&str]) {
        self.kill();
        self.starts += 1;
        let mut arguments: Vec<String> =
            vec!["run".to_owned(), self.repository.path.display().to_string(), "--state-dir".to_owned()];
        arguments.push(self.state().display().to_string());
        arguments.extend(
            ["--listen", "127.0.0.1:0", "--interval", "1", "--lease-duration", "4"].map(str::to_owned),
        );
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        if let Some(server) = &self.server {
            arguments.extend(["--kubeconfig".to_owned(), server.kubeconfig_path().display().to_string()]);
        }
        let log = self.folder.path.join(format!("run-{}.log", self.starts));
        self.daemon = Some(Daemon::start(&arguments, log));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.daemon.take();
    }

    /// `kill -9`, and a look at what the log holds then.
    pub fn kill_and(&mut self, look: impl FnOnce(&World)) {
        if let Some(daemon) = &mut self.daemon {
            daemon.kill();
        }
        look(self);
        self.kill();
    }

    pub fn stand_still(&self, duration: Duration) {
        self.daemon.as_ref().expect("a daemon").stand_still(duration);
    }

    pub fn has_ended(&mut self) -> bool {
        !self.daemon.as_mut().is_some_and(Daemon::runs)
    }

    /// After a scenario that failed: its mistakes must not be the next one's.
    fn mend(&mut self) {
        self.run();
        self.repository.discard();
        for entry in std::fs::read_dir(&self.repository.path).expect("a repository").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != ".git" {
                self.repository.remove(&name);
            }
        }
        let commit = self.repository.commit("Start anew");
        self.has_read(&commit);
    }

    fn state(&self) -> PathBuf {
        self.folder.path.join("state")
    }

    fn kubeconfig(&self) -> PathBuf {
        self.server.as_deref().map_or_else(|| self.state().join("kubeconfig"), RealServer::kubeconfig_path)
    }

    pub fn kubectl(&self, arguments: &[&str]) -> Output {
        self.kubectl_with(arguments, "")
    }

    /// As `kubectl`, with `input` for `-f -`.
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(&self.tools.kubectl);
        command.args(arguments).env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.folder.path);
        Output::of(&mut command, input).expect("kubectl can be run")
    }

    pub fn helm(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.helm_path());
        command.args(arguments).env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.folder.path);
        Output::of(&mut command, "").expect("helm can be run")
    }

    /// Runs a command in the platform repository that talks to this world's cluster.
    pub fn mainstay(&self, arguments: &[&str]) -> Output {
        let (state, kubeconfig) = (self.state(), self.kubeconfig());
        let mut environment = vec![("MAINSTAY_STATE_DIR", state.as_path())];
        if self.server.is_some() {
            environment.push(("MAINSTAY_KUBECONFIG", kubeconfig.as_path()));
        }
        mainstay_in(&self.repository.path, arguments, &self.folder.path, &environment)
    }

    /// Looks until there is an answer.
    ///
    /// # Panics
    /// When that takes too long, with what was seen last and the end of the daemon's log.
    #[track_caller]
    pub fn until<T>(&mut self, what: &str, look: impl FnMut(&World) -> Result<T, String>) -> T {
        match self.look(look) {
            Ok(found) => found,
            Err(last) => panic!("not within {PATIENCE:?}: {what}\nat last: {last}\n{}", self.log_tail()),
        }
    }

    fn look<T>(&mut self, mut look: impl FnMut(&World) -> Result<T, String>) -> Result<T, String> {
        let started = Instant::now();
        loop {
            match look(self) {
                Ok(found) => return Ok(found),
                Err(last) if started.elapsed() > PATIENCE => return Err(last),
                Err(last) if self.daemon.as_mut().is_some_and(|daemon| !daemon.runs()) => {
                    return Err(format!("the daemon has ended; before: {last}"));
                }
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    pub fn log_tail(&self) -> String {
        let tail = self.daemon.as_ref().map(Daemon::log_tail).unwrap_or_default();
        format!("--- end of the daemon's log ---\n{tail}")
    }

    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    /// Waits, closely, until the daemon has logged a text.
    #[track_caller]
    pub fn log_says(&mut self, text: &str) {
        let started = Instant::now();
        while !self.log().contains(text) {
            assert!(started.elapsed() < PATIENCE, "not in its log: {text}\n{}", self.log_tail());
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn view(&self) -> Result<Value, String> {
        self.daemon.as_ref().ok_or("no daemon runs")?.view()
    }

    /// What the daemon serves at a path.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        self.daemon.as_ref().expect("a daemon runs").page(path).expect("an answer")
    }

    /// Waits until the daemon has read a commit.
    #[track_caller]
    pub fn has_read(&mut self, commit: &str) {
        self.until(&format!("commit {commit} is read"), |world| match world.view()? {
            view if view["revision"] == *commit => Ok(()),
            view => Err(format!("{} is", view["revision"])),
        });
    }

    /// `mainstay get units -o json`.
    pub fn units(&self) -> Result<Vec<Value>, String> {
        let output = self.mainstay(&["get", "units", "-o", "json"]);
        if !output.success() {
            return Err(output.stderr);
        }
        let units: Value = serde_json::from_str(&output.stdout).map_err(|error| error.to_string())?;
        Ok(units.as_array().cloned().unwrap_or_default())
    }

    pub fn unit(&self, id: &str) -> Result<Value, String> {
        let found = self.units()?.into_iter().find(|unit| unit["id"] == *id);
        found.ok_or_else(|| format!("there is no unit {id}"))
    }

    /// Waits until a unit is in a phase; the answer is the unit.
    #[track_caller]
    pub fn is(&mut self, id: &str, phase: &str) -> Value {
        self.until(&format!("{id} is {phase}"), |world| match world.unit(id)? {
            unit if unit["phase"] == *phase => Ok(unit),
            unit => Err(format!("{} is {}: {}", unit["id"], unit["phase"], unit["message"])),
        })
    }

    /// Waits until a unit has applied a commit and is ready.
    #[track_caller]
    pub fn has_applied(&mut self, id: &str, commit: &str) -> Value {
        self.until(&format!("{id} is ready at {commit}"), |world| match world.unit(id)? {
            unit if unit["phase"] == "Ready" && unit["revision"] == *commit => Ok(unit),
            unit => Err(format!("{}: {}", unit["phase"], unit["message"])),
        })
    }

    /// An object as the cluster has it.
    ///
    /// # Panics
    /// If kubectl fails otherwise than by not finding it.
    #[track_caller]
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let output = self.kubectl(&["get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found"]);
        let text = output.expect_success();
        (!text.trim().is_empty()).then(|| serde_json::from_str(&text).expect("kubectl prints JSON"))
    }

    /// A ConfigMap's key `value`, and the UID; both empty when there is none.
    #[track_caller]
    pub fn config_map(&self, namespace: &str, name: &str) -> (String, String) {
        let object = self.object("configmap", namespace, name).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&object["data"]["value"]), text(&object["metadata"]["uid"]))
    }

    /// Waits until a ConfigMap's key `value` is `value`; the answer is its UID.
    #[track_caller]
    pub fn config_map_is(&mut self, namespace: &str, name: &str, value: &str) -> String {
        self.until(&format!("{namespace}/{name} is {value}"), |world| {
            match world.config_map(namespace, name) {
                (found, uid) if found == value => Ok(uid),
                (found, _) => Err(format!("it is {found:?}")),
            }
        })
    }

    /// Waits until a ConfigMap does not exist.
    #[track_caller]
    pub fn config_map_is_gone(&mut self, namespace: &str, name: &str) {
        self.until(&format!("{namespace}/{name} is gone"), |world| {
            if world.object("configmap", namespace, name).is_none() {
                Ok(())
            } else {
                Err("it exists".into())
            }
        });
    }

    /// A tenant with its namespace.
    #[track_caller]
    pub fn tenant(&mut self, name: &str) {
        self.until("the cluster answers", |world| {
            let output = world.kubectl(&["get", "namespace", "default"]);
            if output.success() { Ok(()) } else { Err(output.stderr) }
        });
        self.kubectl_with(
            &["apply", "-f", "-"],
            &format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"),
        )
        .expect_success();
        self.repository.tenant(name);
    }
}

/// The objects of a unit's inventory, as `Kind/namespace/name`.
pub fn inventory(unit: &Value) -> Vec<String> {
    let text = |entry: InventoryEntry| {
        let key = entry.key;
        format!("{}/{}/{}", key.kind(), key.namespace(), key.name())
    };
    entries(unit).into_iter().map(text).collect()
}

/// A unit's inventory, from its status.
pub fn entries(unit: &Value) -> Vec<InventoryEntry> {
    let lines = unit["inventory"].as_array().into_iter().flatten();
    lines.map(|line| line.as_str().expect("a line").parse().expect("an entry")).collect()
}
