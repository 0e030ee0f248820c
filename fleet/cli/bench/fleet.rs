//! One-ConfigMap units on logical clusters of the embedded control plane, a hundred on each.

use super::figures::{Figures, Target, memory};
use super::{beside_servers, daemon, growth, revision};
use crate::exit::{Exit, Failure};
use crate::hosting;
use crate::output::Format;
use mainstay_apiserver::{ControlPlane, ROOT, User};
use mainstay_cluster::Cluster;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Units of one ConfigMap each, a hundred on every cluster
    #[arg(long, default_value = "50000", value_name = "N", value_parser = clap::value_parser!(u32).range(100..=200_000))]
    units: u32,
    /// Measure these numbers of units, each in a process of its own, and draw a plot
    #[arg(long, value_delimiter = ',', value_name = "N,N,…", conflicts_with = "units", value_parser = clap::value_parser!(u32).range(100..=200_000))]
    growth: Vec<u32>,
    /// Where the plot is written
    #[arg(long, default_value = "docs/growth.svg", value_name = "FILE", requires = "growth")]
    plot: PathBuf,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

/// Units of a cluster.
const MODULES: usize = 100;
/// Units and seconds of the target.
const PROMISE: (usize, f64) = (50_000, 180.0);

pub(super) const TOOK: &str = "from the commit until all are ready";
pub(super) const PEAK: &str = "peak memory, all clusters included";

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let figures = if args.growth.is_empty() {
        beside_servers(async |folder| measure(args.units as usize, folder).await)?
    } else {
        growth::measure(&args.growth, &args.plot)?
    };
    figures.show(args.output, args.check)
}

async fn measure(units: usize, folder: &Path) -> Result<Figures, Failure> {
    let environment = |e: mainstay_apiserver::Error| Failure::environment(e.to_string());
    let clusters = units.div_ceil(MODULES);
    let plane =
        ControlPlane::builder().listen(([127, 0, 0, 1], 0).into()).build().await.map_err(environment)?;
    let service = plane.service(ROOT, User::admin()).map_err(environment)?;
    let management = Cluster::from_client(kube::Client::new(service, "default"));
    let host = tokio::spawn(hosting::host(management.clone(), plane.clone()));
    let (reading, read) = revision::read(folder, &files(clusters)?)?;
    let applied = daemon::until_ready(management, reading, true).await;
    host.abort();
    let peak = memory("VmHWM:");
    plane.shutdown().await;
    let took = (read + applied?).as_secs_f64();
    let mut out = Figures::default();
    let what = format!("{} units on {clusters} clusters: {TOOK}", clusters * MODULES);
    out.push(format!("{what}: read"), read.as_secs_f64(), "s");
    if clusters * MODULES == PROMISE.0 {
        out.hold(what, took, "s", Target::Below(PROMISE.1));
    } else {
        out.push(what, took, "s");
    }
    if let Some(peak) = peak {
        out.push(PEAK, peak / f64::from(1 << 20), "MiB");
    }
    Ok(out)
}

fn files(clusters: usize) -> Result<Vec<revision::File>, Failure> {
    let mut out = Vec::new();
    for cluster in 0..clusters {
        let text = format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: c{cluster:04}\nspec:\n  class: embedded\n"
        );
        out.push(revision::file(format!("clusters/c{cluster:04}.yaml"), text)?);
    }
    for module in 0..MODULES {
        let name = format!("m{module:03}");
        let text = format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: {name}\nspec:\n  source:\n    path: units/{name}\n  clusters:\n    selector: {{}}\n  timeout: 20m\n"
        );
        out.push(revision::file(format!("fleet/{name}.yaml"), text)?);
        let object = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: default\ndata:\n  text: lorem ipsum dolor sit amet\n"
        );
        out.push(revision::file(format!("units/{name}/object.yaml"), object)?);
    }
    Ok(out)
}
