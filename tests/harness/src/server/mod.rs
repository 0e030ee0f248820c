//! A real etcd and kube-apiserver, with kube-controller-manager when asked.
//!
//! RBAC is on and every request is in the audit log. The ServiceAccount admission plugin is off, so that Pods
//! can be made where no controller makes service accounts. There is no kubelet and no scheduler: Pods stay
//! Pending unless `simulate_pods` is asked for.

mod arguments;
mod pods;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::audit::{AuditEntry, AuditLog, AuditMark, POLICY, SETTLE};
use crate::kubeconfig::{ADMIN, CONTROLLERS, Identity, NODES, User, kubeconfig, token_file};
use crate::process::{Guarded, Output, StartError, SweptFolder};
use crate::tools::{Tools, tools};
use pods::PodSimulation;

/// A control plane of its own in a temporary folder. Dropping it stops everything and removes the folder.
#[derive(Debug)]
pub struct RealServer {
    tools: &'static Tools,
    url: String,
    ca_pem: String,
    audit: AuditLog,
    /// Up to where the log was read when it was last waited for.
    settled: Mutex<AuditMark>,
    /// Tells apart namespaces, kubeconfigs and settling requests.
    count: AtomicU64,
    // In the order in which they have to stop.
    pods: Mutex<Option<PodSimulation>>,
    controllers: Mutex<Option<Guarded>>,
    apiserver: Mutex<Guarded>,
    _etcd: Guarded,
    folder: SweptFolder,
}

const READY_WITHIN: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

impl RealServer {
    /// The one server of this test binary.
    ///
    /// # Panics
    /// If it does not start.
    pub fn shared() -> &'static RealServer {
        static SHARED: OnceLock<RealServer> = OnceLock::new();
        SHARED.get_or_init(|| match Self::start() {
            Ok(server) => server,
            Err(error) => panic!("{error}"),
        })
    }

    /// Starts etcd and kube-apiserver and waits until they are ready.
    pub fn start() -> Result<Self, StartError> {
        let tools = tools().ok_or_else(|| error("no real tools: run `cargo xtask real`"))?;
        // A free port may be taken by someone else before the server binds it.
        const ATTEMPTS: usize = 3;
        let mut attempt = Self::start_on_free_ports(tools);
        for _ in 1..ATTEMPTS {
            match attempt {
                Err(ref lost) if lost.log.contains("address already in use") => {
                    attempt = Self::start_on_free_ports(tools);
                }
                Ok(_) | Err(_) => break,
            }
        }
        attempt
    }

    /// As `start`, with kube-controller-manager.
    pub fn with_controllers() -> Result<Self, StartError> {
        let server = Self::start()?;
        server.start_controllers()?;
        Ok(server)
    }

    fn start_on_free_ports(tools: &'static Tools) -> Result<Self, StartError> {
        let prepare = || -> std::io::Result<(SweptFolder, u16, u16)> {
            let folder = SweptFolder::create("mainstay-real-")?;
            fs::create_dir(folder.path.join("home"))?;
            fs::write(folder.path.join(arguments::TOKENS), token_file())?;
            fs::write(folder.path.join(arguments::AUDIT_POLICY), POLICY)?;
            Ok((folder, free_port()?, free_port()?))
        };
        let (folder, etcd_port, port) =
            prepare().map_err(|failed| error(format!("cannot prepare a server: {failed}")))?;
        let at = folder.path.as_path();
        let audit = AuditLog::at(at);
        let etcd = arguments::etcd(at, etcd_port);
        let etcd = Guarded::spawn("etcd", &tools.etcd, &etcd, &at.join("etcd.log"))?;
        let apiserver = arguments::apiserver(at, etcd_port, port, audit.path());
        let log = at.join("kube-apiserver.log");
        let apiserver = Guarded::spawn("kube-apiserver", &tools.kube_apiserver, &apiserver, &log)?;
        let mut server = Self {
            tools,
            url: format!("https://127.0.0.1:{port}"),
            ca_pem: String::new(),
            audit,
            settled: Mutex::new(AuditMark(0)),
            count: AtomicU64::new(0),
            pods: Mutex::new(None),
            controllers: Mutex::new(None),
            apiserver: Mutex::new(apiserver),
            _etcd: etcd,
            folder,
        };
        match server.wait_until_ready(port) {
            Ok(()) => Ok(server),
            // It may be etcd that lost its port.
            Err(StartError { what, log }) => {
                let etcd = fs::read(server.folder.path.join("etcd.log")).unwrap_or_default();
                let end = String::from_utf8_lossy(&etcd[etcd.len().saturating_sub(ETCD_LOG)..]).into_owned();
                Err(StartError { what, log: format!("{log}\netcd:\n{end}") })
            }
        }
    }

    fn wait_until_ready(&mut self, port: u16) -> Result<(), StartError> {
        let started = Instant::now();
        let certificates = self.folder.path.join(arguments::CERTIFICATE);
        let address = (Ipv4Addr::LOCALHOST, port).into();
        wait(&self.apiserver, started, "listens on its port", || {
            TcpStream::connect_timeout(&address, PAUSE).is_ok() && certificates.is_file()
        })?;
        self.ca_pem = fs::read_to_string(&certificates)
            .map(|chain| last_certificate(&chain))
            .map_err(|failed| error(format!("cannot read the server's certificate: {failed}")))?;
        let written = fs::write(self.folder.path.join(arguments::AUTHORITY), &self.ca_pem)
            .and_then(|()| self.write_kubeconfig("kubeconfig", &Identity::Token(ADMIN.token())))
            .and_then(|_| self.write_kubeconfig("controllers", &Identity::Token(CONTROLLERS.token())))
            .and_then(|_| self.write_kubeconfig("nodes", &Identity::Token(NODES.token())));
        written.map_err(|failed| error(format!("cannot write a kubeconfig: {failed}")))?;
        wait(&self.apiserver, started, "is ready", || self.kubectl(&["get", "--raw", "/readyz"]).success())
    }

    /// `https://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The authority that signed the server's certificate.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The admin's bearer token.
    pub fn token(&self) -> String {
        ADMIN.token()
    }

    /// The admin's kubeconfig, with inline data only.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.folder.path.join("kubeconfig")
    }

    /// Log files, kubeconfigs and data of this server.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// A kubeconfig that acts as `user` in `groups` (and `system:authenticated`).
    ///
    /// It holds a token of its own for `nobody`, `alice` and `bob` in no group, and for `alice` in `tenant-a`
    /// and `bob` in `tenant-b`; for others it impersonates.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> PathBuf {
        let identity = match User::find(user, groups) {
            Some(known) => Identity::Token(known.token()),
            None => Identity::Impersonated { user, groups },
        };
        self.write_kubeconfig(&format!("kubeconfig-{}", self.next()), &identity)
            .expect("the server's folder can be written")
    }

    /// A kubeconfig with a fresh token of a service account, which must exist.
    ///
    /// # Panics
    /// If there is no such service account.
    pub fn kubeconfig_for_service_account(&self, namespace: &str, name: &str) -> PathBuf {
        let token = self.kubectl(&["create", "token", name, "-n", namespace]).expect_success();
        let identity = Identity::Token(token.trim().to_owned());
        self.write_kubeconfig(&format!("kubeconfig-{}", self.next()), &identity)
            .expect("the server's folder can be written")
    }

    fn write_kubeconfig(&self, file: &str, identity: &Identity<'_>) -> std::io::Result<PathBuf> {
        let path = self.folder.path.join(file);
        fs::write(&path, format!("{:#}\n", kubeconfig(&self.url, &self.ca_pem, identity)))?;
        Ok(path)
    }

    /// Runs kubectl as the admin.
    ///
    /// # Panics
    /// If it can't be run; its failure is in the output.
    pub fn kubectl(&self, arguments: &[&str]) -> Output {
        self.kubectl_with(arguments, "")
    }

    /// As `kubectl`, with `input` for `-f -`.
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(&self.tools.kubectl);
        Output::of(command.args(arguments), input).expect("kubectl can be run")
    }

    /// `program` with this server's kubeconfig, and a home folder of its own.
    pub fn command(&self, program: &Path) -> Command {
        command(program, &self.folder.path, "kubeconfig")
    }

    /// A new namespace `<prefix>-<number>`, used by no other test.
    ///
    /// # Panics
    /// If it can't be created.
    pub fn fresh_namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.next());
        self.kubectl(&["create", "namespace", &name]).expect_success();
        name
    }

    /// All requests since the server started.
    pub fn audit(&self) -> Vec<AuditEntry> {
        self.audit_since(AuditMark(0))
    }

    /// Marks the present; everything that was answered before is before the mark.
    pub fn audit_mark(&self) -> AuditMark {
        self.settle()
    }

    /// The requests since `mark`, those of other tests and of the server itself included.
    pub fn audit_since(&self, mark: AuditMark) -> Vec<AuditEntry> {
        self.settle();
        self.audit.since(mark)
    }

    /// A request is logged just after it is answered: waits until the log holds one that is sent now.
    fn settle(&self) -> AuditMark {
        let mut seen = lock(&self.settled);
        let uri = format!("{SETTLE}{}", self.next());
        self.kubectl(&["get", "--raw", &uri]).expect_success();
        let started = Instant::now();
        while !self.audit.mentions(&format!("\"{uri}\""), *seen) {
            assert!(started.elapsed() < READY_WITHIN, "the audit log does not advance");
            thread::sleep(Duration::from_millis(5));
        }
        *seen = self.audit.end(*seen);
        *seen
    }

    /// Starts kube-controller-manager, unless it runs, and waits until it has done its first work.
    pub fn start_controllers(&self) -> Result<(), StartError> {
        self.start_only_controllers(arguments::CONTROLLERS)
    }

    /// As `start_controllers`, with the controllers of these names alone; `serviceaccount-controller` must be one.
    pub fn start_only_controllers(&self, names: &[&str]) -> Result<(), StartError> {
        let mut controllers = lock(&self.controllers);
        if controllers.as_mut().is_some_and(|running| running.ended().is_none()) {
            return Ok(());
        }
        let program = self.tools.kube_controller_manager.as_ref();
        let program = program.ok_or_else(|| error("no kube-controller-manager: run `cargo xtask real`"))?;
        let at = self.folder.path.as_path();
        let log = at.join("kube-controller-manager.log");
        let arguments = arguments::controllers(at, names);
        let running = Mutex::new(Guarded::spawn("kube-controller-manager", program, &arguments, &log)?);
        wait(&running, Instant::now(), "makes service accounts", || {
            self.kubectl(&["get", "serviceaccount", "default", "-n", "default"]).success()
        })?;
        *controllers = Some(running.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Kills kube-controller-manager, if it runs.
    pub fn stop_controllers(&self) {
        lock(&self.controllers).take();
    }

    /// From now on Pods become ready, those of Jobs succeed: see `system:simulated-nodes` in the audit log.
    /// Together with the controllers that makes Deployments, StatefulSets and Jobs healthy.
    pub fn simulate_pods(&self) -> Result<(), StartError> {
        let mut pods = lock(&self.pods);
        if !pods.as_mut().is_some_and(PodSimulation::runs) {
            let (kubectl, at) = (self.tools.kubectl.clone(), self.folder.path.clone());
            *pods = Some(PodSimulation::start(move || command(&kubectl, &at, "nodes"))?);
        }
        Ok(())
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
}

/// `program` with a kubeconfig and a home in the server's folder, and nothing of the user's.
fn command(program: &Path, at: &Path, kubeconfig: &str) -> Command {
    let mut command = Command::new(program);
    command.env("KUBECONFIG", at.join(kubeconfig)).env("HOME", at.join("home"));
    for foreign in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "KUBECACHEDIR", "KUBERC"] {
        command.env_remove(foreign);
    }
    command
}

/// Waits until `done`; fails when `process` ends or time is up.
fn wait(
    process: &Mutex<Guarded>,
    started: Instant,
    what: &str,
    mut done: impl FnMut() -> bool,
) -> Result<(), StartError> {
    loop {
        if done() {
            return Ok(());
        }
        let mut process = lock(process);
        if let Some(status) = process.ended() {
            return Err(process.failure(format!("ended ({status}) before it {what}")));
        }
        if started.elapsed() > READY_WITHIN {
            return Err(process.failure(format!("not within {} s: {what}", READY_WITHIN.as_secs())));
        }
        drop(process);
        thread::sleep(PAUSE);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error(what: impl Into<String>) -> StartError {
    StartError { what: what.into(), log: String::new() }
}

/// Bytes of its log's end.
const ETCD_LOG: usize = 8 << 10;

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The server writes its own certificate first and the authority's last.
fn last_certificate(chain: &str) -> String {
    let start = chain.rfind("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    chain[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_is_the_last_certificate_of_the_chain() {
        let chain = "-----BEGIN CERTIFICATE-----\nserver\n-----END CERTIFICATE-----\n\
                     -----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n";
        assert!(last_certificate(chain).starts_with("-----BEGIN CERTIFICATE-----\nauthority"));
    }
}
