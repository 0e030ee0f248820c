use std::time::Duration;

/// A duration as Kubernetes controllers commonly write it: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, unit) = rest.split_at(digits);
        let sound = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
        let value: f64 = number.parse().ok().filter(|_| sound)?;
        let (seconds, after) = if let Some(after) = unit.strip_prefix("ms") {
            (0.001, after)
        } else if let Some(after) = unit.strip_prefix('s') {
            (1.0, after)
        } else if let Some(after) = unit.strip_prefix('m') {
            (60.0, after)
        } else {
            (3600.0, unit.strip_prefix('h')?)
        };
        total += value * seconds;
        rest = after;
    }
    // Go's durations end at 2^63 nanoseconds, about 292 years.
    (total < 9.2e9).then(|| Duration::from_secs_f64(total))
}
