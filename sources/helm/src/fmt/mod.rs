//! Go's fmt: `%v` and all the other verbs.
mod float;
mod integer;
mod printf;
mod quote;
mod verb;

pub(crate) use float::{format_float, json_float};
pub(crate) use printf::sprintf;
pub(crate) use quote::{is_print, quote, quote_bytes};

use crate::value::{MOST_DEPTH, Value};
use verb::Printer;
pub(crate) use verb::width_of;

/// `fmt.Sprint`: blanks between operands of which neither is a string.
pub(crate) fn sprint(values: &[Value]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for (i, value) in values.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if i > 0 && !is_text(value) && !is_text(&values[i - 1]) {
            out.push(b' ');
        }
        display_into(&mut out, value)?;
    }
    Ok(out)
}

/// `fmt.Sprintln`: blanks between all, and a line break.
pub(crate) fn sprintln(values: &[Value]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        display_into(&mut out, value)?;
    }
    out.push(b'\n');
    Ok(out)
}

/// What `%v` prints.
pub(crate) fn display(value: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    display_into(&mut out, value)?;
    Ok(out)
}

pub(crate) fn display_into(out: &mut Vec<u8>, value: &Value) -> Result<(), String> {
    match value {
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        _ => {
            let mut printer = Printer::new(out);
            printer.value(value, 'v', 0)?;
        }
    }
    Ok(())
}

fn check_depth(depth: usize) -> Result<(), String> {
    if depth > MOST_DEPTH { Err(format!("a value is nested more than {MOST_DEPTH} deep")) } else { Ok(()) }
}
