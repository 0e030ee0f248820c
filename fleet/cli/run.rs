use crate::exit::{Exit, Failure};
use crate::hosting;
use crate::management::{ClusterArgs, block_on};
use crate::repository::RepositoryArgs;
use crate::state::State;
use crate::waiting;
use mainstay_apiserver::User;
use mainstay_apiserver::shell::{ControlPlane, ROOT, Storage};
use mainstay_cluster::Cluster;
use mainstay_dashboard::Metrics;
use mainstay_runtime::{Options, Stopped};
use mainstay_sim::Simulator;
use mainstay_status::View;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub repository: RepositoryArgs,
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Serve the management cluster from this process and keep it in the state folder. Its workloads are simulated
    #[arg(long, conflicts_with_all = ["kubeconfig", "context"])]
    pub embedded: bool,
    /// Plan and watch, write nothing [default on a cluster where Mainstay has no unit yet]
    #[arg(long, conflicts_with = "adopt")]
    pub observe: bool,
    /// Write to a cluster where Mainstay has no unit yet
    #[arg(long)]
    pub adopt: bool,
    /// How often the repository is asked for news; a local one is watched as well
    #[arg(long, env = "MAINSTAY_INTERVAL", default_value = "60", value_name = "SECONDS")]
    pub interval: u64,
    /// Address of the status page, the JSON API and the metrics; loopback only
    #[arg(long, env = "MAINSTAY_LISTEN", default_value = "127.0.0.1:7780")]
    pub listen: SocketAddr,
    /// Address of the embedded control plane; port 0 takes the one used before, or a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub control_plane_listen: SocketAddr,
    /// Seconds after which another replica takes over
    #[arg(long, default_value = "15", value_name = "SECONDS")]
    pub lease_duration: u64,
    /// Requests under way at one API server, at most; how many there are follows how fast it answers
    #[arg(long, default_value = "64", value_name = "N")]
    pub concurrency: usize,
    /// Seconds that the API server is waited for at the start: it may be started together with this one
    #[arg(long, env = "MAINSTAY_CONNECT_TIMEOUT", default_value = "120", value_name = "SECONDS")]
    pub connect_timeout: u64,
    /// Exit with 0 once every unit is ready, with 3 if that takes longer than --timeout
    #[arg(long)]
    pub until_ready: bool,
    /// Seconds that --until-ready waits
    #[arg(long, default_value = "300", value_name = "SECONDS")]
    pub timeout: u64,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let state = args.cluster.state.open()?;
    state.create()?;
    block_on(follow(args, state))
}

pub(crate) async fn follow(args: Args, state: State) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::user("--listen: the status page is served on loopback only"));
    }
    let plane = if args.observe { None } else { Some(control_plane(&args, &state).await?) };
    let management = match &plane {
        Some(plane) if args.embedded => embedded(plane, &state)?,
        Some(_) | None => {
            let management = args.cluster.connect().await?;
            tokio::select! {
                answers = waiting::for_answer(&management, Duration::from_secs(args.connect_timeout)) => answers?,
                () = signalled() => return Ok(Exit::Done),
            }
            management
        }
    };
    // Where that can't be told, nothing may be written either.
    let fresh = !args.embedded
        && !args.adopt
        && mainstay_runtime::records(&management).await.map_err(Failure::environment)?.is_empty();
    if fresh && !args.observe {
        tracing::warn!("Mainstay has no unit on this cluster yet: observing only; --adopt lets it write");
    }
    let observe = args.observe || fresh;
    let simulator = plane.as_ref().map(|p| Simulator::start(p, mainstay_sim::Options::default()));
    let hosting = match &plane {
        Some(plane) if !observe => Some(tokio::spawn(hosting::host(management.clone(), plane.clone()))),
        Some(_) | None => None,
    };
    let outcome = serve(&args, &state, management, observe).await;
    if let Some(task) = hosting {
        task.abort();
    }
    drop(simulator);
    if let Some(plane) = plane {
        plane.shutdown().await;
    }
    outcome
}

async fn serve(args: &Args, state: &State, management: Cluster, observe: bool) -> Result<Exit, Failure> {
    let repository = args.repository.open(state, crate::repository::RUN)?;
    let shown = repository.shown.clone();
    let (trigger, triggers) = std::sync::mpsc::channel();
    let watcher = match args.repository.local() {
        Some(path) => {
            let trigger = trigger.clone();
            // The reader may have stopped; then nobody needs to be told.
            Some(mainstay_git::watch(&path, move || {
                if trigger.send(()).is_err() {
                    tracing::debug!("the repository changed after its reader had stopped");
                }
            })?)
        }
        None => None,
    };
    let (view, seen) = watch::channel(Arc::new(View::default()));
    let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(|e| {
        Failure::environment(format!("{} can't be listened on: {e}", args.listen))
            .hint("--listen takes another address")
    })?;
    let address = listener.local_addr().map_err(|e| Failure::environment(e.to_string()))?;
    tracing::info!(repository = %shown, page = %format!("http://{address}/"), "following");
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    let (gates, mut opened) = tokio::sync::mpsc::unbounded_channel();
    let measured = metrics.clone();
    let gauge = tokio::spawn(async move {
        while let Some(took) = opened.recv().await {
            measured.gate_to_first_request(took);
        }
    });
    let page =
        tokio::spawn(mainstay_dashboard::serve(listener, seen.clone(), metrics, std::future::pending()));
    let options = Options {
        gates: Some(gates),
        stored: None,
        repository: shown,
        entry: args.repository.entry()?,
        interval: Duration::from_secs(args.interval.max(1)),
        observe,
        holder: format!("{}-{}", hostname(), std::process::id()),
        lease: Duration::from_secs(args.lease_duration.max(2)),
        sole: args.embedded,
        concurrency: args.concurrency,
    };
    let mut exit = Exit::Done;
    let stop = async {
        if args.until_ready {
            tokio::select! {
                () = signalled() => {}
                ready = ready(seen, Duration::from_secs(args.timeout)) => {
                    exit = if ready { Exit::Done } else { Exit::Environment };
                }
            }
        } else {
            signalled().await;
        }
    };
    let outcome =
        mainstay_runtime::run(management, repository, options, (trigger, triggers), view, stop).await;
    drop(watcher);
    page.abort();
    gauge.abort();
    match outcome {
        Ok(()) => Ok(exit),
        Err(stopped @ (Stopped::Install(_) | Stopped::Records(_) | Stopped::Lease(_))) => {
            Err(Failure::environment(stopped.to_string()))
        }
        Err(stopped @ Stopped::Reader) => Err(Failure::internal(stopped.to_string())),
    }
}

/// Waits until a revision was read and all of its units are ready.
async fn ready(mut seen: watch::Receiver<Arc<View>>, patience: Duration) -> bool {
    let all = async {
        loop {
            let view = seen.borrow_and_update().clone();
            let counts = view.roll_up();
            if view.ready && counts.units > 0 && counts.ready == counts.units {
                println!("{} units are ready.", counts.units);
                return true;
            }
            if seen.changed().await.is_err() {
                return false;
            }
        }
    };
    match tokio::time::timeout(patience, all).await {
        Ok(ready) => ready,
        Err(_) => {
            tracing::error!(seconds = patience.as_secs(), "not every unit became ready in time");
            false
        }
    }
}

async fn control_plane(args: &Args, state: &State) -> Result<ControlPlane, Failure> {
    let failed = |e: mainstay_apiserver::shell::Error| {
        Failure::environment(format!("the embedded control plane: {e}"))
    };
    let remembered = state.control_plane().join("port");
    let mut listen = args.control_plane_listen;
    if listen.port() == 0
        && let Some(port) = std::fs::read_to_string(&remembered).ok().and_then(|t| t.trim().parse().ok())
        && std::net::TcpListener::bind((listen.ip(), port)).is_ok()
    {
        listen.set_port(port);
    }
    let builder = ControlPlane::builder()
        .storage(Storage::Folder(state.control_plane()))
        .listen(listen)
        .logical_clusters();
    let plane = builder.build().await.map_err(failed)?;
    if let Some(address) = plane.address()
        && let Err(error) = std::fs::write(&remembered, address.port().to_string())
    {
        tracing::warn!(%error, "the port can't be remembered; kubeconfigs will change at the next start");
    }
    Ok(plane)
}

fn embedded(plane: &ControlPlane, state: &State) -> Result<Cluster, Failure> {
    let failed = |e: mainstay_apiserver::shell::Error| Failure::environment(e.to_string());
    let kubeconfig = plane.kubeconfig(ROOT).map_err(failed)?;
    write_private(&state.kubeconfig(), &kubeconfig)?;
    tracing::info!(kubeconfig = %state.kubeconfig().display(), "the embedded control plane serves");
    let service = plane.service(ROOT, User::admin()).map_err(failed)?;
    Ok(Cluster::from_client(kube::Client::new(service, "default")))
}

fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed =
        |e: std::io::Error| Failure::environment(format!("{} can't be written: {e}", path.display()));
    let temporary = path.with_extension("tmp");
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(&temporary).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
}

pub(crate) fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "mainstay".to_owned(),
        name => name.to_owned(),
    }
}

/// Resolves at Ctrl-C or SIGTERM.
pub(crate) async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM can't be handled");
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
