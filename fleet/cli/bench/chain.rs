use super::beside_servers;
use super::figures::{Figures, Target};
use super::revision::author;
use crate::exit::{Exit, Failure};
use crate::hosting;
use crate::output::Format;
use crate::repository::RepositoryArgs;
use crate::state::State;
use mainstay_apiserver::{ControlPlane, ROOT, User};
use mainstay_cluster::Cluster;
use mainstay_runtime::Options;
use mainstay_sim::Simulator;
use mainstay_status::View;
use mainstay_unit::tree::TreePath;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Commits, each of which changes all four units
    #[arg(long, default_value = "50", value_name = "N")]
    runs: usize,
    /// Exit with 1 if the target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

const BRANCH: &str = "main";
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut samples = beside_servers(async |folder| measure(args, folder).await)?;
    samples.sort_unstable();
    let at = |share: f64| {
        let index = ((samples.len() as f64 * share).ceil() as usize).clamp(1, samples.len());
        samples[index - 1].as_secs_f64() * 1000.0
    };
    if samples.is_empty() {
        return Err(Failure::internal("no gate opened"));
    }
    let mut figures = Figures::default();
    let what = format!("gate to first request, {} gates", samples.len());
    figures.push(format!("{what}: median"), at(0.5), "ms");
    figures.hold(format!("{what}: p99"), at(0.99), "ms", Target::Below(50.0));
    figures.push(format!("{what}: slowest"), at(1.0), "ms");
    figures.show(args.output, args.check)
}

async fn measure(args: &Args, folder: &Path) -> Result<Vec<Duration>, Failure> {
    let environment = |e: mainstay_apiserver::Error| Failure::environment(e.to_string());
    let repository = folder.join("platform");
    mainstay_git::init(&repository, &files(0)?, "The chain", &author())?;
    let plane =
        ControlPlane::builder().listen(([127, 0, 0, 1], 0).into()).build().await.map_err(environment)?;
    let simulator = Simulator::start(&plane, mainstay_sim::Options::default());
    let service = plane.service(ROOT, User::admin()).map_err(environment)?;
    let management = Cluster::from_client(kube::Client::new(service, "default"));
    let host = tokio::spawn(hosting::host(management.clone(), plane.clone()));

    let state = State::at(folder.join("state"));
    state.create()?;
    let place =
        RepositoryArgs { repository: repository.display().to_string(), ..RepositoryArgs::local_head() };
    let sources = place.open(&state, "run")?;
    let (gates, mut opened) = mpsc::unbounded_channel();
    let (trigger, triggers) = std::sync::mpsc::channel();
    let (shown, seen) = watch::channel(Arc::new(View::default()));
    let options = Options {
        gates: Some(gates),
        stored: None,
        repository: sources.shown.clone(),
        entry: TreePath::root(),
        interval: Duration::from_secs(3600),
        observe: false,
        holder: "bench".into(),
        lease: Duration::from_secs(15),
        sole: true,
        concurrency: 16,
    };
    let mut samples = Vec::new();
    let drive = async {
        let mut outcome = settled(seen.clone(), None).await;
        for round in 1..=args.runs {
            if outcome.is_err() {
                break;
            }
            while opened.try_recv().is_ok() {}
            outcome = match next(&repository, round) {
                Ok(commit) if trigger.send(()).is_ok() => settled(seen.clone(), Some(commit)).await,
                Ok(_) => Err(Failure::internal("the reader has stopped")),
                Err(error) => Err(error),
            };
            while let Ok(took) = opened.try_recv() {
                samples.push(took);
            }
        }
        outcome
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let daemon =
        mainstay_runtime::run(management, sources, options, (trigger.clone(), triggers), shown, async {
            // A dropped sender stops the daemon as well.
            drop(stopped.await);
        });
    let (driven, daemon) = tokio::join!(
        async {
            let outcome = drive.await;
            drop(stop);
            outcome
        },
        daemon
    );
    host.abort();
    drop(simulator);
    plane.shutdown().await;
    driven?;
    daemon.map_err(|e| Failure::environment(e.to_string()))?;
    Ok(samples)
}

/// Waits until all units are ready, the four of the chain at a revision if one is given.
async fn settled(mut seen: watch::Receiver<Arc<View>>, revision: Option<String>) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let view = seen.borrow_and_update().clone();
        let counts = view.roll_up();
        let current = |u: &mainstay_status::UnitView| {
            u.id.kind != "module" || revision.as_ref().is_none_or(|r| u.revision == *r)
        };
        if view.ready && counts.units == 6 && counts.ready == 6 && view.units.iter().all(current) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            let waiting: Vec<String> =
                view.units.iter().map(|u| format!("{} {}: {}", u.id, u.phase, u.message)).collect();
            return Err(Failure::internal(format!("the chain did not settle: {}", waiting.join("; "))));
        }
        // The view is sent again at the next change; the time-out is only looked at here.
        drop(tokio::time::timeout(Duration::from_secs(1), seen.changed()).await);
    }
}

fn next(repository: &Path, round: usize) -> Result<String, Failure> {
    let changes: Vec<_> = files(round)?.into_iter().map(|(path, bytes)| (path, Some(bytes))).collect();
    Ok(mainstay_git::commit(repository, BRANCH, &changes, "Next", &author())?)
}

/// Two clusters, and a, b, c, d in a row on alternating ones; each holds a Deployment that must become available.
fn files(round: usize) -> Result<Vec<(TreePath, Vec<u8>)>, Failure> {
    let place = |name: &str| TreePath::parse(name).map_err(|e| Failure::internal(e.to_string()));
    let mut out = Vec::new();
    for cluster in ["one", "two"] {
        let text = format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {cluster}\nspec:\n  class: embedded\n"
        );
        out.push((place(&format!("clusters/{cluster}.yaml"))?, text.into_bytes()));
    }
    let chain = [
        ("a", "one", None),
        ("b", "two", Some(("a", "one"))),
        ("c", "one", Some(("b", "two"))),
        ("d", "two", Some(("c", "one"))),
    ];
    for (name, cluster, after) in chain {
        let depends = after.map_or_else(String::new, |(on, at)| {
            format!("  dependsOn:\n    - kind: Module\n      name: {on}\n      cluster: {at}\n")
        });
        let module = format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: {name}\nspec:\n  source:\n    path: chain/{name}/manifests\n  clusters:\n    names: [{cluster}]\n{depends}"
        );
        let deployment = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: default\n  annotations:\n    round: \"{round}\"\nspec:\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n      annotations:\n        round: \"{round}\"\n    spec:\n      containers:\n        - name: main\n          image: example.com/{name}:1\n"
        );
        out.push((place(&format!("chain/{name}/module.yaml"))?, module.into_bytes()));
        out.push((place(&format!("chain/{name}/manifests/deployment.yaml"))?, deployment.into_bytes()));
    }
    Ok(out)
}
