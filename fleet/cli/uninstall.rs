use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::output;
use crate::run::hostname;
use mainstay_runtime::Released;
use std::collections::BTreeSet;

#[derive(clap::Args)]
#[command(
    after_help = "Objects stay as they are. Taken off them are Mainstay's label, its annotation and its ownership of \
                        fields;\ndeleted are its records, its Lease, its definition of Unit, and its namespace unless \
                        that holds something else.\nStop the daemon first. It can be run again where it was interrupted."
)]
pub(crate) struct Args {
    /// Do it; without this, what would be done is shown
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    block_on(async {
        let management = args.cluster.connect().await?;
        let records = mainstay_runtime::records(&management).await.map_err(Failure::environment)?;
        let objects: usize = records.iter().map(|record| record.inventory.len()).sum();
        let clusters: BTreeSet<_> = records.iter().map(|record| record.target()).collect();
        let what = format!(
            "{} with {} on {}",
            output::count(records.len(), "unit"),
            output::count(objects, "object"),
            output::count(clusters.len(), "cluster")
        );
        if !args.yes {
            output::print(&format!(
                "{what} would be released; their objects stay. Nothing has been changed: add --yes.\n"
            ))?;
            return Ok(Exit::Changes);
        }
        let holder = format!("uninstall-{}-{}", hostname(), std::process::id());
        let mut lines = Vec::new();
        let tell = |released: Released| {
            let line = match released {
                Released::Unit { unit, objects } => {
                    format!("{unit}: {} released", output::count(objects, "object"))
                }
                Released::Failed { unit, why } => format!("{unit}: stays recorded: {why}"),
                Released::Kept { cluster, why } if cluster.is_empty() => {
                    format!("the management cluster: {why}")
                }
                Released::Kept { cluster, why } => format!("cluster {cluster}: {why}"),
            };
            lines.push(output::print(&format!("{line}\n")));
        };
        let outcome = mainstay_runtime::uninstall(&management, holder, tell).await;
        lines.into_iter().collect::<Result<Vec<_>, _>>()?;
        outcome.map_err(Failure::environment)?;
        output::print(&format!("Released: {what}.\n"))?;
        Ok(Exit::Done)
    })
}
