use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, Live};
use crate::output;
use crate::progress::Progress;
use crate::render::find;
use crate::repository::{Fixed, RepositoryArgs};
use mainstay_unit::RenderState;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    unit: String,
    #[command(flatten)]
    repository: RepositoryArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let state = args.cluster.state.open()?;
    state.create()?;
    let progress = Progress::new("fetching the repository");
    let mut repository = args.repository.open(&state, "look")?;
    let newest = repository.fetch()?;
    let live = Live::connect(&args.cluster)?;
    progress.says("reading the revision");
    let checkout = repository.at(&newest)?;
    let followed = mainstay_runtime::Sources::followed(&repository);
    let mut fixed = Fixed { checkout, followed, others: Some(&mut repository) };
    let reading = fixed.read_with(&live.answers(), &args.repository.entry()?)?;
    let id = find(reading.units.keys(), &args.unit)?;
    let plan = live.plan_of(&reading, Some(&id), &progress)?;
    drop(progress);
    output::print(&mainstay_plan::text(&plan))?;
    match reading.units.get(&id).map(|unit| &unit.state) {
        Some(RenderState::Failed { .. }) => Ok(Exit::User),
        Some(RenderState::Rendered(_) | RenderState::NotRendered { .. }) | None => {
            Ok(Exit::of_plan(&plan, false))
        }
    }
}
