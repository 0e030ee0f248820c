//! The workload that Flux publishes its figures for: units of a ServiceAccount, a Service, a Deployment of no replicas and
//! an Ingress, each waited for. Beside it the floor: the same objects applied by a bare loop and waited for, on the same
//! API server and controller manager. Where Flux's own controller has been built it is measured too.

mod controller;

use super::apiserver::{Server, median};
use super::figures::{Figures, Target};
use super::tools::{Tools, tools};
use super::{apply::connect, beside_servers, daemon, progress, revision};
use crate::exit::{Exit, Failure};
use crate::output::Format;
use mainstay_cluster::{Cluster, Selection, WatchEvent};
use mainstay_object::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(long, default_value = "1000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    units: u32,
    /// Rounds, each on new servers
    #[arg(long, default_value = "3", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

const SPACE: &str = "mainstay-bench";
/// The floor is the fastest of these.
const AT_A_TIME: [usize; 2] = [16, 64];
const PATIENCE: Duration = Duration::from_secs(900);
const TIMES: f64 = 1.3;
/// Flux itself takes this many times as long, at least.
const FLUX: f64 = 10.0;
/// What a unit's objects are called where Flux is to fill in the name.
const ANY: &str = "${name}";

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let figures = beside_servers(async |folder| measure(args, folder).await)?;
    figures.show(args.output, args.check)
}

async fn measure(args: &Args, folder: &Path) -> Result<Figures, Failure> {
    let tools = tools().filter(|tools| tools.controllers.is_some());
    let tools = tools
        .ok_or_else(|| Failure::environment("etcd, kube-apiserver and kube-controller-manager are needed"))?;
    let (reading, _) = revision::read(folder, &files(args.units as usize)?)?;
    let (mut floors, mut daemons, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=args.rounds {
        progress(&format!("round {number} of {}", args.rounds));
        // Each on servers of its own: a Service costs a kube-apiserver the more the more Services there are.
        let mut floor = f64::INFINITY;
        for at_a_time in AT_A_TIME {
            let folder = folder.join(format!("floor-{number}-{at_a_time}"));
            let (_servers, cluster) = servers(&tools, &folder).await?;
            let objects = daemon::objects(&reading, SPACE);
            let begun = Instant::now();
            let (watched, sent) = tokio::join!(
                until(&cluster, &AVAILABLE, SPACE, args.units as usize),
                daemon::bare(&cluster, objects, at_a_time)
            );
            watched.and(sent)?;
            floor = floor.min(begun.elapsed().as_secs_f64());
        }
        let (_servers, cluster) = servers(&tools, &folder.join(format!("daemon-{number}"))).await?;
        let took = daemon::until_ready(cluster, reading.clone(), false).await?.as_secs_f64();
        floors.push(floor);
        daemons.push(took);
        ratios.push(took / floor);
    }
    let mut out = Figures::default();
    let what = format!("{} units of 4 objects", args.units);
    out.push(format!("{what}: applied by a bare loop and waited for"), median(&floors), "s");
    out.push(format!("{what}: planned, applied, recorded and waited for"), median(&daemons), "s");
    out.hold(
        format!("of that floor, median of {}", ratios.len()),
        median(&ratios),
        "times",
        Target::Below(TIMES),
    );
    let Some(program) = &tools.flux else {
        progress("Flux itself is left out: `cargo xtask real kustomize-controller` builds its controller");
        return Ok(out);
    };
    // Once: it takes minutes.
    progress("kustomize-controller");
    let folder = folder.join("flux");
    let (servers, cluster) = servers(&tools, &folder).await?;
    let manifest = objects(ANY);
    let workload = (&*manifest, args.units as usize);
    let took = controller::until_ready(program, &folder, (&servers, &cluster), workload).await?;
    out.push(format!("{what}: by Flux's kustomize-controller"), took.as_secs_f64(), "s");
    let times = took.as_secs_f64() / median(&daemons);
    out.hold(
        "Flux takes, of what is planned, applied, recorded and waited for",
        times,
        "times",
        Target::AtLeast(FLUX),
    );
    Ok(out)
}

/// New servers that work, and the namespace that all goes to.
async fn servers(tools: &Tools, folder: &Path) -> Result<(Server, Cluster), Failure> {
    std::fs::create_dir(folder).map_err(|e| Failure::environment(e.to_string()))?;
    let mut server = Server::real(tools, folder, false).await?;
    server.controllers(tools, folder)?;
    let cluster = connect(server.kubeconfig()).await?;
    warm(&cluster).await?;
    daemon::namespace(&cluster, SPACE).await?;
    Ok((server, cluster))
}

/// The controller manager works: it takes a while until it leads.
async fn warm(cluster: &Cluster) -> Result<(), Failure> {
    daemon::namespace(cluster, "mainstay-warm").await?;
    let text = deployment("warm", "mainstay-warm");
    let loaded = mainstay_yaml::load("warm.yaml", text.as_bytes(), &mainstay_yaml::Limits::default());
    let value = loaded.documents.into_iter().next().map(|document| document.root.into_json());
    let object = mainstay_object::Object::new(value.unwrap_or_default())
        .map_err(|e| Failure::internal(e.to_string()))?;
    daemon::bare(cluster, vec![object], 1).await?;
    until(cluster, &AVAILABLE, "mainstay-warm", 1).await
}

/// What is waited for.
struct Condition {
    /// Group, version, kind.
    resource: (&'static str, &'static str, &'static str),
    name: &'static str,
}

const AVAILABLE: Condition = Condition { resource: ("apps", "v1", "Deployment"), name: "Available" };

/// Waits until so many objects of a namespace are what they should be.
async fn until(cluster: &Cluster, condition: &Condition, space: &str, count: usize) -> Result<(), Failure> {
    let (group, version, kind) = condition.resource;
    let resource = cluster.resource(group, version, kind).await;
    let resource = resource.map_err(|e| Failure::environment(e.to_string()))?;
    let selection = Selection { namespace: space.to_owned(), ..Selection::default() };
    let mut seen = BTreeSet::new();
    let follow = cluster.follow(&resource, &selection, |event| {
        if let WatchEvent::Changed(object) = event
            && holds(&object, condition.name)
        {
            seen.insert(object.pointer("/metadata/name").map(Value::to_string));
        }
        seen.len() < count
    });
    tokio::time::timeout(PATIENCE, follow)
        .await
        .map_err(|_| Failure::environment(format!("not every {kind} of {space} becomes {}", condition.name)))
}

fn holds(object: &Value, condition: &str) -> bool {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let holds = |held: &Value| held["type"] == condition && held["status"] == "True";
    number("/status/observedGeneration") >= number("/metadata/generation")
        && conditions.is_some_and(|conditions| conditions.iter().any(holds))
}

fn deployment(name: &str, space: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {space}\nspec:\n  replicas: 0\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: {name}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: {name}\n    spec:\n      serviceAccountName: {name}\n      containers:\n        - name: main\n          image: registry.example.com/app:1\n          ports:\n            - name: http\n              containerPort: 8080\n"
    )
}

/// What a unit holds.
fn objects(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: {SPACE}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {SPACE}\nspec:\n  selector:\n    app.kubernetes.io/name: {name}\n  ports:\n    - name: http\n      port: 80\n      targetPort: http\n---\n{}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: {SPACE}\nspec:\n  rules:\n    - host: {name}.example.com\n      http:\n        paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              service:\n                name: {name}\n                port:\n                  name: http\n",
        deployment(name, SPACE)
    )
}

fn files(units: usize) -> Result<Vec<revision::File>, Failure> {
    let mut out = Vec::new();
    for unit in 0..units {
        let name = format!("u{unit:05}");
        out.push(revision::file(format!("fleet/{name}.yaml"), revision::module(&name))?);
        out.push(revision::file(format!("units/{name}/objects.yaml"), objects(&name))?);
    }
    Ok(out)
}
