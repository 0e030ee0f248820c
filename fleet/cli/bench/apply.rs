//! Units of 25 objects, with all that is recorded of them, beside a bare loop of the same requests: same client, same
//! bytes, same field manager, the best of 1 to 64 requests at a time.

use super::apiserver::{Server, Which, median};
use super::figures::{Figures, Target};
use super::tools::{Tools, tools};
use super::{beside_servers, daemon, progress, revision};
use crate::exit::{Exit, Failure};
use crate::output::Format;
use mainstay_cluster::Cluster;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Units of 25 ConfigMaps each
    #[arg(long, default_value = "200", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    units: u32,
    /// Rounds, each on a new server
    #[arg(long, default_value = "3", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Which server; the real one is found as `bench apiserver` finds it
    #[arg(long, value_enum, default_value = "both")]
    server: Servers,
    /// A cluster that is there for this alone: what is applied to it stays, and there is one round
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    kubeconfig: Option<PathBuf>,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Servers {
    Embedded,
    Real,
    Both,
}

const OBJECTS: usize = 25;
const AT_A_TIME: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Objects by which the best concurrency is found.
const PROBE: usize = 500;
/// The bare loop needs no more than this share of the daemon's time.
const SHARE: f64 = 85.0;

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let figures = beside_servers(async |folder| measure(args, folder).await)?;
    figures.show(args.output, args.check)
}

async fn measure(args: &Args, folder: &Path) -> Result<Figures, Failure> {
    let (reading, _) = revision::read(folder, &files(args.units as usize)?)?;
    let mut out = Figures::default();
    if let Some(path) = &args.kubeconfig {
        let cluster = connect(path).await?;
        let round =
            Round { bare: bare(&cluster, &reading).await?, daemon: whole(cluster, &reading, false).await? };
        push(&mut out, "the given cluster", &[round]);
        return Ok(out);
    }
    let mut servers = Vec::new();
    if args.server != Servers::Real {
        servers.push((Which::Memory, None));
    }
    if args.server != Servers::Embedded {
        match tools() {
            Some(tools) => servers.push((Which::Real, Some(tools))),
            None if args.server == Servers::Both => progress("the real server is left out: there is none"),
            None => return Err(Failure::environment("there is no kube-apiserver and etcd")),
        }
    }
    for (which, tools) in servers {
        let mut rounds = Vec::new();
        for number in 1..=args.rounds {
            progress(&format!("{which}: round {number} of {}", args.rounds));
            // Each on a server of its own, so that neither finds what the other has left.
            let (_server, cluster) = server(which, tools.as_ref(), folder, &format!("bare-{number}")).await?;
            let bare = bare(&cluster, &reading).await?;
            let (_server, cluster) =
                server(which, tools.as_ref(), folder, &format!("daemon-{number}")).await?;
            // As warm as the other one was.
            probe(&cluster, &reading, bare.at_a_time).await?;
            rounds.push(Round { bare, daemon: whole(cluster, &reading, true).await? });
        }
        push(&mut out, &which.to_string(), &rounds);
    }
    Ok(out)
}

pub(super) async fn connect(kubeconfig: &Path) -> Result<Cluster, Failure> {
    Cluster::from_file(kubeconfig, None).await.map_err(|e| Failure::environment(e.to_string()))
}

async fn server(
    which: Which,
    tools: Option<&Tools>,
    folder: &Path,
    name: &str,
) -> Result<(Server, Cluster), Failure> {
    let folder = folder.join(format!("{which:?}-{name}"));
    std::fs::create_dir(&folder).map_err(|e| Failure::environment(e.to_string()))?;
    let server = match tools {
        None => Server::embedded(which, &folder).await?,
        Some(tools) => Server::real(tools, &folder, false).await?,
    };
    let cluster = connect(server.kubeconfig()).await?;
    Ok((server, cluster))
}

struct Round {
    bare: Bare,
    /// Objects per second.
    daemon: f64,
}

struct Bare {
    /// Objects per second.
    rate: f64,
    at_a_time: usize,
}

/// Objects per second, of a few.
async fn probe(cluster: &Cluster, reading: &daemon::Revision, at_a_time: usize) -> Result<f64, Failure> {
    let space = format!("mainstay-probe-{at_a_time}");
    daemon::namespace(cluster, &space).await?;
    let mut some = daemon::objects(reading, &space);
    some.truncate(PROBE);
    let count = some.len() as f64;
    Ok(count / daemon::bare(cluster, some, at_a_time).await?.as_secs_f64())
}

async fn bare(cluster: &Cluster, reading: &daemon::Revision) -> Result<Bare, Failure> {
    let mut best = Bare { rate: 0.0, at_a_time: AT_A_TIME[0] };
    for at_a_time in AT_A_TIME {
        let rate = probe(cluster, reading, at_a_time).await?;
        if rate > best.rate {
            best = Bare { rate, at_a_time };
        }
    }
    daemon::namespace(cluster, "mainstay-bare").await?;
    let all = daemon::objects(reading, "mainstay-bare");
    let count = all.len() as f64;
    let rate = count / daemon::bare(cluster, all, best.at_a_time).await?.as_secs_f64();
    // The faster of both, so that no slow moment of the bare loop flatters the daemon.
    Ok(Bare { rate: rate.max(best.rate), ..best })
}

/// Objects per second with all that is recorded of them.
async fn whole(cluster: Cluster, reading: &daemon::Revision, sole: bool) -> Result<f64, Failure> {
    daemon::namespace(&cluster, SPACE).await?;
    let count = daemon::objects(reading, SPACE).len() as f64;
    let took = daemon::until_ready(cluster, reading.clone(), sole).await?;
    Ok(count / took.as_secs_f64())
}

fn push(out: &mut Figures, which: &str, rounds: &[Round]) {
    let at = rounds.iter().map(|round| round.bare.at_a_time.to_string()).collect::<Vec<_>>().join(", ");
    let of = |value: fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    out.push(format!("{which}: bare loop, at best with {at} at a time"), of(|r| r.bare.rate), "objects/s");
    out.push(
        format!("{which}: units of {OBJECTS} objects, bookkeeping included"),
        of(|r| r.daemon),
        "objects/s",
    );
    let what = format!("{which}: of the bare loop, median of {}", rounds.len());
    out.hold(what, of(|r| 100.0 * r.daemon / r.bare.rate), "%", Target::AtLeast(SHARE));
}

const SPACE: &str = "mainstay-bench";

fn files(units: usize) -> Result<Vec<revision::File>, Failure> {
    let mut out = Vec::new();
    for unit in 0..units {
        let name = format!("u{unit:05}");
        out.push(revision::file(format!("fleet/{name}.yaml"), revision::module(&name))?);
        let objects: String = (0..OBJECTS)
            .map(|index| {
                format!(
                    "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-{index}\n  namespace: {SPACE}\n  labels:\n    app.kubernetes.io/name: {name}\ndata:\n  text: {}\n",
                    "lorem ipsum dolor sit amet ".repeat(12).trim_end()
                )
            })
            .collect();
        out.push(revision::file(format!("units/{name}/objects.yaml"), objects)?);
    }
    Ok(out)
}
