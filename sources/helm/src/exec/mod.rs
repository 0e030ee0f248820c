//! Evaluation: text/template's, with Helm's `missingkey=zero`, and with limits on everything that a template may use up.
mod call;
mod error;
mod field;
mod limits;
mod set;
mod state;

pub use error::{Error, Place};
pub use limits::{Limits, document_limits};

pub(crate) use call::Context;
pub(crate) use error::Failure;
pub(crate) use set::Set;

use crate::template::{Source, Tree};
use crate::text::Text;
use crate::value::Value;
use state::State;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What Go prints for no value; Helm takes it out again.
const NO_VALUE: &[u8] = b"<no value>";

/// How often one name may be included within itself.
const MOST_RECURSION: usize = 1000;

/// What one render may ask for besides its values.
pub(crate) struct Host<'a> {
    /// `lookup(apiVersion, kind, namespace, name)`: an object, a list, or an empty map.
    pub(crate) lookup: crate::render::Lookup<'a>,
    pub(crate) entropy: RefCell<crate::random::Entropy>,
    pub(crate) short_keys: bool,
    /// What `now` is, in seconds since 1970; and whether anybody asked.
    pub(crate) now: i64,
    pub(crate) clock: Cell<bool>,
}

impl Host<'_> {
    pub(crate) fn now(&self) -> i64 {
        self.clock.set(true);
        self.now
    }
}

/// One render: its budget, and what was parsed and asked for on the way.
pub(crate) struct Engine<'a> {
    pub(crate) host: &'a Host<'a>,
    pub(crate) limits: Limits,
    fuel: u64,
    bytes: u64,
    depth: usize,
    /// Blocks, pipelines and templates within each other: what the stack must hold.
    nested: usize,
    included: BTreeMap<Rc<str>, usize>,
    /// What `tpl` was given, parsed.
    parsed: BTreeMap<Text, Rc<[Rc<Tree>]>>,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(host: &'a Host<'a>, limits: Limits) -> Self {
        let (fuel, bytes) = (limits.steps, limits.bytes);
        Self {
            host,
            limits,
            fuel,
            bytes,
            depth: 0,
            nested: 0,
            included: BTreeMap::new(),
            parsed: BTreeMap::new(),
        }
    }

    /// The output of a template by name, "<no value>" included.
    pub(crate) fn execute(&mut self, set: &Rc<Set>, name: &str, data: Value) -> Result<Vec<u8>, Failure> {
        let Some(tree) = set.get(name) else {
            return Err(Failure::from(format!(
                "template: no template {name:?} associated with template \"gotpl\""
            )));
        };
        self.run(set, tree, data)
    }

    fn run(&mut self, set: &Rc<Set>, tree: Rc<Tree>, data: Value) -> Result<Vec<u8>, Failure> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Failure::limit(format!(
                "templates call each other more than {} deep",
                self.limits.depth
            )));
        }
        let mut state = State::new(self, set.clone(), tree, data);
        let result = state.run();
        let out = std::mem::take(&mut state.out);
        self.depth -= 1;
        result.map_err(|error| Failure::Nested(Box::new(error)))?;
        Ok(out)
    }

    pub(crate) fn include(&mut self, set: &Rc<Set>, name: &str, data: Value) -> Result<Vec<u8>, Failure> {
        let name: Rc<str> = name.into();
        let count = self.included.entry(name.clone()).or_insert(0);
        if *count > MOST_RECURSION {
            let message =
                format!("rendering template has a nested reference name: {name}: unable to execute template");
            return Err(Failure::from(message));
        }
        *count += 1;
        let result = self.execute(set, &name, data);
        if let Some(count) = self.included.get_mut(&name) {
            *count -= 1;
        }
        result
    }

    pub(crate) fn tpl(&mut self, set: &Rc<Set>, text: &Text, data: Value) -> Result<Vec<u8>, Failure> {
        let trees = match self.parsed.get(text) {
            Some(trees) => trees.clone(),
            None => {
                let source = Rc::new(Source { name: "gotpl".into(), text: text.lossy().into_owned() });
                let trees = crate::template::parse(&source).map_err(|error| {
                    let (line, column) = source.place(error.pos);
                    let message = format!(
                        "cannot parse template {:?}: {line}:{column}: {}",
                        source.text, error.message
                    );
                    Failure::from(message)
                })?;
                self.spend(1 + text.len() as u64 / 16)?;
                let trees: Rc<[Rc<Tree>]> = trees.into();
                self.parsed.insert(text.clone(), trees.clone());
                trees
            }
        };
        let Some(own) = trees.first().cloned() else { return Ok(Vec::new()) };
        let set = if trees.len() == 1 { set.clone() } else { Rc::new(Set::within(set, &trees[1..])) };
        self.run(&set, own, data).map(without_no_value)
    }

    /// Pays for a step, or several.
    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Failure> {
        match self.fuel.checked_sub(steps) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(Failure::limit(format!("rendering takes more than {} steps", self.limits.steps))),
        }
    }

    /// Goes one level deeper; whoever calls it comes back with [`Engine::leave`].
    pub(crate) fn enter(&mut self) -> Result<(), Failure> {
        self.nested += 1;
        if self.nested > self.limits.nesting {
            let most = self.limits.nesting;
            return Err(Failure::limit(format!(
                "blocks, pipelines and templates are nested more than {most} deep"
            )));
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.nested -= 1;
    }

    /// Pays for bytes that a template writes or a function makes.
    pub(crate) fn make(&mut self, bytes: usize) -> Result<(), Failure> {
        match self.bytes.checked_sub(bytes as u64) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => Err(Failure::limit(format!("rendering makes more than {} bytes", self.limits.bytes))),
        }
    }
}

pub(crate) fn without_no_value(out: Vec<u8>) -> Vec<u8> {
    if !out.windows(NO_VALUE.len()).any(|part| part == NO_VALUE) {
        return out;
    }
    let mut clean = Vec::with_capacity(out.len());
    let mut rest = &out[..];
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(NO_VALUE) {
            rest = tail;
        } else {
            clean.push(*first);
            rest = tail;
        }
    }
    clean
}
