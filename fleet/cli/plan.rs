use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, Live};
use crate::output;
use crate::progress::Progress;
use crate::repository::{Fixed, Repository, RepositoryArgs};
use mainstay_plan::Plan;
use mainstay_unit::Reading;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    repository: RepositoryArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Revision to plan: a branch, tag or commit [default: the newest commit]
    #[arg(long, value_name = "REVISION")]
    head: Option<String>,
    /// Compare with this revision instead of with the clusters
    #[arg(long, value_name = "REVISION", requires = "offline")]
    base: Option<String>,
    /// Ask no cluster
    #[arg(long, requires = "base")]
    offline: bool,
    /// How the plan is written
    #[arg(short, long, default_value = "text")]
    output: PlanFormat,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum PlanFormat {
    Text,
    Json,
    Markdown,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let state = args.cluster.state.open()?;
    state.create()?;
    let progress = Progress::new("fetching the repository");
    let mut repository = args.repository.open(&state, "look")?;
    let newest = repository.fetch()?;
    let revision = args.head.as_deref().unwrap_or(&newest);
    let (plan, head) = match &args.base {
        Some(base) => {
            progress.says("reading both revisions");
            let head = read(args, &mut repository, revision)?;
            let base = read(args, &mut repository, base)?;
            let graph = mainstay_graph::of_reading(&head);
            (mainstay_plan::between(&base, &head, &|id| graph.wave(id).unwrap_or_default()), head)
        }
        None => live(args, &mut repository, revision, &progress)?,
    };
    drop(progress);
    show(args, &plan, &head)?;
    if head.errors().next().is_some() {
        return Ok(Exit::User);
    }
    Ok(if plan.has_changes() { Exit::Changes } else { Exit::Done })
}

/// Against the clusters; what declarations refer to is read there too.
fn live(
    args: &Args,
    repository: &mut Repository,
    revision: &str,
    progress: &Progress,
) -> Result<(Plan, Reading), Failure> {
    let live = Live::connect(&args.cluster)?;
    progress.says("reading the revision");
    let checkout = repository.at(revision)?;
    let followed = mainstay_runtime::Sources::followed(repository);
    let mut fixed = Fixed { checkout, followed, others: Some(repository) };
    let head = fixed.read_with(&live.answers(), &args.repository.entry()?)?;
    let plan = live.plan(&head, progress)?;
    Ok((plan, head))
}

fn read(args: &Args, repository: &mut Repository, revision: &str) -> Result<Reading, Failure> {
    let checkout = repository.at(revision)?;
    let followed = mainstay_runtime::Sources::followed(repository);
    let others = (!args.offline).then_some(repository);
    Fixed { checkout, followed, others }.read(&args.repository.entry()?)
}

fn show(args: &Args, plan: &Plan, head: &Reading) -> Result<(), Failure> {
    match args.output {
        PlanFormat::Json => {
            let all = serde_json::json!({
                "plan": plan, "counts": plan.counts(), "hash": plan.hash(), "diagnostics": head.diagnostics,
            });
            output::structured(&all, output::Format::Json)
        }
        PlanFormat::Markdown => output::print(&mainstay_plan::markdown(plan)),
        PlanFormat::Text => {
            for diagnostic in head.errors() {
                output::print(&output::diagnostic(diagnostic))?;
            }
            output::print(&mainstay_plan::text(plan))
        }
    }
}
