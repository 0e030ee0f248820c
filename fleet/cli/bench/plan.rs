//! How long a revision takes from its commit to what is to be done, cold and after a small change.

mod fleet;
mod world;

use super::figures::{Figures, Target, forget_peak, memory};
use super::in_folder;
use super::revision::{author, next, reader, sources};
use crate::exit::{Exit, Failure};
use crate::output::Format;
use fleet::{OBJECTS, files, module};
use mainstay_runtime::Sources;
use std::path::Path;
use std::time::Instant;
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
    let figures = in_folder(|folder| measure(args, folder))?;
    figures.show(args.output, args.check)
}

fn measure(args: &Args, folder: &Path) -> Result<Figures, Failure> {
    let units = args.units as usize;
    // Whatever the allocator keeps of the first reading is counted too.
    let empty = memory("VmRSS:");
    let repository = folder.join("platform");
    mainstay_git::init(&repository, &files(units)?, "The fleet", &author())?;
    let mut cold = reader(sources(folder, &repository, "cold")?);
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
    forget_peak();
    let mut mirror = sources(folder, &repository, "warm")?;
    let begun = Instant::now();
    mirror.platform().map_err(Failure::environment)?;
    let cloned = begun.elapsed();
    let mut reader = reader(mirror);
    let (reading, read) = next(&mut reader)?;
    let objects = units * OBJECTS;
    out.push(format!("{units} units, {objects} objects: cloned"), cloned.as_secs_f64(), "s");
    out.push("parsed and rendered from nothing", read.as_secs_f64(), "s");
    let begun = Instant::now();
    let actions = world.read(reading);
    let decided = begun.elapsed().as_secs_f64();
    out.push("planned, observed state loaded", decided, "s");
    let total = read.as_secs_f64() + decided;
    // The promise is about planning; it is held with parsing and rendering in it.
    match units {
        10_000 => out.hold("cold plan: parsed, rendered and planned", total, "s", Target::Below(5.0)),
        _ => out.push("cold plan: parsed, rendered and planned", total, "s"),
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
    if let (Some(now), Some(empty)) = (memory("VmRSS:"), empty) {
        out.push("memory once all is settled", now / f64::from(1 << 20), "MiB");
        let each = (now - empty) / objects as f64;
        match units {
            10_000 => out.hold(
                "memory of a managed object, beside an empty process",
                each,
                "bytes",
                Target::Below(1024.0),
            ),
            _ => out.push("memory of a managed object, beside an empty process", each, "bytes"),
        }
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
