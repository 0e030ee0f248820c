//! The `mainstay` binary: one file per command; this one knows which there are and what a failure's exit code is.

mod approve;
mod bench;
mod build;
mod completions;
mod config;
mod control_plane;
mod deferred;
mod demo;
mod diff;
mod exit;
mod explain;
mod folder;
mod followed;
mod get;
mod health;
mod hosting;
mod log;
mod management;
mod migrate;
mod output;
mod plan;
mod progress;
mod render;
mod report;
mod repository;
mod rules;
mod run;
mod schema;
mod state;
mod steer;
mod test;
mod tree;
mod uninstall;
mod validate;
mod waiting;
mod why;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use deferred::Deferred;
use exit::{Exit, Failure};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Holds a fleet of Kubernetes clusters to what a Git repository says.
///
/// Exit codes: 0 in sync or done, 1 the repository or the command line is wrong, 2 there are changes to make, 3 something
/// outside failed (network, API server, disk) or a plan does not know every unit, 4 Mainstay itself is wrong.
#[derive(Parser)]
#[command(name = "mainstay", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args)]
pub(crate) struct Global {
    /// How log lines are written to standard error
    #[arg(long, global = true, env = "MAINSTAY_LOG_FORMAT", default_value = "text", display_order = 900)]
    log_format: log::Format,
    /// Which log lines are written, for example `info` or `mainstay_runtime=debug`
    #[arg(
        long,
        global = true,
        env = "MAINSTAY_LOG",
        default_value = "info",
        value_name = "FILTER",
        display_order = 900
    )]
    log: String,
    /// Configuration file (YAML; its keys are the names of the flags) [default: ~/.config/mainstay/config.yaml]
    #[arg(long, global = true, env = "MAINSTAY_CONFIG", value_name = "FILE", display_order = 900)]
    config: Option<std::path::PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Follow a platform repository and hold the fleet to it
    Run(Deferred<run::Args>),
    /// Show what a revision would change, without changing anything
    Plan(Deferred<plan::Args>),
    /// Check a platform repository and list everything that is wrong with it
    Validate(Deferred<validate::Args>),
    /// Print the objects that a unit renders to
    Render(Deferred<render::Args>),
    /// Print what `kustomize build` prints for a folder, or `helm template` for one with a chart
    Build(Deferred<build::Args>),
    /// List units, clusters or tenants
    Get(Deferred<get::Args>),
    /// Draw the units in dependency order
    Tree(Deferred<tree::Args>),
    /// Say what a unit waits on, or why it fails
    Why(Deferred<why::Args>),
    /// Show how a unit's objects differ from its cluster
    Diff(Deferred<diff::Args>),
    /// Leave a unit alone until it is resumed
    Suspend(Deferred<steer::SuspendArgs>),
    /// Take a suspended unit up again
    Resume(Deferred<steer::ResumeArgs>),
    /// Look at units again now, whatever they wait for
    Reconcile(Deferred<steer::ReconcileArgs>),
    /// Run the tests of a release (`helm.sh/hook: test`) and wait for them
    Test(Deferred<test::Args>),
    /// Let a held removal go on
    Approve(Deferred<approve::Args>),
    /// Take over from another tool, without a recreate: shows each step, and can undo it
    Migrate(Deferred<migrate::Args>),
    /// Leave a fleet: objects stay as they are, and nothing of them is Mainstay's any more
    Uninstall(Deferred<uninstall::Args>),
    /// Say what the engine would make of objects' status, with your own rules if you like
    Health(Deferred<health::Args>),
    /// Explain a diagnostic's code
    Explain(Deferred<explain::Args>),
    /// Print the JSON Schemas of the native kinds
    Schema(Deferred<schema::Args>),
    /// Serve the embedded control plane as a process of its own
    ControlPlane(Deferred<control_plane::Args>),
    /// Write an example platform repository and run it on the embedded control plane
    Demo(Deferred<demo::Args>),
    /// Measure what the documentation promises
    Bench(Deferred<bench::Args>),
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions(Deferred<completions::Args>),
    /// Write man pages
    Man(Deferred<completions::ManArgs>),
}

fn main() -> ExitCode {
    match start() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            anstream::eprintln!("{failure}");
            failure.exit().into()
        }
    }
}

fn start() -> Result<Exit, Failure> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let command = config::with_defaults(Cli::command(), &arguments)?;
    let cli = match command.try_get_matches_from(arguments).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            error
                .print()
                .map_err(|e| Failure::environment(format!("standard output can't be written: {e}")))?;
            return Ok(if wrong { Exit::User } else { Exit::Done });
        }
    };
    log::to_stderr(cli.global.log_format, &cli.global.log);
    match cli.command {
        Command::Run(args) => run::run(args.0),
        Command::Plan(args) => plan::run(&args.0),
        Command::Validate(args) => validate::run(&args.0),
        Command::Build(args) => build::run(&args.0),
        Command::Render(args) => render::run(&args.0),
        Command::Get(args) => get::run(&args.0),
        Command::Tree(args) => tree::run(&args.0),
        Command::Why(args) => why::run(&args.0),
        Command::Diff(args) => diff::run(&args.0),
        Command::Suspend(args) => steer::suspend(&args.0),
        Command::Resume(args) => steer::resume(&args.0),
        Command::Reconcile(args) => steer::reconcile(&args.0),
        Command::Test(args) => test::run(&args.0),
        Command::Approve(args) => approve::run(&args.0),
        Command::Migrate(args) => migrate::run(&args.0),
        Command::Uninstall(args) => uninstall::run(&args.0),
        Command::Health(args) => health::run(&args.0),
        Command::Explain(args) => explain::run(&args.0),
        Command::Schema(args) => schema::run(&args.0),
        Command::ControlPlane(args) => control_plane::run(&args.0),
        Command::Demo(args) => demo::run(args.0),
        Command::Bench(args) => bench::run(&args.0),
        Command::Version => {
            println!("mainstay {}", env!("CARGO_PKG_VERSION"));
            Ok(Exit::Done)
        }
        Command::Completions(args) => completions::run(&args.0, Cli::command()),
        Command::Man(args) => completions::man(&args.0, Cli::command()),
    }
}
