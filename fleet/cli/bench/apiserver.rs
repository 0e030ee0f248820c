//! The embedded control plane beside the real server: the same work, the same client, in one run.

mod client;
mod inside;
mod report;
mod server;
mod work;

pub(super) use report::median;
pub(super) use server::{Server, Which, free_port, memory, start};

use super::progress;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format};
use report::{Measure, Report};
use std::collections::BTreeMap;
use std::path::Path;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds; in each of them every server does the same work, and their order turns
    #[arg(long, default_value = "5", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Objects that a round creates, applies, changes and applies again, half ConfigMaps, half Deployments
    #[arg(long, default_value = "1000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    objects: u32,
    /// Requests under way at a time
    #[arg(long, default_value = "16", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    /// Objects in the list that is read
    #[arg(long, default_value = "10000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    list: u32,
    /// Watchers that each see every event
    #[arg(long, default_value = "100", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    watchers: u16,
    /// Logical clusters, with 20 objects each
    #[arg(long, default_value = "5000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=15_000))]
    clusters: u32,
    /// Leave the real server out even if it is there
    #[arg(long)]
    embedded_only: bool,
    /// Let etcd skip fsync: its promise to survive a power cut, for speed
    #[arg(long)]
    etcd_without_fsync: bool,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
    /// Measures in this process and prints figures as JSON: what the other one starts
    #[arg(long, hide = true, value_name = "FOLDER")]
    inside: Option<std::path::PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    if let Some(folder) = &args.inside {
        return output::structured(&inside::measure(folder, args.clusters)?, Format::Json)
            .map(|()| Exit::Done);
    }
    let report = super::beside_servers(async |folder| measure(args, folder).await)?;
    match args.output {
        Format::Table | Format::Wide => output::print(&report.table())?,
        Format::Json | Format::Yaml => output::structured(&report, args.output)?,
    }
    Ok(match report.verdict() {
        _ if !args.check => Exit::Done,
        report::Verdict::Met => Exit::Done,
        report::Verdict::Missed => Exit::User,
        report::Verdict::Unknown => Exit::Environment,
    })
}

async fn measure(args: &Args, folder: &Path) -> Result<Report, Failure> {
    let mut report = Report::new(args);
    let mut servers = Vec::new();
    for which in [Which::Memory, Which::Folder] {
        servers.push(Server::embedded(which, folder).await?);
    }
    if !args.embedded_only {
        match super::tools::tools() {
            Some(tools) => servers.push(Server::real(&tools, folder, args.etcd_without_fsync).await?),
            None => report.notes.push(
                "no real server: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver, and there is no target/real"
                    .into(),
            ),
        }
    }
    let mut samples: BTreeMap<(Measure, Which), Vec<f64>> = BTreeMap::new();
    for server in &servers {
        progress(&format!("{}: {} objects to list", server.which, args.list));
        work::fill(server, args.list, args.concurrency).await?;
    }
    for round in 0..usize::from(args.rounds) {
        for turn in 0..servers.len() {
            let server = &servers[(round + turn) % servers.len()];
            progress(&format!("round {} of {}: {}", round + 1, args.rounds, server.which));
            for (measure, value) in work::round(server, round, args).await? {
                samples.entry((measure, server.which)).or_default().push(value);
            }
        }
    }
    for server in &servers {
        if let Some(bytes) = server.peak_memory() {
            samples.entry((Measure::PeakMemory, server.which)).or_default().push(bytes);
        }
    }
    drop(servers);
    progress(&format!("{} logical clusters, in memory and in a folder", args.clusters));
    report.take(samples);
    report.take_inside(server::inside(folder, args.clusters).await?);
    Ok(report)
}

impl Args {
    fn concurrency(&self) -> usize {
        usize::from(self.concurrency)
    }
}
