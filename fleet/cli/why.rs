use crate::exit::{Exit, Failure};
use crate::get;
use crate::management::ClusterArgs;
use crate::output;
use crate::render::find;
use mainstay_reconcile::Record;
use std::fmt::Write;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    unit: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let records = get::read(&args.cluster)?;
    let id = find(records.iter().map(|r| &r.id), &args.unit)?;
    let record = records.iter().find(|r| r.id == id).ok_or_else(|| Failure::internal("a unit vanished"))?;
    output::print(&tell(record, &records))?;
    Ok(Exit::Done)
}

fn tell(record: &Record, all: &[Record]) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{text}");
    };
    let simulated = if record.simulated { " (simulated)" } else { "" };
    line(format!("{} is {} and {}{simulated}.", record.id, record.phase, record.health));
    if !record.message.is_empty() {
        line(format!("  {}", record.message));
    }
    if !record.declared_at.is_empty() {
        line(format!("  declared at {}", record.declared_at));
    }
    if !record.revision.is_empty() {
        let objects = output::count(record.inventory.len(), "object");
        line(format!("  applied revision {} ({objects})", record.revision));
    }
    if let Some(hash) = &record.held {
        line(format!("  to go on: mainstay approve {hash}"));
    }
    // The chain of causes: who waits on something that itself waits or fails.
    let mut at = record;
    let mut seen = vec![&at.id];
    while let Some(cause) = at.depends_on_or_named(all).find(|r| r.phase != "Ready" && !seen.contains(&&r.id))
    {
        line(format!("  because {} is {}: {}", cause.id, cause.phase, cause.message));
        seen.push(&cause.id);
        at = cause;
    }
    out
}

trait Causes {
    /// Units that a record depends on, or that its message says it waits on.
    fn depends_on_or_named<'a>(&'a self, all: &'a [Record]) -> impl Iterator<Item = &'a Record>;
}

impl Causes for Record {
    fn depends_on_or_named<'a>(&'a self, all: &'a [Record]) -> impl Iterator<Item = &'a Record> {
        all.iter().filter(|r| {
            r.id != self.id
                && (self.depends_on.contains(&r.id) || self.message.contains(&format!("{}:", r.id)))
        })
    }
}
