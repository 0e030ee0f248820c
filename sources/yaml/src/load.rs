//! A file to its documents: split at `---` lines as Kubernetes splits, each document read on its own.
use crate::compose::{Budget, Problem, compose};
use crate::decode::{Undecodable, clamp, decode};
use crate::event::Parser;
use crate::hint::hint;
use crate::json;
use crate::{Limits, Node};
use mainstay_diagnostic::{Diagnostic, Diagnostics, Location, Position, Span, codes::yaml};
use std::borrow::Cow;

/// No file is so wrong that more than this helps.
const MOST_PROBLEMS: usize = 100;

/// What a file holds. `documents` are those that were read without any error.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub documents: Vec<Document>,
    pub diagnostics: Diagnostics,
    /// Every document of the file is in `documents`: what is absent there is absent from the file.
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub root: Node,
    /// From zero, among the file's documents that hold anything, broken ones included.
    pub index: usize,
    pub span: Span,
}

/// Reads all documents of a file; those that hold nothing but comments or `null` are dropped. `file` is only shown.
pub fn load(file: &str, bytes: &[u8], limits: &Limits) -> Loaded {
    read(file, bytes, limits, false)
}

/// As [`load`], but of a key that is set more than once the last one counts, with a warning: for files whose own tools
/// read them so.
pub fn load_last_wins(file: &str, bytes: &[u8], limits: &Limits) -> Loaded {
    read(file, bytes, limits, true)
}

fn read(file: &str, bytes: &[u8], limits: &Limits, last_wins: bool) -> Loaded {
    if bytes.len() > limits.bytes {
        let message = format!("the file has {} bytes, more than {}", bytes.len(), limits.bytes);
        return failed(file, Problem::new(&yaml::LIMIT, Span::point(1, 1), message));
    }
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(undecodable) => return failed(file, undecodable.problem()),
    };
    let mut budget = Budget::new(limits);
    let mut loaded = Loaded { complete: true, ..Loaded::default() };
    let mut index = 0;
    for (count, chunk) in Chunks::new(text).enumerate() {
        if count >= limits.documents || loaded.diagnostics.len() >= MOST_PROBLEMS {
            let what = if count >= limits.documents { "documents" } else { "problems" };
            let most = limits.documents.min(count);
            let message = format!("more than {most} {what}: the rest of the file is not read");
            let problem = Problem::new(&yaml::LIMIT, Span::point(chunk.line, 1), message);
            loaded.fail(file, &chunk, [problem]);
            break;
        }
        let mut problems = Vec::new();
        let roots = chunk.read(&mut budget, &mut problems);
        let exhausted = problems.iter().any(|problem| problem.code == &yaml::LIMIT);
        if last_wins {
            for problem in problems.extract_if(.., |problem| problem.code == &yaml::DUPLICATE_KEY) {
                let at = Location::new(file, problem.span);
                loaded.diagnostics.push(Diagnostic::new(problem.code, problem.message).at(at).as_warning());
            }
        }
        if problems.is_empty() {
            for root in roots.into_iter().filter(|root| !root.is_null()) {
                let span = root.span;
                loaded.documents.push(Document { root, index, span });
                index += 1;
            }
        } else {
            index += 1;
            loaded.fail(file, &chunk, problems);
        }
        if exhausted {
            break;
        }
    }
    loaded
}

fn failed(file: &str, problem: Problem) -> Loaded {
    let mut loaded = Loaded::default();
    loaded.fail(file, &Chunk { text: "", line: 1, separator: None }, [problem]);
    loaded
}

impl Loaded {
    fn fail(&mut self, file: &str, chunk: &Chunk<'_>, problems: impl IntoIterator<Item = Problem>) {
        self.complete = false;
        let room = MOST_PROBLEMS.saturating_sub(self.diagnostics.len()).max(1);
        for problem in problems.into_iter().take(room) {
            let line = chunk.line_at(problem.span.start.line);
            let hint = problem.hint.or_else(|| {
                let reading = problem.code == &yaml::SYNTAX || problem.code == &yaml::KEY_TYPE;
                line.filter(|_| reading).and_then(hint)
            });
            let mut diagnostic =
                Diagnostic::new(problem.code, problem.message).at(Location::new(file, problem.span));
            if let Some(line) = line.filter(|_| !chunk.is_secret()) {
                diagnostic.snippet = Some(clip(line));
            }
            diagnostic.hint = hint.map(str::to_owned);
            self.diagnostics.push(diagnostic);
        }
    }
}

/// A minified file can hold its whole content in one line.
fn clip(line: &str) -> String {
    const LIMIT: usize = 200;
    match line.char_indices().nth(LIMIT) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

/// What stands between two `---` lines.
struct Chunk<'a> {
    text: &'a str,
    line: u32,
    /// What follows `---` in the line above, unless that is nothing or a comment.
    separator: Option<&'a str>,
}

impl Chunk<'_> {
    fn read(&self, budget: &mut Budget<'_>, problems: &mut Vec<Problem>) -> Vec<Node> {
        if self.separator.is_some() {
            let mut problem =
                Problem::new(&yaml::SYNTAX, Span::point(self.line - 1, 4), "content behind `---`");
            problem.hint = Some("start the document in the next line");
            problems.push(problem);
            return Vec::new();
        }
        let mut not_json = None;
        if self.text.trim_start().starts_with('{') {
            match json::parse(self.text, self.line, budget, problems) {
                Ok(roots) => return roots,
                Err(json::Failure::Limit(problem)) => {
                    problems.push(problem);
                    return Vec::new();
                }
                Err(json::Failure::Syntax(problem)) => {
                    problems.clear();
                    not_json = Some(problem);
                }
            }
        }
        // Kubernetes reads line by line, and ends the last one if the file does not.
        let text: Cow<'_, str> =
            if self.text.ends_with('\n') { self.text.into() } else { format!("{}\n", self.text).into() };
        let mut parser = Parser::new(&text, self.line);
        let result = compose(&mut parser, budget, problems).and_then(|root| {
            // Nothing may follow: it would be lost.
            parser.next()?;
            Ok(root)
        });
        match result {
            Ok(root) => root.into_iter().collect(),
            Err(problem) => {
                // Of two reasons, the one for what was meant.
                let json = not_json.filter(|_| self.text.trim_start()[1..].trim_start().starts_with('"'));
                problems.push(json.unwrap_or(problem));
                Vec::new()
            }
        }
    }

    fn line_at(&self, line: u32) -> Option<&str> {
        let inside = line.checked_sub(self.line)?;
        self.text.lines().nth(inside as usize)
    }

    /// No line of a Secret is ever shown.
    fn is_secret(&self) -> bool {
        self.text.lines().any(|line| {
            let mut words = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
            words.any(|word| word == "kind") && line.contains("Secret")
        })
    }
}

/// Splits as Kubernetes does: a line that starts with `---` ends a document, wherever it is.
struct Chunks<'a> {
    rest: Option<&'a str>,
    line: u32,
    separator: Option<&'a str>,
}

impl<'a> Chunks<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: Some(text), line: 1, separator: None }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let rest = self.rest.take()?;
        let (line, separator) = (self.line, self.separator.take());
        let Some(at) = separator_in(rest) else { return Some(Chunk { text: rest, line, separator }) };
        let text = &rest[..at];
        let below = &rest[at..];
        let end = below.find('\n').map_or(below.len(), |end| end + 1);
        let behind = below[3..end].trim();
        self.separator = Some(behind).filter(|behind| !behind.is_empty() && !behind.starts_with('#'));
        self.line = line + clamp(text.bytes().filter(|b| *b == b'\n').count()) + 1;
        self.rest = Some(&below[end..]);
        Some(Chunk { text, line, separator })
    }
}

fn separator_in(text: &str) -> Option<usize> {
    if text.starts_with("---") { Some(0) } else { text.find("\n---").map(|at| at + 1) }
}

impl Undecodable {
    fn problem(self) -> Problem {
        let at = |position: Position| Span::new(position, position);
        match self {
            Undecodable::Utf16 => {
                let mut problem = Problem::new(&yaml::NOT_UTF8, Span::point(1, 1), "the file is UTF-16");
                problem.hint = Some("save it as UTF-8");
                problem
            }
            Undecodable::NotUtf8(position) => {
                Problem::new(&yaml::NOT_UTF8, at(position), "a byte that is not UTF-8")
            }
            Undecodable::Control(c, position) => {
                let message = format!("the control character U+{:04X} is not allowed", u32::from(c));
                Problem::new(&yaml::SYNTAX, at(position), message)
            }
        }
    }
}
