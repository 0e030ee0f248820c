//! Numbers as Go writes them, with the fewest digits that read back as the same.

/// `strconv.FormatFloat(f, 'f', -1, 64)`: without an exponent. The MAC is made of this.
pub(crate) fn fixed(f: f64) -> String {
    match f {
        _ if f.is_nan() => "NaN".to_owned(),
        _ if f == f64::INFINITY => "+Inf".to_owned(),
        _ if f == f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => format!("{f}"),
    }
}

/// `strconv.FormatFloat(f, 'g', -1, 64)` as YAML has it: an exponent from a million on and below a ten-thousandth.
pub(crate) fn yaml(f: f64) -> String {
    match f {
        _ if f.is_nan() => ".nan".to_owned(),
        _ if f == f64::INFINITY => ".inf".to_owned(),
        _ if f == f64::NEG_INFINITY => "-.inf".to_owned(),
        _ => scientific(f, -4..6, 2),
    }
}

/// As `encoding/json` writes it. Only finite numbers have a form in JSON.
pub(crate) fn json(f: f64) -> Option<String> {
    f.is_finite().then(|| scientific(f, -6..21, 1))
}

/// As SOPS writes a number into a dotenv file: never to be taken for an integer.
pub(crate) fn dotenv(f: f64) -> String {
    match f.is_finite() {
        false => fixed(f),
        true => {
            let text = scientific(f, -4..6, 2).to_uppercase();
            if text.contains(['.', 'E']) { text } else { format!("{text}.0") }
        }
    }
}

/// With an exponent of at least `digits` digits where it is not in `plain`.
fn scientific(f: f64, plain: std::ops::Range<i32>, digits: usize) -> String {
    let text = format!("{f:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if plain.contains(&exponent) {
        return fixed(f);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:0digits$}", exponent.abs())
}
