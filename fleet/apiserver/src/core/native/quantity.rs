//! Quantities in the one way that the API server writes them (k8s.io/apimachinery, `resource.Quantity`).

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    DecimalSi,
    BinarySi,
    DecimalExponent,
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const NANO: i128 = 1_000_000_000;

/// `None` if the text is no quantity. One that is too large to be computed with stays as it is.
pub fn canonical(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (format, exponent, shift) = unit(suffix)?;
    let nanos = nanos(whole, fraction, exponent, shift);
    let Some(nanos) = nanos else { return Some(text.to_owned()) };
    let sign = if text.starts_with('-') && nanos != 0 { "-" } else { "" };
    Some(format!("{sign}{}", shown(nanos, format)))
}

/// Is one quantity more than another? What can't be computed with is not.
pub fn exceeds(one: &str, other: &str) -> bool {
    matches!((amount(one), amount(other)), (Some(one), Some(other)) if one > other)
}

/// Is a quantity, to a thousandth, no whole number?
pub fn fraction(text: &str) -> bool {
    amount(text).is_some_and(|nanos| nanos.div_ceil_of(NANO / 1000) % 1000 != 0)
}

fn amount(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (_, exponent, shift) = unit(suffix)?;
    let nanos = nanos(whole, fraction, exponent, shift)?;
    Some(if text.starts_with('-') { -nanos } else { nanos })
}

fn unit(suffix: &str) -> Option<(Format, i32, u32)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Some((Format::DecimalSi, *exponent, 0));
    }
    if let Some((_, shift)) = BINARY.iter().find(|(s, _)| *s == suffix) {
        return Some((Format::BinarySi, 0, *shift));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::DecimalExponent, exponent, 0))
}

/// Rounded up, as nothing finer is kept.
fn nanos(whole: &str, fraction: &str, exponent: i32, shift: u32) -> Option<i128> {
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(1_i128.checked_shl(shift)?)?;
    let power = exponent + 9 - i32::try_from(fraction.len()).ok()?;
    let factor = 10_i128.checked_pow(power.unsigned_abs())?;
    if power >= 0 { scaled.checked_mul(factor) } else { Some(scaled.div_ceil_of(factor)) }
}

trait DivCeil {
    fn div_ceil_of(self, by: Self) -> Self;
}

impl DivCeil for i128 {
    fn div_ceil_of(self, by: Self) -> Self {
        self / by + i128::from(self % by != 0)
    }
}

fn shown(nanos: i128, format: Format) -> String {
    if nanos == 0 {
        return "0".to_owned();
    }
    if format == Format::BinarySi && nanos % NANO == 0 && nanos >= 1024 * NANO {
        let (mut number, mut at) = (nanos / NANO, 0);
        while number % 1024 == 0 && at < BINARY.len() {
            number /= 1024;
            at += 1;
        }
        let suffix = at.checked_sub(1).map_or("", |at| BINARY[at].0);
        return format!("{number}{suffix}");
    }
    let (mut number, mut at) = (nanos, 0);
    while number % 1000 == 0 && at + 1 < DECIMAL.len() {
        number /= 1000;
        at += 1;
    }
    let (suffix, exponent) = DECIMAL[at];
    match (format, exponent) {
        (Format::DecimalExponent, exponent) if exponent != 0 => format!("{number}e{exponent}"),
        (Format::DecimalExponent | Format::DecimalSi | Format::BinarySi, _) => format!("{number}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn a_quantity_has_one_way_to_be_written() {
        let pairs = [
            ("1", "1"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1000", "1k"),
            ("1e3", "1e3"),
            ("12e2", "1200"),
            ("0", "0"),
            ("-1.5", "-1500m"),
            ("+2", "2"),
            (".5Mi", "512Ki"),
            ("1023Ki", "1023Ki"),
            ("0.1Ki", "102400m"),
            ("0.0000000001", "1n"),
            ("1E", "1E"),
            ("100000M", "100G"),
        ];
        for (text, wanted) in pairs {
            assert_eq!(canonical(text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "x", "1.2.3", "1Kb", "1 Gi", "--1", "."] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
