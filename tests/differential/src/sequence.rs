//! A sequence of requests about one object, sent to both servers.

use crate::chosen::Chosen;
use crate::compare::{difference, kept, masked};
use crate::dice::Dice;
use crate::servers::{Answer, Embedded, Real, Server};
use crate::step::{self, Step, What};
use crate::subject::Subject;
use crate::wire::HungUp;
use anyhow::Result;
use serde_json::Value;

pub struct Pair {
    pub real: Real,
    pub ours: Embedded,
    /// Names are used once.
    pub names: u64,
    pub prefix: String,
    /// Tells every answer.
    pub loud: bool,
}

/// Where the servers parted.
#[derive(Debug, Clone)]
pub struct Parting {
    /// The last of these is answered differently.
    pub steps: Vec<Step>,
    pub at: String,
    pub real: Value,
    pub ours: Value,
    pub real_answer: Value,
    pub ours_answer: Value,
}

impl Parting {
    /// What tells findings apart.
    pub fn signature(&self, custom: bool) -> String {
        let what = self.steps.last().map(|step| format!("{:?}", step.what)).unwrap_or_default();
        let what = what.split(' ').next().unwrap_or_default();
        let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let place: String = letters(&self.at).chars().take(60).collect();
        let said = |value: &Value| match value {
            Value::String(text) => letters(text).chars().take(40).collect(),
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(_) => "number".to_owned(),
            Value::Array(_) => "list".to_owned(),
            Value::Object(_) => "map".to_owned(),
        };
        let (real, ours) = (&self.real_answer["status"], &self.ours_answer["status"]);
        format!(
            "{} {what} {real}/{ours} {place} {} {}",
            if custom { "custom" } else { "built-in" },
            said(&self.real),
            said(&self.ours)
        )
    }
}

/// The most requests of one sequence.
const LONGEST: usize = 9;

/// How a sequence ended.
pub enum End {
    Same,
    Parted(Parting),
    /// The real server hung up on its last step, as it does where a request makes it panic.
    HungUp(Vec<Step>),
}

/// Makes a sequence up while it is sent. The number of requests, and the end.
pub fn invent(pair: &mut Pair, dice: &mut Dice, subjects: &[Subject]) -> Result<(usize, End)> {
    let wild = if dice.percent(25) { 4 } else { 0 };
    let length = 3 + dice.below(LONGEST - 2);
    let mut play = Play::new(pair, subjects);
    for done in 0..length {
        let mut step = step::next(dice, subjects, play.ours.live.as_ref(), wild, &play.name);
        step.body = play.ours.chosen.marked(&step.body);
        match play.step(step)? {
            End::Same => {}
            end => return Ok((done + 1, end)),
        }
    }
    Ok((length, End::Same))
}

/// Sends given steps.
pub fn replay(pair: &mut Pair, subjects: &[Subject], steps: &[Step]) -> Result<Option<Parting>> {
    let mut play = Play::new(pair, subjects);
    for step in steps {
        let mut step = step.clone();
        if let Some(name) = step.body.pointer_mut("/metadata/name") {
            *name = play.name.as_str().into();
        }
        match play.step(step)? {
            End::Same => {}
            End::Parted(parting) => return Ok(Some(parting)),
            End::HungUp(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// How often the real server is asked again for what is wrong with a strategic patch: of several errors it tells the one
/// that it meets first, in the order of a hash map, or panics over it. One of its answers must be ours.
const ATTEMPTS: usize = 24;

struct Play<'a> {
    pair: &'a mut Pair,
    subjects: &'a [Subject],
    name: String,
    real: Side,
    ours: Side,
    steps: Vec<Step>,
}

/// The object as one server has it.
#[derive(Default)]
struct Side {
    live: Option<Value>,
    chosen: Chosen,
}

impl Side {
    fn send(
        &mut self,
        server: &mut impl Server,
        step: &Step,
        subjects: &[Subject],
        name: &str,
    ) -> Result<Answer> {
        let step = Step { body: self.chosen.unmarked(&step.body), ..step.clone() };
        let answer = server.send(&step.wire(subjects, name, self.live.as_ref()))?;
        if step.dry_run {
            self.chosen.note_passing(&answer.body);
        } else {
            self.chosen.note(&answer.body, self.live.as_ref());
        }
        Ok(answer)
    }

    fn masked(&self, answer: &Answer) -> Value {
        masked(answer, self.live.as_ref(), &self.chosen)
    }
}

impl<'a> Play<'a> {
    fn new(pair: &'a mut Pair, subjects: &'a [Subject]) -> Self {
        pair.names += 1;
        let name = format!("{}{}", pair.prefix, pair.names);
        Self { pair, subjects, name, real: Side::default(), ours: Side::default(), steps: Vec::new() }
    }

    /// None if the real server hung up.
    fn ask_real(&mut self, step: &Step) -> Result<Option<Answer>> {
        match self.real.send(&mut self.pair.real, step, self.subjects, &self.name) {
            Err(error) if error.is::<HungUp>() => Ok(None),
            answer => answer.map(Some),
        }
    }

    fn step(&mut self, step: Step) -> Result<End> {
        let Some(mut real) = self.ask_real(&step)? else {
            self.steps.push(step);
            return Ok(End::HungUp(std::mem::take(&mut self.steps)));
        };
        let ours = self.ours.send(&mut self.pair.ours, &step, self.subjects, &self.name)?;
        let ours_answer = self.ours.masked(&ours);
        let refused = real.status >= 400 && ours.status >= 400;
        for _ in 0..ATTEMPTS {
            if step.what != What::Strategic || !refused || self.real.masked(&real) == ours_answer {
                break;
            }
            let Some(again) = self.ask_real(&step)? else {
                self.steps.push(step);
                return Ok(End::HungUp(std::mem::take(&mut self.steps)));
            };
            real = again;
        }
        let real_answer = self.real.masked(&real);
        self.steps.push(step.clone());
        if self.pair.loud {
            eprintln!("{}. {step}\n  real {real_answer}\n  ours {ours_answer}", self.steps.len());
        }
        if let Some((at, left, right)) = difference(&real_answer, &ours_answer) {
            let steps = std::mem::take(&mut self.steps);
            return Ok(End::Parted(Parting { steps, at, real: left, ours: right, real_answer, ours_answer }));
        }
        if !step.dry_run {
            let deleted = step.what == What::Delete && real.status < 300;
            self.real.live = after(self.real.live.take(), kept(&real), deleted);
            self.ours.live = after(self.ours.live.take(), kept(&ours), deleted);
        }
        Ok(End::Same)
    }
}

fn after(live: Option<Value>, kept: Option<serde_json::Map<String, Value>>, deleted: bool) -> Option<Value> {
    let Some(object) = kept.map(Value::Object) else { return if deleted { None } else { live } };
    let terminating = deleted || object.pointer("/metadata/deletionTimestamp").is_some();
    let held =
        object.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    (!terminating || held).then_some(object)
}
