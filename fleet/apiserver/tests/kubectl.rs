//! kubectl, unmodified, over TLS.

use mainstay_apiserver::ControlPlane;
use mainstay_harness::tools_or_skip;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A control plane of one's own and a kubectl that talks to it.
struct Bench {
    kubectl: PathBuf,
    home: tempfile::TempDir,
    plane: ControlPlane,
    /// Keeps the server running while the test waits for kubectl.
    runtime: tokio::runtime::Runtime,
}

struct Ran {
    arguments: String,
    ok: bool,
    out: String,
    err: String,
}

impl Ran {
    fn expect(self) -> String {
        assert!(self.ok, "kubectl {} failed\n{}\n{}", self.arguments, self.out, self.err);
        self.out
    }

    fn expect_failure(self) -> String {
        assert!(!self.ok, "kubectl {} succeeded\n{}", self.arguments, self.out);
        self.err
    }
}

impl Bench {
    fn start(test: &str) -> Option<Self> {
        let kubectl = tools_or_skip(test)?.kubectl.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let address = ([127, 0, 0, 1], 0).into();
        let plane = runtime
            .block_on(async {
                let plane = ControlPlane::builder().listen(address).build().await?;
                plane.create_cluster("blue").await?;
                Ok::<_, mainstay_apiserver::Error>(plane)
            })
            .expect("a control plane");
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("config"), plane.kubeconfig("blue").expect("a kubeconfig"))
            .expect("a file");
        Some(Self { kubectl, home, plane, runtime })
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .args(arguments.split_whitespace())
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("config"))
            .current_dir(self.home.path());
        command
    }

    fn run(&self, arguments: &str) -> Ran {
        let output = self.command(arguments).output().expect("kubectl runs");
        Ran {
            arguments: arguments.to_owned(),
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn ok(&self, arguments: &str) -> String {
        self.run(arguments).expect()
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{arguments} -o json"))).expect("JSON")
    }

    fn file(&self, name: &str, content: &str) {
        std::fs::write(self.home.path().join(name), content).expect("a file");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.runtime.block_on(self.plane.shutdown());
    }
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example.com/web:1
        ports: [{containerPort: 80}]
";

const MAP: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
";

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.harbour.example.com}
spec:
  group: harbour.example.com
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Sails, type: integer, jsonPath: .spec.sails}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {sails: {type: integer, minimum: 0, description: How many sails}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

#[test]
fn kubectl_creates_gets_describes_and_deletes() {
    let Some(b) = Bench::start("kubectl_creates_gets_describes_and_deletes") else { return };
    b.file("web.yaml", WEB);
    assert_eq!(b.ok("create -f web.yaml"), "deployment.apps/web created\n");
    let table = b.ok("get deployments");
    let lines: Vec<_> = table.lines().map(|l| l.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]);
    assert_eq!(lines[1][..4], ["web", "0/2", "0", "0"]);
    assert!(b.ok("get deploy web -o wide").contains("example.com/web:1"));
    assert_eq!(b.ok("get deploy -o name"), "deployment.apps/web\n");
    assert!(b.ok("get deploy web -o yaml").contains("progressDeadlineSeconds: 600"), "defaults are set");
    let described = b.ok("describe deployment web");
    assert!(described.contains("RollingUpdateStrategy:  25% max unavailable, 25% max surge"), "{described}");
    let missing = b.run("get deployment other").expect_failure();
    assert_eq!(missing, "Error from server (NotFound): deployments.apps \"other\" not found\n");
    let namespaces = b.ok("get namespaces -o name");
    assert!(namespaces.contains("namespace/default") && namespaces.contains("namespace/kube-system"));
    assert!(b.ok("delete deployment web").starts_with("deployment.apps \"web\" deleted"));
    assert!(!b.run("get deployment web").ok);
}

#[test]
fn kubectl_applies_on_the_client_and_on_the_server() {
    let Some(b) = Bench::start("kubectl_applies_on_the_client_and_on_the_server") else { return };
    b.file("map.yaml", MAP);
    assert_eq!(b.ok("apply -f map.yaml"), "configmap/settings created\n");
    assert_eq!(b.ok("apply -f map.yaml"), "configmap/settings unchanged\n");
    b.file("map.yaml", &MAP.replace("blue", "green"));
    assert_eq!(b.ok("apply -f map.yaml"), "configmap/settings configured\n");
    assert_eq!(b.json("get configmap settings")["data"]["colour"], "green");

    b.file("web.yaml", WEB);
    assert_eq!(b.ok("apply --server-side -f web.yaml"), "deployment.apps/web serverside-applied\n");
    b.ok("scale deployment web --replicas=5");
    let conflict = b.run("apply --server-side --field-manager=other -f web.yaml").expect_failure();
    assert!(conflict.contains("conflict") && conflict.contains(".spec.replicas"), "{conflict}");
    b.ok("apply --server-side --force-conflicts --field-manager=other -f web.yaml");
    assert_eq!(b.json("get deployment web")["spec"]["replicas"], 2);
    b.file("wrong.yaml", &WEB.replace("replicas:", "replica:"));
    let strict = b.run("apply -f wrong.yaml").expect_failure();
    assert!(strict.contains("unknown field \"spec.replica\""), "{strict}");
    let preview = b.ok("apply --server-side --dry-run=server -f web.yaml --field-manager=other");
    assert_eq!(preview, "deployment.apps/web serverside-applied (server dry run)\n");
}

#[test]
fn kubectl_changes_labels_annotations_replicas_and_fields() {
    let Some(b) = Bench::start("kubectl_changes_labels_annotations_replicas_and_fields") else { return };
    b.file("web.yaml", WEB);
    b.ok("create -f web.yaml");
    b.ok("label deployment web tier=front");
    assert_eq!(b.ok("get deployments -l tier=front -o name"), "deployment.apps/web\n");
    assert_eq!(b.ok("get deployments -l tier!=front -o name"), "");
    b.ok("annotate deployment web note=hello");
    b.ok("scale deployment web --replicas=3");
    b.ok(r#"patch deployment web --type=merge -p {"spec":{"paused":true}}"#);
    b.ok(r#"patch deployment web --type=json -p [{"op":"remove","path":"/spec/paused"}]"#);
    b.ok(r#"patch deployment web -p {"spec":{"template":{"spec":{"containers":[{"name":"web","image":"example.com/web:2"}]}}}}"#);
    b.ok("set image deployment/web web=example.com/web:3");
    let web = b.json("get deployment web");
    assert_eq!(web["metadata"]["annotations"]["note"], "hello");
    assert_eq!(web["spec"]["replicas"], 3);
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], "example.com/web:3");
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"], 80);
    b.ok("label deployment web tier-");
    assert_eq!(b.ok("get deployments -l tier -o name"), "");
}

#[test]
fn kubectl_waits_and_watches() {
    let Some(b) = Bench::start("kubectl_waits_and_watches") else { return };
    b.file("web.yaml", WEB);
    b.ok("create -f web.yaml");
    let mut watch = b.command("get deployments --watch-only -o name --request-timeout=20s");
    let mut watch = watch.stdout(Stdio::piped()).spawn().expect("kubectl runs");
    let wait = b
        .command("wait deployment/web --for=condition=Available --timeout=20s")
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl runs");
    std::thread::sleep(std::time::Duration::from_millis(500));
    b.ok(r#"patch deployment web --subresource=status --type=merge -p {"status":{"conditions":[{"type":"Available","status":"True"}]}}"#);
    let waited = wait.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&waited.stdout), "deployment.apps/web condition met\n");
    let wait = b.command("wait deployment/web --for=delete --timeout=20s").spawn().expect("kubectl runs");
    b.ok("delete deployment web");
    assert!(wait.wait_with_output().expect("it ends").status.success());
    let mut line = String::new();
    let mut seen = std::io::BufReader::new(watch.stdout.take().expect("its output"));
    std::io::BufRead::read_line(&mut seen, &mut line).expect("a line");
    assert_eq!(line, "deployment.apps/web\n");
    watch.kill().expect("killed");
    watch.wait().expect("ended");
}

#[test]
fn kubectl_finds_its_way() {
    let Some(b) = Bench::start("kubectl_finds_its_way") else { return };
    let resources = b.ok("api-resources");
    for words in ["deployments deploy apps/v1 true Deployment", "namespaces ns v1 false Namespace"] {
        let found = resources.lines().any(|l| l.split_whitespace().collect::<Vec<_>>().join(" ") == words);
        assert!(found, "{words} is not in\n{resources}");
    }
    assert!(b.ok("api-versions").lines().any(|l| l == "apps/v1"));
    let explained = b.ok("explain deployment.spec.replicas");
    assert!(explained.contains("FIELD: replicas <integer>"), "{explained}");
    assert!(b.ok("version").contains("Server Version: v1."));
    assert!(b.ok("cluster-info").contains("control plane"));
    assert_eq!(b.ok("get --raw /readyz"), "ok");
}

#[test]
fn kubectl_knows_custom_resources() {
    let Some(b) = Bench::start("kubectl_knows_custom_resources") else { return };
    b.file("crd.yaml", CRD);
    b.ok("apply -f crd.yaml");
    b.ok("wait crd/boats.harbour.example.com --for=condition=Established --timeout=10s");
    b.file(
        "boat.yaml",
        "{apiVersion: harbour.example.com/v1, kind: Boat, metadata: {name: ann}, spec: {sails: 3}}",
    );
    assert_eq!(b.ok("apply -f boat.yaml"), "boat.harbour.example.com/ann created\n");
    let table = b.ok("get bt");
    let lines: Vec<_> = table.lines().map(|l| l.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!((lines[0][..2].to_vec(), lines[1][..2].to_vec()), (vec!["NAME", "SAILS"], vec!["ann", "3"]));
    assert!(b.ok("explain boat.spec.sails").contains("How many sails"));
    assert!(b.ok("describe boat ann").contains("Sails:  3"));
    b.file(
        "boat.yaml",
        "{apiVersion: harbour.example.com/v1, kind: Boat, metadata: {name: ann}, spec: {sails: -1}}",
    );
    let refused = b.run("apply -f boat.yaml").expect_failure();
    assert!(refused.contains("spec.sails: Invalid value: -1"), "{refused}");
    b.ok("delete crd boats.harbour.example.com");
    assert!(!b.run("get boats").ok);
}

#[test]
fn kubectl_asks_what_it_may_and_makes_tokens() {
    let Some(b) = Bench::start("kubectl_asks_what_it_may_and_makes_tokens") else { return };
    assert_eq!(b.ok("auth can-i create deployments"), "yes\n");
    let asked = b.run("auth can-i create deployments --as=jane");
    assert_eq!((asked.ok, asked.out.as_str()), (false, "no\n"));
    assert!(b.ok("auth whoami").contains("admin"));
    b.ok("create serviceaccount robot");
    b.ok("create role reader --verb=get,list --resource=configmaps");
    b.ok("create rolebinding robot --role=reader --serviceaccount=default:robot");
    assert_eq!(b.ok("auth can-i get configmaps --as=system:serviceaccount:default:robot"), "yes\n");

    let token = b.ok("create token robot").trim().to_owned();
    let (url, authority) = (b.plane.url("blue").expect("a URL"), b.home.path().join("ca.pem"));
    std::fs::write(&authority, b.plane.certificate_authority()).expect("a file");
    b.file("none", "");
    let as_robot = |command: &str| {
        let plain = format!(
            "{command} --server={url} --certificate-authority=ca.pem --token={token} --kubeconfig=none"
        );
        b.run(&plain)
    };
    as_robot("get configmaps -n default").expect();
    let refused = as_robot("get secrets -n default").expect_failure();
    assert!(
        refused.contains("system:serviceaccount:default:robot") && refused.contains("forbidden"),
        "{refused}"
    );
}
