use mainstay_apiserver::ControlPlane;
use mainstay_harness::{real_or_skip, tools};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// A namespace of one's own on one of the two servers, and a folder from which commands reach it.
pub(crate) struct Twin {
    pub(crate) home: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) namespace: String,
}

pub(crate) struct Both {
    pub(crate) real: Twin,
    pub(crate) embedded: Twin,
    /// Keeps the embedded server running while a command is waited for.
    _runtime: tokio::runtime::Runtime,
    plane: ControlPlane,
    /// Some scripts look at all of the cluster.
    _alone: MutexGuard<'static, ()>,
}

impl Drop for Both {
    fn drop(&mut self) {
        self._runtime.block_on(self.plane.shutdown());
    }
}

/// What the embedded server does by itself.
const CONTROLLERS: [&str; 5] = [
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
];

/// Both servers, with an equally named namespace on each.
pub(crate) fn both(test: &str) -> Option<Both> {
    static ALONE: Mutex<()> = Mutex::new(());
    static CONTROLLED: OnceLock<()> = OnceLock::new();
    let server = real_or_skip(test)?;
    CONTROLLED.get_or_init(|| {
        server.start_only_controllers(&CONTROLLERS).unwrap_or_else(|error| panic!("{error}"));
    });
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let kubeconfig = std::fs::read_to_string(server.kubeconfig_path()).expect("the real server's kubeconfig");
    let namespace = format!("twin-{test}");
    let real = Twin::new(kubeconfig, server.url().to_owned(), &namespace);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let plane = runtime
        .block_on(ControlPlane::builder().listen(([127, 0, 0, 1], 0).into()).build())
        .expect("a control plane");
    let kubeconfig = plane.kubeconfig("root").expect("a kubeconfig");
    let embedded = Twin::new(kubeconfig, plane.url("root").expect("a URL"), &namespace);
    real.prepare();
    embedded.prepare();
    Some(Both { real, embedded, _runtime: runtime, plane, _alone: alone })
}

impl Twin {
    fn new(kubeconfig: String, url: String, namespace: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("config"), kubeconfig).expect("a file");
        Self { home, url, namespace: namespace.to_owned() }
    }

    /// The namespace, as every namespace is once its controllers have seen it.
    fn prepare(&self) {
        let ns = &self.namespace;
        let commands = [
            format!("kubectl create namespace {ns}"),
            format!("kubectl config set-context --current --namespace={ns}"),
        ];
        for command in commands {
            let output = self.shell(&command);
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let started = Instant::now();
        while !self.shell("kubectl get serviceaccount/default configmap/kube-root-ca.crt").status.success() {
            assert!(started.elapsed() < Duration::from_secs(60), "{ns} stays without a service account");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs a line of shell, with the real tools before everything else.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let folder = tools().and_then(|t| t.kubectl.parent().map(PathBuf::from)).expect("real tools");
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("config"))
            .env("NS", &self.namespace)
            .env("SERVER", &self.url)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .output()
            .expect("a shell runs")
    }
}
