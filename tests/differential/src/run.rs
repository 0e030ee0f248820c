//! Batches of sequences: each has a real server and custom resources of its own.

use crate::dice::Dice;
use crate::sequence::{End, Pair, Parting, invent};
use crate::servers::{Embedded, Real, define, prepare, wait_for};
use crate::shrink::shrink;
use crate::subject::{Shape, Subject, builtin, custom};
use anyhow::{Context, Result, bail};
use mainstay_harness::RealServer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Sequences that share a real server and its definitions.
const BATCH: u64 = 5_000;
const DEFINITIONS: usize = 32;
const LANES: usize = 4;

#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub sequences: u64,
    /// Findings after which a run ends.
    pub most: usize,
    /// The share of sequences about custom resources.
    pub custom: usize,
    /// If given, the only kind that sequences are about.
    pub kind: Option<&'static str>,
    /// If not empty, the only sequences to play.
    pub only: Vec<u64>,
    /// Tells every answer of these.
    pub loud: bool,
}

/// What a run has done so far.
#[derive(Debug, Default)]
pub struct Tally {
    pub sequences: u64,
    pub requests: u64,
    /// Differences that did not show again when the sequence was sent again.
    pub fleeting: u64,
    /// Sequences cut short because the real server hung up.
    pub hung_up: u64,
    /// By signature: how often, and one of them, made small.
    pub findings: BTreeMap<String, (u64, String)>,
}

/// The number of batches that a plan has.
pub fn batches(plan: &Plan) -> u64 {
    plan.sequences.div_ceil(BATCH)
}

/// Does the batch have sequences to play?
pub fn concerns(plan: &Plan, number: u64) -> bool {
    plan.only.is_empty() || plan.only.iter().any(|only| only / BATCH == number)
}

/// One batch, by number.
pub fn batch(plan: &Plan, number: u64, tally: &Mutex<Tally>) -> Result<()> {
    let range = number * BATCH..plan.sequences.min((number + 1) * BATCH);
    let server = RealServer::start()?;
    let mut real = Real::new(&server)?;
    prepare(&mut real)?;
    let (kinds, definitions) = kinds(plan, number, &mut real, tally)?;
    let next = AtomicU64::new(range.start);
    let outcome: Vec<Result<()>> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let (server, kinds, definitions, next, range) =
                    (&server, &kinds, &definitions, &next, range.clone());
                scope.spawn(move || self::lane(plan, lane, server, kinds, definitions, next, range, tally))
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| bail!("a lane panicked"))).collect()
    });
    outcome.into_iter().collect()
}

/// Kinds of a batch: built-in ones, and those of definitions that both servers take. Those are returned as well.
fn kinds(
    plan: &Plan,
    number: u64,
    real: &mut Real,
    tally: &Mutex<Tally>,
) -> Result<(Vec<Vec<Subject>>, Vec<Value>)> {
    let mut dice = Dice::new(plan.seed, u64::MAX - number);
    let mut kinds: Vec<Vec<Subject>> = builtin()?.into_iter().map(|subject| vec![subject]).collect();
    let mut ours = Embedded::new();
    prepare(&mut ours)?;
    let (mut definitions, mut paths) = (Vec::new(), Vec::new());
    for count in 0..DEFINITIONS {
        let (definition, subjects) = custom(&mut dice, count);
        let (theirs, own) = (define(real, &definition)?, define(&mut ours, &definition)?);
        let said =
            |answer: &crate::servers::Answer| answer.body["message"].as_str().unwrap_or_default().to_owned();
        if theirs.status != own.status || said(&theirs) != said(&own) {
            let text = format!("{definition}\n  real {}\n  ours {}", theirs.body, own.body);
            record(tally, format!("definition {}/{}", theirs.status, own.status), text);
        }
        if theirs.status < 300 && own.status < 300 {
            paths.extend(subjects.iter().map(|subject| subject.path.clone()));
            definitions.push(definition);
            kinds.push(subjects);
        }
    }
    for path in paths {
        wait_for(real, &path)?;
    }
    Ok((kinds, definitions))
}

fn record(tally: &Mutex<Tally>, signature: String, text: String) -> usize {
    let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let found = tally.findings.entry(signature).or_insert((0, text));
    found.0 += 1;
    tally.findings.len()
}

#[expect(clippy::too_many_arguments, reason = "one call, from the loop above")]
fn lane(
    plan: &Plan,
    lane: usize,
    server: &RealServer,
    kinds: &[Vec<Subject>],
    definitions: &[Value],
    next: &AtomicU64,
    range: Range<u64>,
    tally: &Mutex<Tally>,
) -> Result<()> {
    let mut ours = Embedded::new();
    prepare(&mut ours)?;
    for definition in definitions {
        define(&mut ours, definition)?;
    }
    ours.controllers = false;
    let prefix = format!("{}-", char::from(b'a' + (lane % 26) as u8));
    let mut pair = Pair { real: Real::new(server)?, ours, names: 0, prefix, loud: false };
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if !range.contains(&number) {
            return Ok(());
        }
        if !plan.only.is_empty() && !plan.only.contains(&number) {
            continue;
        }
        let mut dice = Dice::new(plan.seed, number);
        // The built-in kinds come first.
        let builtins = kinds.len() - definitions.len();
        let subjects = if dice.percent(plan.custom) && !definitions.is_empty() {
            dice.one(&kinds[builtins..])
        } else {
            dice.one(&kinds[..builtins])
        };
        if plan.kind.is_some_and(|kind| subjects[0].kind != kind) {
            continue;
        }
        pair.loud = plan.loud;
        let (requests, end) = invent(&mut pair, &mut dice, subjects)
            .with_context(|| format!("in sequence {number} of seed {}", plan.seed))?;
        let mut locked = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        locked.sequences += 1;
        locked.requests += requests as u64;
        let parting = match end {
            End::Same => continue,
            End::Parted(parting) => parting,
            End::HungUp(steps) => {
                locked.hung_up += 1;
                let steps: Vec<String> = steps.iter().map(|step| format!("  {step}")).collect();
                eprintln!("hung up: sequence {number}\n{}", steps.join("\n"));
                continue;
            }
        };
        let mut signature = parting.signature(subjects[0].is_custom());
        eprintln!("differs: sequence {number}: {signature}");
        if !plan.only.is_empty() {
            signature = format!("{number}: {signature}");
        }
        let known = locked.findings.contains_key(&signature);
        drop(locked);
        pair.loud = false;
        if known {
            record(tally, signature, String::new());
            continue;
        }
        match shrink(&mut pair, subjects, &parting)? {
            Some(small) => {
                let text = report(number, subjects, &small);
                if record(tally, signature, text) >= plan.most {
                    next.store(range.end, Ordering::Relaxed);
                }
            }
            None => {
                let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                tally.fleeting += 1;
                eprintln!("fleeting: sequence {number}\n{}", report(number, subjects, &parting));
            }
        }
    }
}

fn report(number: u64, subjects: &[Subject], parting: &Parting) -> String {
    let mut text = format!("sequence {number}: {} {}\n", subjects[0].api_version, subjects[0].kind);
    for (version, subject) in subjects.iter().enumerate() {
        if let Shape::Schema(schema) = &subject.shape {
            let _ = writeln!(text, "  version {}: {}", version + 1, relevant(schema, parting));
        }
    }
    for (index, step) in parting.steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {step}", index + 1);
    }
    let _ =
        writeln!(text, "  differs at {}\n    real {}\n    ours {}", parting.at, parting.real, parting.ours);
    let shown = |answer: &Value| answer["body"].to_string();
    let _ = writeln!(text, "  real {}\n  ours {}", shown(&parting.real_answer), shown(&parting.ours_answer));
    text
}

/// The schema without top fields that no step names and no default sets.
fn relevant(schema: &Value, parting: &Parting) -> Value {
    let mut schema = schema.clone();
    let bodies: String = parting.steps.iter().map(|step| step.body.to_string()).collect();
    for part in ["spec", "status"] {
        let fields =
            schema.pointer_mut(&format!("/properties/{part}/properties")).and_then(Value::as_object_mut);
        if let Some(fields) = fields {
            fields.retain(|name, field| {
                bodies.contains(&format!("\"{name}\""))
                    || bodies.contains(&format!("/{name}"))
                    || field.get("default").is_some()
            });
        }
    }
    schema
}
