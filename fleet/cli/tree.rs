use crate::exit::{Exit, Failure};
use crate::folder;
use crate::get;
use crate::management::ClusterArgs;
use crate::output;
use crate::repository::{Fixed, RepositoryArgs};
use mainstay_graph::{Edge, Graph, Reason, draw, draw_known};
use mainstay_reconcile::Record;
use mainstay_render::Checkout;
use mainstay_unit::UnitId;
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
    let drawn = if args.declared {
        let path = args.repository.local().ok_or_else(|| Failure::user("--declared needs a local folder"))?;
        let tree: Arc<dyn Tree> = Arc::new(folder::read(&path)?);
        let checkout = Checkout { revision: "working tree".into(), tree };
        let reading = Fixed { checkout, followed: args.repository.followed(&path), others: None }
            .read(&args.repository.entry()?)?;
        draw(&mainstay_graph::of_reading(&reading))
    } else {
        running(&get::read(&args.cluster)?)
    };
    output::print(&drawn)?;
    Ok(Exit::Done)
}

/// What a unit comes after is recorded when it is applied: before that it has no place.
fn running(records: &[Record]) -> String {
    let edges = records.iter().flat_map(|record| {
        let edge = |to: &UnitId| Edge { from: record.id.clone(), to: to.clone(), reason: Reason::Declared };
        record.depends_on.iter().map(edge)
    });
    let graph = Graph::new(records.iter().map(|record| record.id.clone()), edges);
    let waiting = records.iter().filter(|record| !is_placed(record)).map(|record| {
        let why = if record.message.is_empty() { &record.phase } else { &record.message };
        (record.id.clone(), format!("not applied yet: {why}"))
    });
    draw_known(&graph, &waiting.collect())
}

fn is_placed(record: &Record) -> bool {
    !record.revision.is_empty()
        || !record.attempted.is_empty()
        || !record.inventory.is_empty()
        || !record.depends_on.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Record, UnitId, running};

    #[test]
    fn a_unit_that_was_never_applied_has_no_wave_and_says_why() {
        let id = |name: &str| UnitId::new("module", "t", name, "");
        let mut applied = Record::new(id("a"));
        applied.revision = "main@sha1:1".into();
        let mut after = Record::new(id("b"));
        after.revision = "main@sha1:1".into();
        after.depends_on = vec![id("a")];
        let mut waits = Record::new(id("c"));
        waits.message = "module/t/b is not ready".into();
        let expected = "\
0  module/t/a
1    module/t/b <- module/t/a
-  module/t/c (not applied yet: module/t/b is not ready)
-  module/t/d (not applied yet: Waiting)
";
        assert_eq!(running(&[applied, after, waits, Record::new(id("d"))]), expected);
    }
}
