//! How time and memory grow with the number of units, as a plot.

use super::figures::{Figures, Target};
use super::fleet::{PEAK, TOOK};
use super::plot::{self, Line};
use super::progress;
use crate::exit::Failure;
use std::path::Path;

/// What one number of units took.
struct Point {
    units: f64,
    seconds: f64,
    mebibytes: f64,
}

/// Each number in a process of its own: what one leaves in memory is not the other's.
pub(super) fn measure(units: &[u32], file: &Path) -> Result<Figures, Failure> {
    let mut points = Vec::new();
    let mut out = Figures::default();
    for units in units {
        progress(&format!("{units} units"));
        let figures = super::all::other(&["fleet", "--units", &units.to_string()])?;
        let find = |what: &str| {
            figures.value(what).ok_or_else(|| Failure::internal(format!("{what} was not measured")))
        };
        points.push(Point { units: f64::from(*units), seconds: find(TOOK)?, mebibytes: find(PEAK)? });
        out.append(figures, &format!("{units}: "));
    }
    if let (Some(first), Some(last)) = (points.first(), points.last())
        && points.len() > 1
    {
        let times = |value: fn(&Point) -> f64| (value(last) / last.units) / (value(first) / first.units);
        let what = format!("a unit of {} beside one of {}", last.units, first.units);
        out.hold(format!("{what}: time"), times(|p| p.seconds), "times", Target::Below(1.0));
        out.hold(format!("{what}: memory"), times(|p| p.mebibytes), "times", Target::Below(1.0));
    }
    let line = |title, value: fn(&Point) -> f64| Line {
        title,
        points: points.iter().map(|point| (point.units, value(point))).collect(),
    };
    let lines =
        [line("seconds until all are ready", |p| p.seconds), line("MiB at the peak", |p| p.mebibytes)];
    plot::write(file, &lines)?;
    Ok(out)
}
