//! Options of the tools that are run by `cargo xtask`: `--name value`, and what has no dashes.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The arguments of a tool, one after the other.
#[derive(Debug)]
pub struct Options {
    left: std::vec::IntoIter<String>,
    /// The one that was taken last.
    name: String,
}

/// Told to whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError(String);

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OptionError {}

impl Options {
    /// Those of this process.
    pub fn given() -> Self {
        Self::of(std::env::args().skip(1))
    }

    pub fn of(arguments: impl IntoIterator<Item = String>) -> Self {
        Self { left: arguments.into_iter().collect::<Vec<_>>().into_iter(), name: String::new() }
    }

    /// The next option, or what has no dashes; its value, if it takes one, is asked for next.
    pub fn take(&mut self) -> Option<String> {
        self.name = self.left.next()?;
        Some(self.name.clone())
    }

    /// The value of the option that was taken last.
    pub fn text(&mut self) -> Result<String, OptionError> {
        self.left.next().ok_or_else(|| OptionError(format!("{} takes a value", self.name)))
    }

    pub fn path(&mut self) -> Result<PathBuf, OptionError> {
        self.text().map(PathBuf::from)
    }

    pub fn number<T: FromStr>(&mut self) -> Result<T, OptionError> {
        self.parsed("a number")
    }

    pub fn truth(&mut self) -> Result<bool, OptionError> {
        self.parsed("true or false")
    }

    /// Several, with commas between.
    pub fn numbers<T: FromStr>(&mut self) -> Result<Vec<T>, OptionError> {
        let text = self.text()?;
        let numbers: Result<_, _> = text.split(',').map(|number| number.trim().parse::<T>()).collect();
        numbers.map_err(|_| OptionError(format!("{} takes numbers, not {text:?}", self.name)))
    }

    /// That nobody knows the option that was taken last.
    pub fn unknown(&self) -> OptionError {
        OptionError(format!("no such option: {}", self.name))
    }

    fn parsed<T: FromStr>(&mut self, what: &str) -> Result<T, OptionError> {
        let text = self.text()?;
        text.parse().map_err(|_| OptionError(format!("{} takes {what}, not {text:?}", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Options {
        Options::of(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_line_is_taken_apart_in_its_order() {
        let mut line = options("compare folder --seed 7 --loud true --only 1,2 --keep a/b --json");
        assert_eq!(line.take().as_deref(), Some("compare"));
        assert_eq!(line.take().as_deref(), Some("folder"));
        assert_eq!((line.take().as_deref(), line.number::<u64>()), (Some("--seed"), Ok(7)));
        assert_eq!((line.take().as_deref(), line.truth()), (Some("--loud"), Ok(true)));
        assert_eq!((line.take().as_deref(), line.numbers::<u64>()), (Some("--only"), Ok(vec![1, 2])));
        assert_eq!((line.take().as_deref(), line.path()), (Some("--keep"), Ok(PathBuf::from("a/b"))));
        assert_eq!(line.take().as_deref(), Some("--json"));
        assert_eq!(line.take(), None);
    }

    #[test]
    fn what_is_wrong_names_the_option() {
        let wrong = |line: &str| {
            let mut line = options(line);
            line.take();
            line.number::<u8>().unwrap_err().to_string()
        };
        assert_eq!(wrong("--seed"), "--seed takes a value");
        assert_eq!(wrong("--seed 300"), "--seed takes a number, not \"300\"");
        let mut line = options("--sed 1");
        line.take();
        assert_eq!(line.unknown().to_string(), "no such option: --sed");
    }
}
