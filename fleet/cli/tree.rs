use crate::exit::{Exit, Failure};
use crate::folder;
use crate::get;
use crate::management::ClusterArgs;
use crate::output;
use crate::repository::{Fixed, RepositoryArgs};
use mainstay_graph::{Edge, Graph, Reason, draw};
use mainstay_render::Checkout;
use mainstay_unit::tree::Tree;
use std::sync::Arc;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    repository: RepositoryArgs,
    /// Draw what the local folder declares instead of what is running
    #[arg(long)]
    declared: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let graph = if args.declared {
        let path = args.repository.local().ok_or_else(|| Failure::user("--declared needs a local folder"))?;
        let tree: Arc<dyn Tree> = Arc::new(folder::read(&path)?);
        let checkout = Checkout { revision: "working tree".into(), tree };
        let reading = Fixed { checkout, followed: args.repository.followed(&path), others: None }
            .read(&args.repository.entry()?)?;
        mainstay_graph::of_reading(&reading)
    } else {
        let records = get::read(&args.cluster)?;
        let edges: Vec<Edge> = records
            .iter()
            .flat_map(|r| {
                let edge = |to: &mainstay_unit::UnitId| Edge {
                    from: r.id.clone(),
                    to: to.clone(),
                    reason: Reason::Declared,
                };
                r.depends_on.iter().map(edge).collect::<Vec<_>>()
            })
            .collect();
        Graph::new(records.into_iter().map(|r| r.id), edges)
    };
    output::print(&draw(&graph))?;
    Ok(Exit::Done)
}
