//! How time and memory grow with the number of units, as a plot.

use super::figures::{Figures, Target};
use super::fleet::{PEAK, TOOK};
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
pub(super) fn measure(units: &[u32], plot: &Path) -> Result<Figures, Failure> {
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
    if let Some(folder) = plot.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Failure::environment(e.to_string()))?;
    }
    std::fs::write(plot, draw(&points))
        .map_err(|e| Failure::environment(format!("{} can't be written: {e}", plot.display())))?;
    Ok(out)
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 200.0;

/// Two panels side by side, both axes from nothing.
fn draw(points: &[Point]) -> String {
    let panels = [
        panel(points, 60.0, "seconds until all are ready", |p| p.seconds),
        panel(points, 500.0, "MiB at the peak", |p| p.mebibytes),
    ];
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 290\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"860\" height=\"290\" fill=\"white\"/>\n{}</svg>\n",
        panels.concat()
    )
}

fn panel(points: &[Point], left: f64, title: &str, value: fn(&Point) -> f64) -> String {
    let most = |value: fn(&Point) -> f64| points.iter().map(value).fold(f64::MIN_POSITIVE, f64::max);
    let (units, top) = (most(|p| p.units), most(value));
    let (bottom, right) = (40.0 + HEIGHT, left + WIDTH);
    let mut out = format!(
        "<text x=\"{left}\" y=\"24\" font-weight=\"bold\">{title}</text>\n<path d=\"M{left} 40V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n"
    );
    // A straight line from nothing to the last one: what is above it grows more slowly than the number of units.
    out.push_str(&format!(
        "<path d=\"M{left} {bottom}L{right} 40\" stroke=\"gray\" stroke-dasharray=\"4\" fill=\"none\"/>\n"
    ));
    let place = |point: &Point| (left + WIDTH * point.units / units, bottom - HEIGHT * value(point) / top);
    let line: Vec<String> = points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    out.push_str(&format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#0b5cad\" stroke-width=\"2\"/>\n",
        line.join(" ")
    ));
    for point in points {
        let (x, y) = place(point);
        out.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#0b5cad\"/>\n<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}</text>\n<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"end\" transform=\"rotate(-30 {x:.1} {:.1})\">{}</text>\n",
            y - 8.0,
            value(point),
            bottom + 16.0,
            bottom + 16.0,
            point.units
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_point_is_in_the_corner_and_half_of_it_in_the_middle() {
        let point = |units: f64| Point { units, seconds: units, mebibytes: units };
        let drawn = draw(&[point(50.0), point(100.0)]);
        assert!(drawn.contains("points=\"220.0,140.0 380.0,40.0\""), "{drawn}");
    }
}
