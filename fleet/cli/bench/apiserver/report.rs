//! Medians, ratios, and what they should be.

use super::Args;
use super::inside::{Inside, OBJECTS};
use super::server::Which;
use crate::output;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    Create,
    ApplyNew,
    ApplyChanging,
    ApplyNothing,
    List,
    FanOut,
    PeakMemory,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    settings: Settings,
    pub(super) notes: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    version: &'static str,
    processors: usize,
    rounds: u16,
    objects: u32,
    concurrency: u16,
    listed: u32,
    watchers: u16,
    logical_clusters: u32,
    etcd_without_fsync: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    what: String,
    unit: &'static str,
    /// Medians over the rounds.
    memory: Option<f64>,
    folder: Option<f64>,
    real: Option<f64>,
    target: Option<Target>,
    verdict: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Target {
    /// Both embedded servers reach this many times the real one's figure.
    TimesAtLeast(f64),
    /// Both embedded servers stay at or below this share of the real one's figure.
    TimesAtMost(f64),
    Below(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Met,
    /// Something to compare with was not there.
    Unknown,
    Missed,
}

impl Measure {
    fn row(self, args: &Settings) -> (String, &'static str, Option<Target>) {
        match self {
            Self::Create => ("create".into(), "objects/s", None),
            Self::ApplyNew => ("apply, new".into(), "objects/s", Some(Target::TimesAtLeast(5.0))),
            Self::ApplyChanging => ("apply, changing".into(), "objects/s", Some(Target::TimesAtLeast(5.0))),
            Self::ApplyNothing => ("apply, no-op".into(), "objects/s", Some(Target::TimesAtLeast(5.0))),
            Self::List => (format!("list of {}", args.listed), "ms", None),
            Self::FanOut => (format!("watch, {} watchers", args.watchers), "events/s", None),
            Self::PeakMemory => ("peak memory".into(), "MiB", Some(Target::TimesAtMost(0.1))),
        }
    }
}

impl Report {
    pub(super) fn new(args: &Args) -> Self {
        let settings = Settings {
            version: env!("CARGO_PKG_VERSION"),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            rounds: args.rounds,
            objects: args.objects,
            concurrency: args.concurrency,
            listed: args.list,
            watchers: args.watchers,
            logical_clusters: args.clusters,
            etcd_without_fsync: args.etcd_without_fsync,
        };
        Self { settings, notes: Vec::new(), rows: Vec::new() }
    }

    pub(super) fn take(&mut self, samples: BTreeMap<(Measure, Which), Vec<f64>>) {
        let medians: BTreeMap<_, _> = samples.iter().map(|(key, values)| (*key, median(values))).collect();
        let measures: std::collections::BTreeSet<Measure> = medians.keys().map(|(m, _)| *m).collect();
        for measure in measures {
            let scale = if measure == Measure::PeakMemory { 1.0 / f64::from(1 << 20) } else { 1.0 };
            let of = |which| medians.get(&(measure, which)).map(|v| v * scale);
            let (what, unit, target) = measure.row(&self.settings);
            self.push(what, unit, [of(Which::Memory), of(Which::Folder), of(Which::Real)], target);
        }
    }

    pub(super) fn take_inside(&mut self, inside: Inside) {
        let clusters = self.settings.logical_clusters;
        let below = |limit| Some(Target::Below(limit));
        self.push("no-op apply in process", "us", [Some(inside.no_op_apply), None, None], below(100.0));
        let size = inside.empty_cluster.map(|bytes| bytes / 1000.0);
        self.push("empty logical cluster", "kB", [size, None, None], below(20.0));
        let made = format!("{clusters} logical clusters x {OBJECTS} objects");
        let times = [Some(inside.clusters_memory), Some(inside.clusters_folder), None];
        // The target is for 5,000.
        let target = if clusters >= 5000 { below(60.0) } else { None };
        self.push(made, "s", times, target);
        self.push("  restarted", "s", [None, Some(inside.restart), None], None);
        self.push("  dropped", "s", [None, Some(inside.dropping), None], None);
    }

    fn push(
        &mut self,
        what: impl Into<String>,
        unit: &'static str,
        [memory, folder, real]: [Option<f64>; 3],
        target: Option<Target>,
    ) {
        let ours: Vec<f64> = memory.into_iter().chain(folder).collect();
        let verdict = target.map(|target| target.judge(&ours, real));
        self.rows.push(Row { what: what.into(), unit, memory, folder, real, target, verdict });
    }

    /// The worst of all.
    pub(super) fn verdict(&self) -> Verdict {
        self.rows.iter().filter_map(|r| r.verdict).max().unwrap_or(Verdict::Unknown)
    }

    pub(super) fn table(&self) -> String {
        let headers =
            ["WORK", "UNIT", "IN MEMORY", "RATIO", "IN A FOLDER", "RATIO", "REAL", "TARGET", "VERDICT"];
        let rows = self.rows.iter().map(|row| {
            let ratio = |ours: Option<f64>| {
                ours.zip(row.real).map_or_else(String::new, |(ours, real)| format!("{:.2}x", ours / real))
            };
            vec![
                row.what.clone(),
                row.unit.to_owned(),
                row.memory.map_or_else(String::new, figure),
                ratio(row.memory),
                row.folder.map_or_else(String::new, figure),
                ratio(row.folder),
                row.real.map_or_else(String::new, figure),
                row.target.map_or_else(String::new, |t| t.to_string()),
                row.verdict.map_or_else(String::new, |v| v.to_string()),
            ]
        });
        let s = &self.settings;
        let fsync = if s.etcd_without_fsync { ", etcd without fsync" } else { "" };
        let mut text = format!(
            "Medians of {} rounds, {} objects each, {} requests at a time, {} processors{fsync}.\n\n",
            s.rounds, s.objects, s.concurrency, s.processors
        );
        text.push_str(&output::table(&headers, rows.collect()));
        for note in &self.notes {
            text.push_str(&format!("\n{note}\n"));
        }
        text
    }
}

impl Target {
    fn judge(self, ours: &[f64], real: Option<f64>) -> Verdict {
        let met = |met: bool| if met { Verdict::Met } else { Verdict::Missed };
        match (self, real) {
            _ if ours.is_empty() => Verdict::Unknown,
            (Self::Below(limit), _) => met(ours.iter().all(|v| *v < limit)),
            (Self::TimesAtLeast(_) | Self::TimesAtMost(_), None) => Verdict::Unknown,
            (Self::TimesAtLeast(times), Some(real)) => met(ours.iter().all(|v| *v >= real * times)),
            (Self::TimesAtMost(times), Some(real)) => met(ours.iter().all(|v| *v <= real * times)),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimesAtLeast(times) => write!(f, ">= {times}x"),
            Self::TimesAtMost(times) => write!(f, "<= {times}x"),
            Self::Below(limit) => write!(f, "< {limit}"),
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Unknown => "unknown",
            Self::Missed => "MISSED",
        })
    }
}

/// 0 of none.
pub(in crate::bench) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len() / 2, sorted.len() % 2) {
        (_, 0) if sorted.is_empty() => 0.0,
        (middle, 0) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        (middle, _) => sorted[middle],
    }
}

fn figure(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_target_is_missed_when_one_of_the_embedded_servers_misses_it() {
        let five = Target::TimesAtLeast(5.0);
        assert_eq!(five.judge(&[500.0, 499.0], Some(100.0)), Verdict::Missed);
        assert_eq!(five.judge(&[500.0, 501.0], Some(100.0)), Verdict::Met);
        assert_eq!(Target::TimesAtMost(0.1).judge(&[10.0], Some(100.0)), Verdict::Met);
        assert_eq!(Target::Below(60.0).judge(&[60.0], None), Verdict::Missed);
    }

    #[test]
    fn without_the_real_server_a_ratio_is_unknown_not_met() {
        assert_eq!(Target::TimesAtLeast(5.0).judge(&[500.0], None), Verdict::Unknown);
    }
}
