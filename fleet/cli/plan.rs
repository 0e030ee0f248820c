use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, Live};
use crate::output;
use crate::progress::Progress;
use crate::repository::{Fixed, Repository, RepositoryArgs};
use crate::rules;
use mainstay_plan::Plan;
use mainstay_render::Inputs;
use mainstay_unit::tree::TreePath;
use mainstay_unit::{HealthRules, Reading};

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
    let (plan, head, judged) = match &args.base {
        Some(base) => {
            progress.says("reading both revisions");
            let head = read(args, &mut repository, revision)?;
            let base = read(args, &mut repository, base)?;
            let graph = mainstay_graph::of_reading(&head);
            let plan = mainstay_plan::between(&base, &head, &|id| graph.wave(id).unwrap_or_default());
            let judged = rules::changes(&base.health_rules, &head.health_rules);
            (plan, head, judged)
        }
        None => live(args, &mut repository, revision, &progress)?,
    };
    drop(progress);
    show(args, &plan, &head, &judged)?;
    if head.errors().next().is_some() {
        return Ok(Exit::User);
    }
    Ok(Exit::of_plan(&plan, args.offline))
}

/// Against the clusters; what declarations refer to is read there too.
fn live(
    args: &Args,
    repository: &mut Repository,
    revision: &str,
    progress: &Progress,
) -> Result<(Plan, Reading, Vec<String>), Failure> {
    let live = Live::connect(&args.cluster)?;
    progress.says("reading the revision");
    let checkout = repository.at(revision)?;
    let followed = mainstay_runtime::Sources::followed(repository);
    let entry = args.repository.entry()?;
    let before = in_force(&live, repository, &entry);
    let mut fixed = Fixed { checkout, followed, others: Some(repository) };
    let head = fixed.read_with(&live.answers(), &entry)?;
    let plan = live.plan(&head, progress)?;
    let judged = rules::changes(&before, &head.health_rules);
    Ok((plan, head, judged))
}

/// Where the revision is not at hand whose rules are in force, it is not known what changes.
fn in_force(live: &Live, repository: &mut Repository, entry: &TreePath) -> HealthRules {
    let unknown = |why: String| HealthRules::Unknown { why };
    match live.rules() {
        None => unknown("what is in force can't be read".to_owned()),
        Some(None) => HealthRules::default(),
        Some(Some(recorded)) => match repository.at(&recorded.revision) {
            Ok(checkout) => mainstay_render::health_rules(&Inputs::new(checkout, entry.clone())).0,
            Err(failure) => unknown(failure.to_string()),
        },
    }
}

fn read(args: &Args, repository: &mut Repository, revision: &str) -> Result<Reading, Failure> {
    let checkout = repository.at(revision)?;
    let followed = mainstay_runtime::Sources::followed(repository);
    let others = (!args.offline).then_some(repository);
    Fixed { checkout, followed, others }.read(&args.repository.entry()?)
}

/// `judged`: kinds whose health rule changes.
fn show(args: &Args, plan: &Plan, head: &Reading, judged: &[String]) -> Result<(), Failure> {
    let rules = match judged {
        [] => String::new(),
        kinds => format!("Judged by another health rule, without a request: {}.\n", kinds.join(", ")),
    };
    match args.output {
        PlanFormat::Json => {
            let all = serde_json::json!({
                "plan": plan, "counts": plan.counts(), "hash": plan.hash(), "diagnostics": head.diagnostics,
                "judged": judged,
            });
            output::structured(&all, output::Format::Json)
        }
        PlanFormat::Markdown => output::print(&format!("{}{rules}", mainstay_plan::markdown(plan))),
        PlanFormat::Text => {
            for diagnostic in head.errors() {
                output::print(&output::diagnostic(diagnostic))?;
            }
            output::print(&format!("{}{rules}", mainstay_plan::text(plan)))
        }
    }
}
