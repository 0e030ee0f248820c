//! Project chores: `cargo xtask <command>`. No chore is needed to build or use Mainstay, none writes outside
//! of the checkout and its tool cache, and the dependency set stays small enough to compile in seconds.

mod fuzz;
mod goldens;
mod gzip;
mod optimized;
mod protobuf_table;
mod real;
mod schema_table;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <command>

commands:
  real [TOOL...]        build the pinned etcd, Kubernetes, helm and kustomize and link them to target/real, and of what
                        only benches need what is named (kustomize-controller)
  schema-table [v1.31.14]  write engine/object/data from a real API server's OpenAPI and discovery, or from what a
                        release's sources record of them
  protobuf-table        write fleet/apiserver/data from the Go modules of the Kubernetes API
  fuzz --seconds N      run the fuzz targets of tests/fuzz for N seconds in all
  differential ...      compare the embedded core with a real API server by random sequences of writes
                        (--sequences N, --seed S, --findings N, --kind KIND, --only N,N, --resume FILE)
  simulate ...          play the daemon in a simulated world where everything goes wrong
                        (--seed S, --seeds N, --findings N, --resume FILE, --trace)
  soak ...              hours of random commits, faults and kills against a real daemon; goes on where it was
                        (--minutes 120, --units 200, --folder DIR, --plot FILE, --seed S)
  kustomize-compare DIR... build each kustomization of the folders with the real kustomize and with ours, and compare
                        (-o json, --only NAME, --save DIR)
  kustomize-random ...  the same for trees made up from a seed; what differs is kept, as small as it gets
                        (--trees N, --seed S, --findings N, --keep DIR, --loud true)
  helm-compare DIR...   render each chart below the folders with the real helm and with ours, with its own values and
                        with each ci/*-values.yaml, and compare
                        (--only NAME, --lines N, --save DIR, --kube-version v1.31.0)
  helm-random ...       the same for templates made up from a seed (--count N, --seed S, --findings N, --loud true)
  goldens charts        record what the real helm prints for tests/charts/cases
  goldens yaml [DIR]    record how the real kubectl reads DIR/*.yaml (default: sources/yaml/tests/data)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["real", more @ ..] => real::run(more),
        ["schema-table"] => schema_table::run(),
        ["schema-table", release] => schema_table::run_on_sources(release),
        ["protobuf-table"] => protobuf_table::run(),
        ["fuzz", "--seconds", seconds] => fuzz::run(seconds),
        ["differential", options @ ..] => {
            optimized::run("mainstay-differential", options, "the servers differ, or could not be compared")
        }
        ["simulate", options @ ..] => {
            optimized::run("mainstay-simulation", options, "a seed failed, or could not be played")
        }
        ["soak", options @ ..] => {
            let daemon = optimized::build("mainstay")?.display().to_string();
            let options: Vec<&str> =
                ["--mainstay", &daemon].into_iter().chain(options.iter().copied()).collect();
            optimized::run("mainstay-soak", &options, "not all was well, or it could not be played")
        }
        ["goldens", "charts"] => charts("record", &[]),
        ["kustomize-compare", options @ ..] => trees("compare", options),
        ["helm-compare", options @ ..] => charts("compare", options),
        ["helm-random", options @ ..] => charts("random", options),
        ["kustomize-random", options @ ..] => trees("random", options),
        ["goldens", "yaml"] => goldens::yaml(None),
        ["goldens", "yaml", folder] => goldens::yaml(Some(folder)),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("no such command: {}\n\n{USAGE}", other.join(" ")),
    }
}

fn charts(command: &str, options: &[&str]) -> Result<()> {
    let options: Vec<&str> = [command].into_iter().chain(options.iter().copied()).collect();
    optimized::run("mainstay-charts", &options, "the charts render differently, or could not be compared")
}

fn trees(command: &str, options: &[&str]) -> Result<()> {
    let options: Vec<&str> = [command].into_iter().chain(options.iter().copied()).collect();
    optimized::run("mainstay-trees", &options, "the trees build differently, or could not be compared")
}
