mod chart;
mod inflate;
mod remote;

pub(crate) use chart::{files, now, read_values};

use crate::exit::{Exit, Failure};
use crate::folder::Disk;
use crate::output;
use crate::state::StateArgs;
use mainstay_diagnostic::Diagnostics;
use mainstay_kustomize::{Build, Charts, Options, Order, Remote, RemoteBase};
use mainstay_unit::tree::TreePath;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with a kustomization, or with a chart
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Folder that nothing is read outside of [default: the checkout that the folder is in, else the folder]
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Order of the objects where the kustomization has no sortOptions
    #[arg(long, value_name = "ORDER")]
    reorder: Option<Reorder>,
    /// Whether kustomizations may read files outside of their folders, but within the root
    #[arg(long, value_name = "WHICH", default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: Restrictor,
    /// Label every object with what built it
    #[arg(long)]
    enable_managedby_label: bool,
    /// Render the charts that helmCharts names; none is pulled, they must be there
    #[arg(long)]
    enable_helm: bool,
    /// URL of Git repositories whose folders may be bases, at commits that are named whole; every repository below it
    #[arg(long, value_name = "PREFIX")]
    allow_remote: Vec<String>,
    #[command(flatten)]
    state: StateArgs,
    /// File to write to
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    chart: chart::Args,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Reorder {
    None,
    Legacy,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Restrictor {
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone")]
    None,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let real = |path: &Path| {
        path.canonicalize().map_err(|e| Failure::user(format!("{} can't be read: {e}", path.display())))
    };
    let at = real(&args.folder)?;
    let root = match &args.root {
        Some(root) => real(root)?,
        None => at.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&at).to_owned(),
    };
    if at.join("Chart.yaml").is_file() {
        return write(args, &chart::build(&args.chart, &at, &root)?);
    }
    if args.chart.any_but_cluster() || (args.chart.any() && !args.enable_helm) {
        return Err(Failure::user(format!("{} holds no Chart.yaml", at.display())));
    }
    let inside =
        at.strip_prefix(&root).ok().and_then(|inside| TreePath::parse(&inside.to_string_lossy()).ok());
    let inside =
        inside.ok_or_else(|| Failure::user(format!("{} is not in {}", at.display(), root.display())))?;
    let options = Options {
        order: args.reorder.map(|order| match order {
            Reorder::None => Order::Fifo,
            Reorder::Legacy => Order::Legacy,
        }),
        anywhere: matches!(args.load_restrictor, Restrictor::None),
        managed_by_label: args.enable_managedby_label,
    };
    let tree = Disk::new(root.clone());
    let cluster = args.chart.cluster()?;
    let charts = args.enable_helm.then_some(&cluster as &dyn Charts);
    let remote = |base: &RemoteBase| remote::tree(base, &args.allow_remote, &args.state);
    let remote = (!args.allow_remote.is_empty()).then_some(&remote as Remote<'_>);
    let request = Build { options, charts, remote, ..Build::new(&tree, &inside) };
    let printed = mainstay_kustomize::print(&request).map_err(|failed| {
        tell(&root, &failed.diagnostics);
        Failure::user(format!("{} can't be built", args.folder.display()))
    })?;
    tell(&root, &printed.warnings);
    write(args, &printed.text)
}

/// Files are named as they are reached from here, so that a terminal or an editor opens them.
fn tell(root: &Path, said: &Diagnostics) {
    let here = std::env::current_dir().ok();
    for diagnostic in said.iter() {
        let mut diagnostic = diagnostic.clone();
        if let Some(location) = &mut diagnostic.location {
            let at = root.join(&location.file);
            if at.is_file() {
                let near = here.as_deref().and_then(|here| at.strip_prefix(here).ok()).unwrap_or(&at);
                location.file = near.display().to_string();
            }
        }
        anstream::eprint!("{}", output::diagnostic(&diagnostic));
    }
}

fn write(args: &Args, text: &str) -> Result<Exit, Failure> {
    match &args.output {
        None => output::data(text)?,
        Some(file) => std::fs::write(file, text)
            .map_err(|e| Failure::environment(format!("{} can't be written: {e}", file.display())))?,
    }
    Ok(Exit::Done)
}
