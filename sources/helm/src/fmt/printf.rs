//! `fmt.Sprintf`.
use super::verb::{Flags, Printer, width_of};
use crate::value::Value;

/// Go gives up on wider ones.
const MOST_WIDTH: usize = 1_000_000;

pub(crate) fn sprintf(format: &[u8], arguments: &[Value]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut state = State { format, at: 0, arguments, next: 0, reordered: false, after_index: false };
    while let Some(rest) = format.get(state.at..).filter(|rest| !rest.is_empty()) {
        let Some(percent) = rest.iter().position(|b| *b == b'%') else {
            out.extend_from_slice(rest);
            break;
        };
        out.extend_from_slice(&rest[..percent]);
        state.at += percent + 1;
        state.directive(&mut out)?;
    }
    if !state.reordered && state.next < arguments.len() {
        out.extend_from_slice(b"%!(EXTRA ");
        for (i, argument) in arguments[state.next..].iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            if argument.is_nil() {
                out.extend_from_slice(b"<nil>");
            } else {
                out.extend_from_slice(argument.type_name().as_bytes());
                out.push(b'=');
                super::display_into(&mut out, argument)?;
            }
        }
        out.push(b')');
    }
    Ok(out)
}

struct State<'a> {
    format: &'a [u8],
    at: usize,
    arguments: &'a [Value],
    next: usize,
    /// An index such as `[2]` was used: then left arguments are no mistake.
    reordered: bool,
    after_index: bool,
}

impl State<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let mut flags = Flags::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        if flags.minus {
            flags.zero = false;
        }
        let mut good_index = self.index();
        self.after_index = self.at > 0 && self.format[self.at - 1] == b']';
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.width_argument() {
                Some(width) => {
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                    flags.width = Some(width.unsigned_abs());
                }
                None => out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            self.after_index = false;
        } else {
            flags.width = self.number()?;
            if self.after_index && flags.width.is_some() {
                good_index = false;
            }
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.after_index {
                good_index = false;
            }
            good_index &= self.index();
            if self.peek() == Some(b'*') {
                self.at += 1;
                match self.width_argument().and_then(|precision| usize::try_from(precision).ok()) {
                    Some(precision) => flags.precision = Some(precision),
                    None => out.extend_from_slice(b"%!(BADPREC)"),
                }
            } else {
                flags.precision = Some(self.number()?.unwrap_or(0));
            }
        }
        if !self.after_index {
            good_index &= self.index();
        }
        let Some(rest) = self.format.get(self.at..).filter(|rest| !rest.is_empty()) else {
            out.extend_from_slice(b"%!(NOVERB)");
            return Ok(());
        };
        let width = width_of(rest);
        let verb = String::from_utf8_lossy(&rest[..width]).chars().next().unwrap_or('\u{fffd}');
        self.at += width;
        if verb == '%' {
            out.push(b'%');
            return Ok(());
        }
        let problem = if !good_index {
            Some("(BADINDEX)")
        } else if self.next >= self.arguments.len() {
            Some("(MISSING)")
        } else {
            None
        };
        if let Some(problem) = problem {
            out.extend_from_slice(format!("%!{verb}{problem}").as_bytes());
            return Ok(());
        }
        if verb == 'v' {
            flags.syntax = std::mem::take(&mut flags.sharp);
            flags.names = std::mem::take(&mut flags.plus);
        }
        let argument = &self.arguments[self.next];
        self.next += 1;
        Printer { out, flags }.operand(argument, verb)
    }

    fn number(&mut self) -> Result<Option<usize>, String> {
        let digits = self.format[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&self.format[self.at..self.at + digits]).into_owned();
        self.at += digits;
        match text.parse::<usize>() {
            Ok(number) if number <= MOST_WIDTH => Ok(Some(number)),
            Ok(_) | Err(_) => Err(format!("a width or precision of more than {MOST_WIDTH}")),
        }
    }

    /// `[3]`: false if it names no argument.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return true;
        }
        self.reordered = true;
        let Some(end) = self.format[self.at..].iter().position(|b| *b == b']') else {
            self.at += 1;
            return false;
        };
        let text = String::from_utf8_lossy(&self.format[self.at + 1..self.at + end]).into_owned();
        self.at += end + 1;
        self.after_index = true;
        match text.parse::<usize>() {
            Ok(number) if (1..=self.arguments.len()).contains(&number) => {
                self.next = number - 1;
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    fn width_argument(&mut self) -> Option<isize> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        let number = match argument {
            Value::Int(number) | Value::Int64(number) => isize::try_from(*number).ok()?,
            Value::Uint8(number) => isize::from(*number),
            Value::Uint64(number) => isize::try_from(*number).ok()?,
            _ => return None,
        };
        (number.unsigned_abs() <= MOST_WIDTH).then_some(number)
    }
}
