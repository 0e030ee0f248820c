//! The servers, each in a process of its own, so that what one uses is not the other's.

use super::client::{Client, Method};
use super::inside::Inside;
use crate::bench::tools::{Tools, own};
use crate::exit::Failure;
use bytes::Bytes;
use serde::Serialize;
use std::fmt;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::bench) enum Which {
    Memory,
    Folder,
    Real,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "embedded, in memory",
            Self::Folder => "embedded, in a folder",
            Self::Real => "kube-apiserver and etcd",
        })
    }
}

/// A server that answers. Dropping it kills its processes.
pub(in crate::bench) struct Server {
    pub(super) which: Which,
    pub(super) client: Client,
    kubeconfig: PathBuf,
    processes: Vec<Child>,
}

const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
/// The real server's administrator; both live only as long as the bench.
const TOKEN: &str = "bench-administrator";

impl Server {
    /// `mainstay control-plane`, without the simulation, which would write on its own.
    pub(in crate::bench) async fn embedded(which: Which, folder: &Path) -> Result<Self, Failure> {
        let name = if which == Which::Folder { "folder" } else { "memory" };
        let kubeconfig = folder.join(format!("{name}.kubeconfig"));
        let mut command = Command::new(own()?);
        command.args(["control-plane", "--no-simulation", "--kubeconfig"]).arg(&kubeconfig);
        if which == Which::Folder {
            command.arg("--data-dir").arg(folder.join(name));
        }
        let mut process = start(&mut command, &folder.join(format!("{name}.log")))?;
        wait("the embedded control plane", &mut process, || kubeconfig.is_file()).await?;
        let client = Client::from_file(&kubeconfig).await?;
        Ok(Self { which, client, kubeconfig, processes: vec![process] })
    }

    /// One etcd, one kube-apiserver, neither of them logging requests. Admission is the default but for service
    /// accounts, which nobody makes here.
    pub(in crate::bench) async fn real(
        tools: &Tools,
        folder: &Path,
        without_fsync: bool,
    ) -> Result<Self, Failure> {
        let at = |name: &str| folder.join(name).display().to_string();
        let (etcd_port, port) = (free_port()?, free_port()?);
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        write(&folder.join("tokens.csv"), &format!("{TOKEN},admin,admin,system:masters\n"))?;
        let mut etcd = Command::new(&tools.etcd);
        etcd.arg(format!("--data-dir={}", at("etcd")))
            .arg(format!("--listen-client-urls={etcd_url}"))
            .arg(format!("--advertise-client-urls={etcd_url}"))
            .arg("--listen-peer-urls=http://127.0.0.1:0")
            .arg("--quota-backend-bytes=8589934592")
            .arg("--log-level=error");
        if without_fsync {
            etcd.arg("--unsafe-no-fsync=true");
        }
        let etcd = start(&mut etcd, &folder.join("etcd.log"))?;
        let key = at("certificates/apiserver.key");
        let mut apiserver = Command::new(&tools.apiserver);
        apiserver
            .arg(format!("--etcd-servers={etcd_url}"))
            .arg(format!("--secure-port={port}"))
            .arg("--bind-address=127.0.0.1")
            .arg("--advertise-address=127.0.0.1")
            .arg(format!("--cert-dir={}", at("certificates")))
            .arg(format!("--service-account-key-file={key}"))
            .arg(format!("--service-account-signing-key-file={key}"))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg("--service-cluster-ip-range=10.0.0.0/16")
            .arg("--authorization-mode=RBAC")
            .arg(format!("--token-auth-file={}", at("tokens.csv")))
            .arg("--disable-admission-plugins=ServiceAccount")
            .arg("--endpoint-reconciler-type=none")
            .arg("--profiling=false");
        let mut apiserver = start(&mut apiserver, &folder.join("kube-apiserver.log"))?;
        let certificates = folder.join("certificates/apiserver.crt");
        wait("kube-apiserver", &mut apiserver, || certificates.is_file()).await?;
        let chain =
            std::fs::read_to_string(&certificates).map_err(|e| Failure::environment(e.to_string()))?;
        // The server writes its own certificate first and the authority's last.
        let authority = &chain[chain.rfind("-----BEGIN CERTIFICATE-----").unwrap_or(0)..];
        let kubeconfig = folder.join("real.kubeconfig");
        write(&kubeconfig, &kubeconfig_of(port, authority))?;
        let client = Client::from_file(&kubeconfig).await?;
        let begun = Instant::now();
        while !matches!(client.ask(Method::Get, "/readyz", Bytes::new()).await, Ok((200, _))) {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::environment("kube-apiserver does not become ready"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Self { which: Which::Real, client, kubeconfig, processes: vec![etcd, apiserver] })
    }

    /// Where its administrator's kubeconfig is.
    pub(in crate::bench) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The real controller manager beside it, with limits that leave the pace to the API server.
    pub(in crate::bench) fn controllers(&mut self, tools: &Tools, folder: &Path) -> Result<(), Failure> {
        let Some(program) = &tools.controllers else {
            return Err(Failure::environment("there is no kube-controller-manager"));
        };
        let mut command = Command::new(program);
        command
            .arg(format!("--kubeconfig={}", self.kubeconfig.display()))
            .arg("--leader-elect=false")
            .arg("--secure-port=0")
            .arg("--kube-api-qps=5000")
            .arg("--kube-api-burst=5000")
            .arg("--concurrent-deployment-syncs=20")
            .arg("--concurrent-replicaset-syncs=20");
        self.processes.push(start(&mut command, &folder.join("kube-controller-manager.log"))?);
        Ok(())
    }

    /// The most that its processes held in memory so far, together; `None` where the system does not tell.
    pub(super) fn peak_memory(&self) -> Option<f64> {
        self.processes.iter().map(|p| memory(p.id()?, "VmHWM:")).sum()
    }
}

/// Bytes, from `/proc/<pid>/status`.
pub(in crate::bench) fn memory(pid: u32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(field))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// What is measured without a wire, in a process of its own as well.
pub(super) async fn inside(folder: &Path, clusters: u32) -> Result<Inside, Failure> {
    let output = Command::new(own()?)
        .args(["bench", "apiserver", "--clusters", &clusters.to_string(), "--inside"])
        .arg(folder.join("inside"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| Failure::environment(format!("a process can't be started: {e}")))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| Failure::internal(format!("the measuring process ended with {}", output.status)))
}

pub(in crate::bench) fn start(command: &mut Command, log: &Path) -> Result<Child, Failure> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let failed = |e: std::io::Error| Failure::environment(format!("{program} can't be started: {e}"));
    let output = File::create(log).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors).kill_on_drop(true).spawn().map_err(failed)
}

async fn wait(name: &str, process: &mut Child, done: impl Fn() -> bool) -> Result<(), Failure> {
    let begun = Instant::now();
    while !done() {
        if let Ok(Some(status)) = process.try_wait() {
            return Err(Failure::environment(format!("{name} ended: {status}")));
        }
        if begun.elapsed() > PATIENCE {
            return Err(Failure::environment(format!("{name} does not start")));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|e| Failure::environment(format!("{}: {e}", path.display())))
}

pub(in crate::bench) fn free_port() -> Result<u16, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|l| l.local_addr())
        .map(|a| a.port())
        .map_err(|e| Failure::environment(format!("no free port: {e}")))
}

fn kubeconfig_of(port: u16, authority: &str) -> String {
    let authority = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, authority);
    serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "real",
        "clusters": [{ "name": "real", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": authority,
        }}],
        "users": [{ "name": "admin", "user": { "token": TOKEN } }],
        "contexts": [{ "name": "real", "context": { "cluster": "real", "user": "admin" } }],
    })
    .to_string()
}
