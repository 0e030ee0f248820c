//! Logical clusters by API, with an unmodified kubectl: asked for, used, kept apart, dropped, found again.

use mainstay_apiserver::{ControlPlane, Storage};
use mainstay_harness::tools_or_skip;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CLUSTERS: &str = "/apis/controlplane.mainstay.dev/v1alpha1/logicalclusters";

struct Host {
    kubectl: PathBuf,
    home: tempfile::TempDir,
    plane: ControlPlane,
    runtime: tokio::runtime::Runtime,
}

impl Host {
    fn start(test: &str) -> Option<Self> {
        let kubectl = tools_or_skip(test)?.kubectl.clone();
        let home = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let plane = runtime.block_on(open(home.path()));
        let host = Self { kubectl, home, plane, runtime };
        host.introduce();
        Some(host)
    }

    fn introduce(&self) {
        self.write("root", &self.plane.kubeconfig("root").expect("a kubeconfig"));
        self.until("root", &["get", "crd", "logicalclusters.controlplane.mainstay.dev"]);
        self.until("root", &["get", "logicalclusters"]);
    }

    fn restart(mut self) -> Self {
        self.runtime.block_on(self.plane.shutdown());
        self.plane = self.runtime.block_on(open(self.home.path()));
        self.introduce();
        self
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).expect("a file");
    }

    /// What kubectl printed, and whether it succeeded.
    fn run(&self, kubeconfig: &str, arguments: &[&str], input: &str) -> (bool, String) {
        self.write("input", input);
        let input = std::fs::File::open(self.home.path().join("input")).expect("a file");
        let output = Command::new(&self.kubectl)
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join(kubeconfig))
            .stdin(Stdio::from(input))
            .output()
            .expect("kubectl runs");
        let text = [output.stdout, output.stderr].map(|t| String::from_utf8_lossy(&t).into_owned()).concat();
        (output.status.success(), text)
    }

    #[track_caller]
    fn ok(&self, kubeconfig: &str, arguments: &[&str], input: &str) -> String {
        let (ok, text) = self.run(kubeconfig, arguments, input);
        assert!(ok, "kubectl {arguments:?}: {text}");
        text
    }

    #[track_caller]
    fn fails(&self, kubeconfig: &str, arguments: &[&str], input: &str) -> String {
        let (ok, text) = self.run(kubeconfig, arguments, input);
        assert!(!ok, "kubectl {arguments:?} succeeded: {text}");
        text
    }

    fn until(&self, kubeconfig: &str, arguments: &[&str]) {
        for _ in 0..600 {
            if self.run(kubeconfig, arguments, "").0 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("kubectl {arguments:?} never succeeds: {}", self.run(kubeconfig, arguments, "").1);
    }

    /// Asks for a cluster and waits until it is there.
    fn make(&self, name: &str) {
        self.ok("root", &["create", "-f", "-"], &asked(name));
        let ready = format!("logicalcluster/{name}");
        self.ok("root", &["wait", "--for=condition=Ready", "--timeout=60s", &ready], "");
    }

    /// Gets credentials into a file of the cluster's name.
    fn enter(&self, name: &str) {
        let path = format!("{CLUSTERS}/{name}/kubeconfig");
        let kubeconfig = self.ok("root", &["create", "--raw", &path, "-f", "-"], "{}");
        self.write(name, &kubeconfig);
    }
}

async fn open(home: &Path) -> ControlPlane {
    let builder = ControlPlane::builder().storage(Storage::Folder(home.join("data")));
    let builder = builder.listen(([127, 0, 0, 1], 0).into()).logical_clusters();
    builder.build().await.expect("a control plane")
}

fn asked(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"controlplane.mainstay.dev/v1alpha1","kind":"LogicalCluster","metadata":{{"name":"{name}"}}}}"#
    )
}

#[test]
fn a_cluster_is_made_entered_kept_apart_and_dropped() {
    let Some(host) = Host::start("logical clusters") else { return };
    host.make("blue");
    host.make("green");
    host.enter("blue");
    host.enter("green");
    host.ok("blue", &["create", "configmap", "here", "--from-literal=a=b"], "");
    assert!(host.ok("blue", &["get", "configmap", "here", "-o", "name"], "").contains("configmap/here"));
    assert!(host.fails("green", &["get", "configmap", "here"], "").contains("NotFound"));
    assert!(host.fails("root", &["get", "configmap", "here"], "").contains("NotFound"));
    let listed = host.ok("root", &["get", "logicalclusters"], "");
    assert!(listed.contains("/clusters/blue") && listed.contains("True"), "{listed}");
    // What opens one cluster opens no other.
    let blue = std::fs::read_to_string(host.home.path().join("blue")).expect("a kubeconfig");
    host.write("trespasser", &blue.replace("/clusters/blue", "/clusters/green"));
    host.fails("trespasser", &["get", "configmaps"], "");
    host.ok("root", &["delete", "logicalcluster", "blue", "--timeout=60s"], "");
    assert_eq!(host.plane.clusters(), ["green", "root"]);
    host.fails("blue", &["get", "configmaps"], "");
    // The name is free again, for a cluster that has nothing of the first.
    host.make("blue");
    host.fails("blue", &["get", "configmaps"], "");
    host.enter("blue");
    assert!(host.fails("blue", &["get", "configmap", "here"], "").contains("NotFound"));
}

#[test]
fn who_may_make_clusters_and_who_may_enter_them_is_said_by_roles_of_the_root_cluster() {
    let Some(host) = Host::start("authority over logical clusters") else { return };
    host.make("blue");
    let (asked, path) = (asked("red"), format!("{CLUSTERS}/blue/kubeconfig"));
    let refused = host.fails("root", &["create", "--as=jane", "-f", "-"], &asked);
    assert!(refused.contains("cannot create resource \"logicalclusters\""), "{refused}");
    let (resource, name) = ("logicalclusters.controlplane.mainstay.dev", "--user=jane");
    host.ok("root", &["create", "clusterrole", "maker", "--verb=create,get", "--resource", resource], "");
    host.ok("root", &["create", "clusterrolebinding", "maker", "--clusterrole=maker", name], "");
    host.ok("root", &["create", "--as=jane", "-f", "-"], &asked);
    let enter = ["create", "--as=jane", "--raw", &path, "-f", "-"];
    let refused = host.fails("root", &enter, "{}");
    assert!(refused.contains("logicalclusters/kubeconfig"), "{refused}");
    let role = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"enterer"},"rules":[{"apiGroups":["controlplane.mainstay.dev"],"resources":["logicalclusters/kubeconfig"],"resourceNames":["blue"],"verbs":["create"]}]}"#;
    host.ok("root", &["create", "-f", "-"], role);
    host.ok("root", &["create", "clusterrolebinding", "enterer", "--clusterrole=enterer", name], "");
    // Whom the certificate speaks for is a user of that cluster, who may do there what its roles say.
    let someone = r#"{"spec":{"user":"joe","groups":["guests"]}}"#;
    let kubeconfig = host.ok("root", &enter, someone);
    host.write("joe", &kubeconfig);
    let refused = host.fails("joe", &["get", "configmaps"], "");
    assert!(refused.contains("User \"joe\" cannot list resource"), "{refused}");
    for (body, why) in [
        ("[]", "no object"),
        (r#"{"kind":"Pod"}"#, "kind is not known"),
        (r#"{"spec":{"groups":["system:masters"]}}"#, "need a spec.user"),
        (r#"{"spec":{"user":1}}"#, "spec.user"),
        (r#"{"spec":{"seconds":1}}"#, "spec.seconds"),
    ] {
        let refused = host.fails("root", &enter, body);
        assert!(refused.contains(why), "{body}: {refused}");
    }
    let path = format!("{CLUSTERS}/nowhere/kubeconfig");
    let refused = host.fails("root", &["create", "--raw", &path, "-f", "-"], "{}");
    assert!(refused.contains("not found"), "{refused}");
}

#[test]
fn clusters_are_found_again_after_a_restart() {
    let Some(host) = Host::start("restarted logical clusters") else { return };
    host.make("blue");
    host.enter("blue");
    host.ok("blue", &["create", "configmap", "here", "--from-literal=a=b"], "");
    let host = host.restart();
    let url = host.plane.url("blue").expect("a URL");
    let told = format!("--for=jsonpath={{.status.url}}={url}");
    host.ok("root", &["wait", &told, "--timeout=60s", "logicalcluster/blue"], "");
    host.enter("blue");
    host.ok("blue", &["get", "configmap", "here"], "");
    host.ok("root", &["delete", "logicalcluster", "blue", "--timeout=60s"], "");
    let host = host.restart();
    assert_eq!(host.plane.clusters(), ["root"]);
}

#[test]
fn only_names_that_are_free_and_fit_are_taken() {
    let Some(host) = Host::start("names of logical clusters") else { return };
    let refused = host.fails("root", &["create", "-f", "-"], &asked("root"));
    assert!(refused.contains("always there"), "{refused}");
    let refused = host.fails("root", &["create", "-f", "-"], &asked("a.b"));
    assert!(refused.contains("RFC 1123 label"), "{refused}");
    host.runtime.block_on(host.plane.create_cluster("taken")).expect("a cluster");
    host.ok("root", &["create", "-f", "-"], &asked("taken"));
    let taken = r#"--for=jsonpath={.status.conditions[0].reason}=NameTaken"#;
    host.ok("root", &["wait", taken, "--timeout=60s", "logicalcluster/taken"], "");
    let path = format!("{CLUSTERS}/taken/kubeconfig");
    host.fails("root", &["create", "--raw", &path, "-f", "-"], "{}");
    host.ok("root", &["delete", "logicalcluster", "taken", "--timeout=60s"], "");
    assert_eq!(host.plane.clusters(), ["root", "taken"]);
}
