//! Lines of measured points, as a picture.

use crate::exit::Failure;
use std::path::Path;

/// One of the pictures that stand side by side.
pub(super) struct Line {
    pub(super) title: &'static str,
    /// How many, and what so many took.
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws both axes from nothing.
pub(super) fn write(file: &Path, lines: &[Line]) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Failure::environment(e.to_string()))?;
    }
    std::fs::write(file, draw(lines))
        .map_err(|e| Failure::environment(format!("{} can't be written: {e}", file.display())))
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 200.0;
/// From one picture's left edge to the next one's.
const STEP: f64 = 440.0;

fn draw(lines: &[Line]) -> String {
    let lefts = (0..lines.len()).map(|at| STEP.mul_add(at as f64, 60.0));
    let panels: String = lines.iter().zip(lefts).map(|(line, left)| panel(line, left)).collect();
    let width = STEP * lines.len() as f64 - 20.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 290\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{width}\" height=\"290\" fill=\"white\"/>\n{panels}</svg>\n"
    )
}

fn panel(line: &Line, left: f64) -> String {
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::MIN_POSITIVE, f64::max);
    let count = most(&mut line.points.iter().map(|(count, _)| *count));
    let top = most(&mut line.points.iter().map(|(_, value)| *value));
    let title = line.title;
    let (bottom, right) = (40.0 + HEIGHT, left + WIDTH);
    let mut out = format!(
        "<text x=\"{left}\" y=\"24\" font-weight=\"bold\">{title}</text>\n<path d=\"M{left} 40V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>\n"
    );
    // A straight line from nothing to the last one: what is above it grows more slowly than the number.
    out.push_str(&format!(
        "<path d=\"M{left} {bottom}L{right} 40\" stroke=\"gray\" stroke-dasharray=\"4\" fill=\"none\"/>\n"
    ));
    let place = |point: &(f64, f64)| (left + WIDTH * point.0 / count, bottom - HEIGHT * point.1 / top);
    let corners: Vec<String> = line.points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    out.push_str(&format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#0b5cad\" stroke-width=\"2\"/>\n",
        corners.join(" ")
    ));
    for point in &line.points {
        let (x, y) = place(point);
        out.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#0b5cad\"/>\n<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}</text>\n<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"end\" transform=\"rotate(-30 {x:.1} {:.1})\">{}</text>\n",
            y - 8.0,
            point.1,
            bottom + 16.0,
            bottom + 16.0,
            point.0
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_point_is_in_the_corner_and_half_of_it_in_the_middle() {
        let drawn = draw(&[Line { title: "seconds", points: vec![(50.0, 50.0), (100.0, 100.0)] }]);
        assert!(drawn.contains("points=\"220.0,140.0 380.0,40.0\""), "{drawn}");
    }
}
