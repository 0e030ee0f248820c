use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{self, Format};
use crate::repository::{Fixed, RepositoryArgs};
use crate::state::StateArgs;
use mainstay_render::Checkout;
use mainstay_unit::Reading;
use mainstay_unit::tree::Tree;
use std::sync::Arc;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    repository: RepositoryArgs,
    #[command(flatten)]
    state: StateArgs,
    /// Fetch nothing: units of other repositories are planned, not rendered
    #[arg(long)]
    offline: bool,
    /// How problems are written
    #[arg(short, long, default_value = "table")]
    output: Format,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let entry = args.repository.entry()?;
    let reading = match args.repository.local() {
        // A folder is checked as it lies there, committed or not.
        Some(path) => {
            let tree = folder::read(&path)?;
            let checkout =
                Checkout { revision: "working tree".into(), tree: Arc::new(tree) as Arc<dyn Tree> };
            let mut others = if args.offline { None } else { neighbours(args)? };
            Fixed { checkout, followed: args.repository.followed(&path), others: others.as_mut() }
                .read(&entry)?
        }
        None => {
            let state = args.state.open()?;
            state.create()?;
            let mut repository = args.repository.open(&state, "look")?;
            let commit = repository.fetch()?;
            let checkout = repository.at(&commit)?;
            let followed = mainstay_runtime::Sources::followed(&repository);
            let others = (!args.offline).then_some(&mut repository);
            Fixed { checkout, followed, others }.read(&entry)?
        }
    };
    report(&reading, args.output)?;
    Ok(if reading.errors().next().is_some() { Exit::User } else { Exit::Done })
}

/// Only a Git repository can tell where further ones are mirrored from.
fn neighbours(args: &Args) -> Result<Option<crate::repository::Repository>, Failure> {
    if !args.repository.local().is_some_and(|p| p.join(".git").exists()) {
        return Ok(None);
    }
    let state = args.state.open()?;
    state.create()?;
    args.repository.open(&state, "look").map(Some)
}

fn report(reading: &Reading, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json | Format::Yaml => return output::structured(&reading.diagnostics, format),
        Format::Table | Format::Wide => {}
    }
    crate::report::print(reading, format == Format::Wide)
}
