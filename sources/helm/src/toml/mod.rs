//! TOML as github.com/BurntSushi/toml reads it, the library that Helm uses: what it takes, what it refuses and in which
//! words, what it makes of tables that are named twice.
mod lex;
mod parse;
mod scalar;
#[cfg(test)]
mod tests;

use crate::value::Map;

/// Bytes of a document. A chart's files and values are smaller.
const MOST_BYTES: usize = 1 << 20;
/// Parts of a key, and arrays and tables within each other.
const MOST_DEPTH: usize = 100;
/// Bytes of the names of tables and arrays that are remembered while a document is read.
const MOST_NAMES: usize = 16 << 20;

/// Zones of times that are written without one, as they print.
pub(crate) const LOCAL_DATETIME: &str = "datetime-local";
pub(crate) const LOCAL_DATE: &str = "date-local";
pub(crate) const LOCAL_TIME: &str = "time-local";

/// The table of a whole document, or the library's message.
pub(crate) fn read(bytes: &[u8]) -> Result<Map, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("toml: a document of more than {MOST_BYTES} bytes"));
    }
    parse::parse(bytes)
}
