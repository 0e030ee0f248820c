//! What an evaluation has used up, and how a function fails.

use crate::library::pattern;
use crate::value::Value;
use regex::bytes::Regex;
use std::collections::BTreeMap;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    Error(String),
    /// The budget is used up: nothing catches this.
    Exhausted,
}

pub(crate) type Outcome = Result<Value, Failure>;

pub(crate) fn error<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Error(message.into()))
}

pub(crate) fn no_overload<T>() -> Result<T, Failure> {
    error("no such overload")
}

/// Compiling a pattern that is not in the expression itself, which cannot be done once for all.
const PATTERN: u64 = 10_000;
/// Of those, as many are kept.
const KEPT: usize = 32;

pub(crate) struct Meter<'a> {
    pub left: u64,
    patterns: &'a BTreeMap<String, Regex>,
    computed: BTreeMap<String, Regex>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(left: u64, patterns: &'a BTreeMap<String, Regex>) -> Self {
        Self { left, patterns, computed: BTreeMap::new() }
    }

    pub(crate) fn charge(&mut self, units: u64) -> Result<(), Failure> {
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Failure::Exhausted)
            }
        }
    }

    /// For going through, or making, that many bytes of text.
    pub(crate) fn text(&mut self, bytes: usize) -> Result<(), Failure> {
        self.charge(bytes as u64 / 10 + 1)
    }

    pub(crate) fn elements(&mut self, count: usize) -> Result<(), Failure> {
        self.charge(count as u64 + 1)
    }

    /// The compiled pattern, and the cost of matching it against a text of that length.
    pub(crate) fn regex(&mut self, text: &str, subject: usize) -> Result<Regex, Failure> {
        let steps = (subject as u64 / 10 + 1).saturating_mul(text.len() as u64 / 4 + 1);
        self.charge(steps)?;
        if let Some(known) = self.patterns.get(text).or_else(|| self.computed.get(text)) {
            return Ok(known.clone());
        }
        self.charge(PATTERN + text.len() as u64)?;
        let regex = pattern::compile(text).map_err(Failure::Error)?;
        if self.computed.len() >= KEPT {
            self.computed.clear();
        }
        self.computed.insert(text.to_owned(), regex.clone());
        Ok(regex)
    }
}
