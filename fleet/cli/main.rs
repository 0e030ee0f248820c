//! The `mainstay` binary: one file per command; this one knows which there are and what a failure's exit code is.

mod approve;
mod bench;
mod build;
mod completions;
mod config;
mod control_plane;
mod demo;
mod diff;
mod exit;
mod explain;
mod folder;
mod followed;
mod get;
mod health;
mod hosting;
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
    #[arg(long, global = true, env = "MAINSTAY_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Which log lines are written, for example `info` or `mainstay_runtime=debug`
    #[arg(
        long,
        global = true,
        env = "MAINSTAY_LOG",
        default_value = "info,kube_client=off",
        value_name = "FILTER"
    )]
    log: String,
    /// Configuration file (YAML; its keys are the names of the flags) [default: ~/.config/mainstay/config.yaml]
    #[arg(long, global = true, env = "MAINSTAY_CONFIG", value_name = "FILE")]
    config: Option<std::path::PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Follow a platform repository and hold the fleet to it
    Run(run::Args),
    /// Show what a revision would change, without changing anything
    Plan(plan::Args),
    /// Check a platform repository and list everything that is wrong with it
    Validate(validate::Args),
    /// Print the objects that a unit renders to
    Render(render::Args),
    /// Print what `kustomize build` prints for a folder, or `helm template` for one with a chart
    Build(build::Args),
    /// List units, clusters or tenants
    Get(get::Args),
    /// Draw the units in dependency order
    Tree(tree::Args),
    /// Say what a unit waits on, or why it fails
    Why(why::Args),
    /// Show how a unit's objects differ from its cluster
    Diff(diff::Args),
    /// Leave a unit alone until it is resumed
    Suspend(steer::SuspendArgs),
    /// Take a suspended unit up again
    Resume(steer::ResumeArgs),
    /// Look at units again now, whatever they wait for
    Reconcile(steer::ReconcileArgs),
    /// Run the tests of a release (`helm.sh/hook: test`) and wait for them
    Test(test::Args),
    /// Let a held removal go on
    Approve(approve::Args),
    /// Take over from another tool, without a recreate: shows each step, and can undo it
    Migrate(migrate::Args),
    /// Leave a fleet: objects stay as they are, and nothing of them is Mainstay's any more
    Uninstall(uninstall::Args),
    /// Say what the engine would make of objects' status, with your own rules if you like
    Health(health::Args),
    /// Explain a diagnostic's code
    Explain(explain::Args),
    /// Print the JSON Schemas of the native kinds
    Schema(schema::Args),
    /// Serve the embedded control plane as a process of its own
    ControlPlane(control_plane::Args),
    /// Write an example platform repository and run it on the embedded control plane
    Demo(demo::Args),
    /// Measure what the documentation promises
    Bench(bench::Args),
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Write man pages
    Man(completions::ManArgs),
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
    log(&cli.global);
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::Plan(args) => plan::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Get(args) => get::run(&args),
        Command::Tree(args) => tree::run(&args),
        Command::Why(args) => why::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Suspend(args) => steer::suspend(&args),
        Command::Resume(args) => steer::resume(&args),
        Command::Reconcile(args) => steer::reconcile(&args),
        Command::Test(args) => test::run(&args),
        Command::Approve(args) => approve::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Uninstall(args) => uninstall::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::ControlPlane(args) => control_plane::run(&args),
        Command::Demo(args) => demo::run(args),
        Command::Bench(args) => bench::run(&args),
        Command::Version => {
            println!("mainstay {}", env!("CARGO_PKG_VERSION"));
            Ok(Exit::Done)
        }
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => completions::man(&args, Cli::command()),
    }
}

fn log(global: &Global) {
    // What the client says of a failed request, whoever made the request says better.
    let filter = |log: &str| tracing_subscriber::EnvFilter::try_new(format!("kube_client=off,{log}"));
    let filter = filter(&global.log).unwrap_or_else(|error| {
        anstream::eprintln!("warning: --log {:?} is not a filter ({error}); using info", global.log);
        tracing_subscriber::EnvFilter::new("kube_client=off,info")
    });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match global.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_target(false).with_ansi(colours).compact().init();
        }
    }
}
