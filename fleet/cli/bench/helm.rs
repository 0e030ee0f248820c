//! `build` of charts beside the real helm: the same charts, which have to print the same, in this process and as a process.

mod charts;

use super::apiserver::median;
use super::beside::{Took, highest, lowest, output, process, seconds};
use super::figures::{Figures, Target};
use super::revision::{author, file, next, reader, sources};
use super::tools::{above, own, tool};
use super::{Pace, in_folder, progress};
use crate::build;
use crate::exit::{Exit, Failure};
use crate::output::Format;
use charts::{Case, cases};
use mainstay_helm::{Asked, Capabilities, Limits, Release, Request, Values, observe, print};
use mainstay_unit::RenderState;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder of charts: each one below it that lies in no other, with its own values and with each
    /// `ci/*-values.yaml` [default: tests/charts/cases of this folder or one above it]
    #[arg(long, value_name = "FOLDER")]
    charts: Option<PathBuf>,
    /// The real helm [default: in KUBEBUILDER_ASSETS, in target/real of this folder or one above it, else on the PATH]
    #[arg(long, value_name = "FILE")]
    helm: Option<PathBuf>,
    /// How often each chart is rendered by each; the median counts
    #[arg(long, default_value = "3", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

/// Charts of the platform that is made up.
const PLATFORM: usize = 100;
/// In this process a render takes so little that one more round costs nothing.
const AGAIN: u16 = 5;
const RELEASE: &str = "release-name";
const NAMESPACE: &str = "default";

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    in_folder(|folder| measure(args, folder))?.show(args.output, args.check)
}

/// How what both print compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Printed {
    Same,
    /// But for lines that the real helm itself prints otherwise each time.
    SameButChance,
    Else,
    /// By both.
    Refused,
    RefusedByUs,
    RefusedByHelm,
}

fn measure(args: &Args, folder: &Path) -> Result<Figures, Failure> {
    let bench = Bench {
        real: tool(args.helm.as_deref(), "helm")?,
        own: own()?,
        home: folder.join("no-home"),
        rounds: args.rounds,
    };
    let charts = match &args.charts {
        Some(charts) => charts.clone(),
        None => above(Path::new("tests/charts/cases"))
            .ok_or_else(|| Failure::user("there are no charts here; name a folder of them with --charts"))?,
    };
    let mut took = Vec::new();
    let mut counts: BTreeMap<Printed, u32> = BTreeMap::new();
    let all = cases(&charts)?;
    progress(&format!("{}: {} charts and files of values", charts.display(), all.len()));
    let mut pace = Pace::new();
    for (done, case) in all.iter().enumerate() {
        pace.says(|| format!("{done} of {}: {case}", all.len()));
        let files = build::files(&case.chart, &case.chart)?;
        let printed = bench.compare(case, &files)?;
        *counts.entry(printed).or_default() += 1;
        match printed {
            Printed::Same | Printed::SameButChance => took.push(bench.time(case, &files)?),
            Printed::Refused => {}
            Printed::Else => progress(&format!("different: {case}")),
            Printed::RefusedByUs => progress(&format!("refused by us alone: {case}")),
            Printed::RefusedByHelm => progress(&format!("refused by helm alone: {case}")),
        }
    }
    if took.is_empty() {
        return Err(Failure::user(format!("{} holds no chart that both render", charts.display())));
    }
    let mut out = Figures::default();
    report(&mut out, &took, &counts);
    platform(&mut out, folder)?;
    Ok(out)
}

fn report(out: &mut Figures, took: &[Took], counts: &BTreeMap<Printed, u32>) {
    let count = |printed| f64::from(counts.get(&printed).copied().unwrap_or_default());
    out.push("charts that both render", took.len() as f64, "");
    out.push("of these with chance in them, compared without it", count(Printed::SameButChance), "");
    out.push("charts that both refuse, not measured", count(Printed::Refused), "");
    let none = Target::Exactly(0.0);
    out.hold("charts that print something else", count(Printed::Else), "", none);
    out.hold("charts that we alone refuse", count(Printed::RefusedByUs), "", none);
    out.hold("charts that helm alone refuses", count(Printed::RefusedByHelm), "", none);
    let of = |value: fn(&Took) -> f64| took.iter().map(value).collect::<Vec<_>>();
    let times = [
        ("helm", of(|t| t.real * 1e3)),
        ("in this process", of(|t| t.inside * 1e3)),
        ("as a process", of(|t| t.process * 1e3)),
    ];
    for (whose, times) in times {
        out.push(format!("{whose}, median"), median(&times), "ms");
        out.push(format!("{whose}, p99"), highest(times), "ms");
    }
    let inside = of(|t| t.real / t.inside);
    out.hold("in this process, faster: median", median(&inside), "times", Target::AtLeast(10.0));
    out.push("in this process, faster: 99 % of charts", lowest(inside), "times");
    let process = of(|t| t.real / t.process);
    out.hold("as a process, faster: median", median(&process), "times", Target::AtLeast(3.0));
    out.push("as a process, faster: 99 % of charts", lowest(process), "times");
}

struct Bench {
    real: PathBuf,
    own: PathBuf,
    /// Where helm finds no settings of anybody's.
    home: PathBuf,
    rounds: u16,
}

type Files = BTreeMap<String, Vec<u8>>;

impl Bench {
    fn compare(&self, case: &Case, files: &Files) -> Result<Printed, Failure> {
        let (ours, asked) = inside(files, &values(case)?);
        let theirs = self.theirs(case)?;
        let (Some(ours), Some(theirs)) = (&ours, &theirs) else {
            return Ok(match (ours, theirs) {
                (None, None) => Printed::Refused,
                (None, Some(_)) => Printed::RefusedByUs,
                (Some(_), _) => Printed::RefusedByHelm,
            });
        };
        if ours == theirs {
            return Ok(Printed::Same);
        }
        if asked.random || asked.clock {
            // What depends on the time shows only once the second is over.
            std::thread::sleep(Duration::from_millis(1100));
            if let Some(again) = self.theirs(case)?
                && is_same_but_chance(ours, theirs, &again)
            {
                return Ok(Printed::SameButChance);
            }
        }
        Ok(Printed::Else)
    }

    fn time(&self, case: &Case, files: &Files) -> Result<Took, Failure> {
        let values = values(case)?;
        let arguments = self.ours(case);
        let (mut insides, mut processes, mut reals) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            reals.push(seconds(|| self.theirs(case))?);
            processes.push(seconds(|| process(&self.own, &arguments))?);
        }
        for _ in 0..self.rounds.saturating_mul(AGAIN) {
            insides.push(seconds(|| Ok(inside(files, &values)))?);
        }
        Ok(Took { inside: median(&insides), process: median(&processes), real: median(&reals) })
    }

    fn ours(&self, case: &Case) -> Vec<PathBuf> {
        let mut arguments: Vec<PathBuf> = vec!["build".into(), "--include-crds".into(), "--root".into()];
        arguments.extend([case.chart.clone(), case.chart.clone()]);
        arguments.extend(case.values.iter().flat_map(|file| ["--values".into(), file.clone()]));
        arguments
    }

    fn theirs(&self, case: &Case) -> Result<Option<String>, Failure> {
        let mut command = Command::new(&self.real);
        command.args(["template", RELEASE]).arg(&case.chart).args([
            "--namespace",
            NAMESPACE,
            "--include-crds",
        ]);
        command.args(case.values.iter().flat_map(|file| [Path::new("--values"), file]));
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME"] {
            command.env(variable, &self.home);
        }
        command.env_remove("KUBECONFIG").env("TZ", "UTC");
        Ok(output(&mut command)?.map(|printed| String::from_utf8_lossy(&printed).into_owned()))
    }
}

fn values(case: &Case) -> Result<Values, Failure> {
    case.values.as_deref().map_or_else(|| Ok(Values::default()), build::read_values)
}

/// What is printed, and whether time or chance had a part in it; nothing where the chart is refused.
fn inside(files: &Files, values: &Values) -> (Option<String>, Asked) {
    let release =
        Release { name: RELEASE.into(), namespace: NAMESPACE.into(), revision: 1, is_upgrade: false };
    let (rendered, asked) = observe(&Request {
        files,
        values,
        release: &release,
        capabilities: &Capabilities::default(),
        lookup: None,
        now: build::now(),
        seed: b"",
        short_keys: false,
        limits: Limits::default(),
    });
    (rendered.ok().map(|rendered| print(&rendered, true)), asked)
}

/// Whether every line is the same that the real helm prints the same twice.
fn is_same_but_chance(ours: &str, theirs: &str, again: &str) -> bool {
    let [ours, theirs, again] = [ours, theirs, again].map(|text| text.lines().collect::<Vec<_>>());
    ours.len() == theirs.len()
        && again.len() == theirs.len()
        && (0..theirs.len()).all(|line| ours[line] == theirs[line] || theirs[line] != again[line])
}

/// A platform of many charts, from its first commit; then a commit that changes none of them.
fn platform(out: &mut Figures, folder: &Path) -> Result<(), Failure> {
    progress(&format!("a platform of {PLATFORM} charts"));
    let files: Result<Vec<_>, Failure> =
        charts::platform(PLATFORM).into_iter().map(|(path, text)| file(path, text)).collect();
    let repository = folder.join("platform");
    mainstay_git::init(&repository, &files?, "The fleet", &author())?;
    let mut reader = reader(sources(folder, &repository, "state")?);
    let (reading, first) = next(&mut reader)?;
    let rendered = reading.units.values().filter(|unit| matches!(unit.state, RenderState::Rendered(_)));
    out.hold(
        format!("platform of {PLATFORM} charts: rendered"),
        rendered.count() as f64,
        "",
        Target::Exactly(PLATFORM as f64),
    );
    let what = format!("platform of {PLATFORM} charts: fetched, read and rendered");
    out.hold(what, first.as_secs_f64(), "s", Target::Below(1.0));
    let note = file("NOTES".into(), "nothing".into())?;
    mainstay_git::commit(&repository, "main", &[(note.0, Some(note.1))], "A note", &author())?;
    let before = reader.rendered();
    let (_, again) = next(&mut reader)?;
    out.push("a revision that changes nothing of them", again.as_secs_f64() * 1e3, "ms");
    let renders = reader.rendered().saturating_sub(before);
    out.hold("renders for it", renders as f64, "", Target::Exactly(0.0));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_helm_itself_prints_otherwise_may_differ() {
        let theirs = "name: web\npassword: one\n";
        let again = "name: web\npassword: two\n";
        assert!(is_same_but_chance("name: web\npassword: ours\n", theirs, again));
        assert!(!is_same_but_chance("name: other\npassword: ours\n", theirs, again));
        assert!(!is_same_but_chance("name: web\n", theirs, again));
        assert!(!is_same_but_chance("name: web\npassword: ours\n", theirs, theirs));
    }

    #[test]
    fn the_charts_that_are_made_up_render_to_five_objects_each() {
        let files = charts::platform(3);
        let within = |path: &str| path.strip_prefix("charts/app-2/").map(str::to_owned);
        let chart: Files = files
            .iter()
            .filter_map(|(path, text)| Some((within(path)?, text.clone().into_bytes())))
            .collect();
        let (printed, asked) = inside(&chart, &Values::default());
        let printed = printed.expect("it renders");
        assert_eq!(printed.matches("# Source: app-2/").count(), 5, "{printed}");
        assert_eq!(asked, Asked::default());
    }
}
