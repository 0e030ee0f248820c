//! How long a revision takes from its commit to what is to be done, cold and after a small change.

mod fleet;
mod world;

use super::figures::{Figures, Target, forget_peak, memory};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format};
use crate::repository::RepositoryArgs;
use crate::state::State;
use fleet::{OBJECTS, files, module};
use mainstay_git::Author;
use mainstay_runtime::{Answers, Read, Reader, Sources};
use mainstay_unit::Reading;
use mainstay_unit::tree::TreePath;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use world::{Effects, World};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Units of ten objects of 2 KB each, out of ten templates
    #[arg(long, default_value = "10000", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    units: u32,
    /// Commits that touch one unit each
    #[arg(long, default_value = "20", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    commits: u16,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let folder = std::env::temp_dir().join(format!("mainstay-bench-{}", std::process::id()));
    let outcome = measure(args, &folder);
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        tracing::warn!(%error, folder = %folder.display(), "the bench's folder could not be removed");
    }
    let figures = outcome?;
    match args.output {
        Format::Table | Format::Wide => output::print(&figures.table())?,
        Format::Json | Format::Yaml => output::structured(&figures, args.output)?,
    }
    Ok(if args.check && figures.any_missed() { Exit::User } else { Exit::Done })
}

fn measure(args: &Args, folder: &Path) -> Result<Figures, Failure> {
    let units = args.units as usize;
    let repository = folder.join("platform");
    mainstay_git::init(&repository, &files(units)?, "The fleet", &author())?;
    let mut cold = reader(folder, &repository, "cold")?;
    let mut out = Figures::default();

    // What another daemon has left behind: everything applied.
    let (first, _) = next(&mut cold)?;
    let mut world = World::restarted(Vec::new());
    let actions = world.read(first);
    let effects = world.carry_out(actions);
    expect("the first revision", &effects, (units, units * OBJECTS))?;
    let records = std::mem::take(&mut world.records).into_values().collect();
    drop((cold, world));

    let mut world = World::restarted(records);
    world.observe_recorded();
    let loaded = memory("VmRSS:");
    forget_peak();
    let mut reader = reader(folder, &repository, "warm")?;
    let (reading, reading_took) = next(&mut reader)?;
    let objects = units * OBJECTS;
    out.push(format!("{units} units, {objects} objects: read from nothing"), reading_took.as_secs_f64(), "s");
    let begun = Instant::now();
    let actions = world.read(reading);
    let decided = begun.elapsed();
    out.push("decided what to do", decided.as_secs_f64(), "s");
    let total = (reading_took + decided).as_secs_f64();
    if units == 10_000 {
        out.hold("cold plan", total, "s", Target::Below(5.0));
    } else {
        out.push("cold plan", total, "s");
    }
    let effects = world.carry_out(actions);
    out.hold(
        "requests that a no-op sends",
        (effects.sent + effects.deleted) as f64,
        "",
        Target::Exactly(0.0),
    );
    if let Some(peak) = memory("VmHWM:") {
        let peak = peak / f64::from(1 << 20);
        match units {
            10_000 => out.hold("peak memory", peak, "MiB", Target::Below(1024.0)),
            _ => out.push("peak memory", peak, "MiB"),
        }
    }
    if let (Some(now), Some(_)) = (memory("VmRSS:"), loaded) {
        out.push("memory once all is settled", now / f64::from(1 << 20), "MiB");
    }

    let mut took = Vec::new();
    let (mut reads, mut steps) = (Vec::new(), Vec::new());
    let mut renders = 0;
    for round in 1..=usize::from(args.commits) {
        let (path, bytes) = module(round * 7919 % units, round)?;
        mainstay_git::commit(&repository, "main", &[(path, Some(bytes))], "One unit", &author())?;
        let (reading, read) = next(&mut reader)?;
        let begun = Instant::now();
        let actions = world.read(reading);
        let decided = begun.elapsed();
        renders = renders.max(reader.rendered());
        expect("a commit that touches one unit", &world.carry_out(actions), (1, OBJECTS))?;
        took.push((read + decided).as_secs_f64() * 1000.0);
        reads.push(read.as_secs_f64() * 1000.0);
        steps.push(decided.as_secs_f64() * 1000.0);
    }
    let median = super::apiserver::median;
    out.push("a commit that touches one unit: fetched and read", median(&reads), "ms");
    out.push("decided what to do", median(&steps), "ms");
    let what = format!("plan of a commit that touches one unit, median of {}", took.len());
    match units {
        10_000 => out.hold(what, median(&took), "ms", Target::Below(150.0)),
        _ => out.push(what, median(&took), "ms"),
    }
    out.push("slowest", took.iter().copied().fold(0.0, f64::max), "ms");
    out.hold("units rendered by it", renders as f64, "", Target::Exactly(1.0));
    Ok(out)
}

fn expect(what: &str, effects: &Effects, (applied, sent): (usize, usize)) -> Result<(), Failure> {
    if (effects.applied, effects.sent, effects.deleted) == (applied, sent, 0) {
        return Ok(());
    }
    Err(Failure::internal(format!("{what} should apply {applied} units and {sent} objects: {effects:?}")))
}

fn reader(folder: &Path, repository: &Path, name: &str) -> Result<Reader<impl Sources + use<>>, Failure> {
    let state = State::at(folder.join(name));
    state.create()?;
    let place =
        RepositoryArgs { repository: repository.display().to_string(), ..RepositoryArgs::local_head() };
    Ok(Reader::new(place.open(&state, "run")?, TreePath::root(), Vec::new()))
}

fn next(reader: &mut Reader<impl Sources>) -> Result<(Arc<Reading>, Duration), Failure> {
    let begun = Instant::now();
    let read = reader.next(&Answers::Nobody).pop();
    let took = begun.elapsed();
    match read {
        Some(Read::Newest(reading)) => {
            let error = reading.errors().next().map(ToString::to_string);
            error.map_or(Ok((reading, took)), |error| Err(Failure::internal(error)))
        }
        Some(Read::Failed(why)) => Err(Failure::environment(why)),
        Some(Read::Past(_)) | None => Err(Failure::internal("nothing was read")),
    }
}

fn author() -> Author {
    Author {
        name: "Bench".into(),
        email: "bench@mainstay.invalid".into(),
        time: jiff::Timestamp::now().as_second(),
    }
}
