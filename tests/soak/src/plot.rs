//! Memory over time as a picture.

use crate::memory::Samples;
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 60.0;
const BELOW: f64 = 40.0;

/// Lives in turn dark and light, so that it is seen where one begins.
pub fn draw(samples: &Samples) -> String {
    let minutes = (samples.seconds() / 60.0).max(1.0);
    let peak = samples.each_life().flatten().map(|s| s.kib).max().unwrap_or(1) as f64 / 1024.0;
    let top = (peak / 50.0).ceil().max(1.0) * 50.0;
    let x = |seconds: f64| LEFT + seconds / 60.0 / minutes * (WIDTH - LEFT - 10.0);
    let y = |mib: f64| HEIGHT - BELOW - mib / top * (HEIGHT - BELOW - 20.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"14\">Memory of the daemon (resident, MiB) while everything goes wrong; shades change where it was killed</text>\n"
    );
    for step in 0..=5_u8 {
        let mib = top * f64::from(step) / 5.0;
        let at = y(mib);
        _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{mib:.0}</text>",
            WIDTH - 10.0,
            LEFT - 6.0,
            at + 4.0
        );
        let time = minutes * f64::from(step) / 5.0;
        _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{time:.0} min</text>",
            x(time * 60.0),
            HEIGHT - BELOW + 18.0
        );
    }
    for (number, life) in samples.each_life().enumerate() {
        let points: Vec<String> =
            life.iter().map(|s| format!("{:.1},{:.1}", x(s.seconds), y(s.kib as f64 / 1024.0))).collect();
        let colour = if number % 2 == 0 { "#1f4e79" } else { "#5b9bd5" };
        _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>",
            points.join(" ")
        );
    }
    out.push_str("</svg>\n");
    out
}
