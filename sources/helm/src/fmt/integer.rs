//! Integers in any base.
use super::verb::Flags;

/// Sign, prefix, zeros and digits; not yet padded to the width.
pub(super) fn format_integer(negative: bool, magnitude: u64, verb: char, flags: &Flags) -> String {
    let mut digits = match verb {
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        _ => magnitude.to_string(),
    };
    let signed = negative || flags.plus || flags.space;
    let mut least = 0;
    if let Some(precision) = flags.precision {
        if precision == 0 && magnitude == 0 {
            return String::new();
        }
        least = precision;
    } else if flags.zero
        && !flags.minus
        && let Some(width) = flags.width
    {
        least = width.saturating_sub(usize::from(signed));
    }
    if digits.len() < least {
        digits.insert_str(0, &"0".repeat(least - digits.len()));
    }
    let prefix = match verb {
        'b' if flags.sharp => "0b",
        'o' if flags.sharp && !digits.starts_with('0') => "0",
        'x' if flags.sharp => "0x",
        'X' if flags.sharp => "0X",
        'O' => "0o",
        _ => "",
    };
    let sign = match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    };
    format!("{sign}{prefix}{digits}")
}

/// `%U`: `U+0041`, with `#` followed by the character.
pub(super) fn format_unicode(code: u64, flags: &Flags) -> String {
    let digits = flags.precision.unwrap_or(4).max(4);
    let mut text = format!("U+{code:0digits$X}");
    let c = u32::try_from(code).ok().and_then(char::from_u32);
    if let Some(c) = c.filter(|c| flags.sharp && super::quote::is_print(*c)) {
        text.push_str(&format!(" '{c}'"));
    }
    text
}

pub(super) fn character(code: i128) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
}
