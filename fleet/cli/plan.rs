use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::output;
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
    let mut repository = args.repository.open(&state, "look")?;
    let newest = repository.fetch()?;
    let head = read(args, &mut repository, args.head.as_deref().unwrap_or(&newest))?;
    let plan = match &args.base {
        Some(base) => {
            let base = read(args, &mut repository, base)?;
            let graph = mainstay_graph::of_reading(&head);
            mainstay_plan::between(&base, &head, &|id| graph.wave(id).unwrap_or_default())
        }
        None => {
            block_on(async {
                let management = args.cluster.connect().await?;
                mainstay_runtime::plan(&management, &head).await.map_err(Failure::environment)
            })?
            .plan
        }
    };
    show(args, &plan, &head)?;
    if head.errors().next().is_some() {
        return Ok(Exit::User);
    }
    Ok(if plan.has_changes() { Exit::Changes } else { Exit::Done })
}

fn read(args: &Args, repository: &mut Repository, revision: &str) -> Result<Reading, Failure> {
    let checkout = repository.at(revision)?;
    let followed = mainstay_runtime::Sources::followed(repository);
    let others = (!args.offline).then_some(repository);
    Ok(Fixed { checkout, followed, others }.read(&args.repository.entry()?))
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
