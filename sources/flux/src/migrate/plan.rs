use super::{KUSTOMIZATION, Live, Memory};
use crate::kind::{EXTENSIONS, KUSTOMIZE, SOURCE};
use mainstay_object::ObjectKey;
use mainstay_unit::UnitId;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Objects that a reason names, at most.
const NAMED: usize = 3;

/// What Mainstay makes of a Kustomization that the repository declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Why what it renders is not known, if it is not.
    pub unrendered: Option<String>,
    /// Objects that would be made or changed, or can't be applied as written: each with why.
    pub differs: Vec<String>,
    /// Objects that Flux applies there and Mainstay would not.
    pub lost: Vec<ObjectKey>,
    /// What the management cluster says of the unit, if a daemon has looked at it.
    pub record: Option<Recorded>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    pub ready: bool,
    pub suspended: bool,
    /// Its phase, and why.
    pub says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// From Flux to Mainstay.
    Migrate,
    /// Back.
    Undo,
    /// Flux's Kustomizations go, what they applied stays.
    Finish,
}

/// Why a Kustomization stays Flux's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    NotDeclared,
    Unrendered(String),
    NotReady(String),
    Suspended,
    SuspendedHere,
    Deleting,
    /// Mainstay would change something.
    Differs(Vec<String>),
    /// Nobody would look after these.
    Lost(Vec<ObjectKey>),
    /// It applies Kustomizations that stay Flux's.
    Child(String),
    Memory,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It stays Flux's: every reason.
    Stays(Vec<Hold>),
    /// Flux's, and it can be taken over.
    Free,
    /// Suspended for Mainstay; kustomize-controller has not answered.
    Asked,
    /// Suspended and seen; what keeps its unit from being ready.
    Handed(String),
    /// Its unit is ready.
    Taken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    Suspend,
    /// Waits for kustomize-controller's answer.
    Confirm,
    Restore,
    /// Takes Flux's labels and its ownership of fields off the objects.
    TakeOver,
    /// Deletes the Kustomization, and nothing with it.
    Remove,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub act: Act,
    /// `namespace/name` of the Kustomization.
    pub kustomization: String,
    pub unit: UnitId,
    pub reason: String,
}

/// One Kustomization, and how things stand with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub kustomization: String,
    pub unit: UnitId,
    /// How many objects Flux's inventory holds.
    pub objects: usize,
    #[serde(flatten)]
    pub standing: Standing,
    /// Who applies this one and goes on doing so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    pub goal: Goal,
    pub rows: Vec<Row>,
    pub steps: Vec<Step>,
    /// Why nothing is done at all.
    pub refused: Vec<String>,
}

/// The steps to a goal. `only`: of these Kustomizations (`namespace/name`); all if there are none.
pub fn plan(goal: Goal, live: &[Live], known: &BTreeMap<UnitId, Known>, only: &BTreeSet<String>) -> Plan {
    let parents = parents(live);
    let standings = standings(live, known);
    let mut plan = Plan { goal, rows: Vec::new(), steps: Vec::new(), refused: Vec::new() };
    for at in order(live, &parents) {
        let one = &live[at];
        let stays = |parent: &&usize| matches!(standings[**parent], Standing::Stays(_));
        plan.rows.push(Row {
            kustomization: one.name(),
            unit: one.unit.clone(),
            objects: one.inventory.len(),
            standing: standings[at].clone(),
            applied_by: parents[at]
                .iter()
                .find(stays)
                .map(|parent| format!("Kustomization {}", live[*parent].name()))
                .or_else(|| one.made_by.clone()),
        });
    }
    for name in only {
        if !plan.rows.iter().any(|row| row.kustomization == *name) {
            plan.refused.push(format!("there is no Kustomization {name}"));
        }
    }
    let by_name: BTreeMap<String, &Live> = live.iter().map(|one| (one.name(), one)).collect();
    // The way back and the end concern only what was suspended for Mainstay.
    plan.rows.retain(|row| match goal {
        Goal::Migrate => true,
        Goal::Undo | Goal::Finish => by_name[&row.kustomization].memory != Memory::Nothing,
    });
    plan.rows.retain(|row| only.is_empty() || only.contains(&row.kustomization));
    for row in &plan.rows {
        let one = by_name[&row.kustomization];
        match goal {
            Goal::Migrate => plan.steps.extend(forward(row)),
            Goal::Undo => match back(row, one, known.get(&one.unit)) {
                Ok(step) => plan.steps.extend(step),
                Err(why) => plan.refused.push(why),
            },
            Goal::Finish => match finish(row, one) {
                Ok(steps) => plan.steps.extend(steps),
                Err(why) => plan.refused.push(why),
            },
        }
    }
    if goal == Goal::Undo {
        plan.steps.reverse();
    }
    if !plan.refused.is_empty() {
        plan.steps.clear();
    }
    plan
}

fn step(act: Act, row: &Row, reason: String) -> Step {
    Step { act, kustomization: row.kustomization.clone(), unit: row.unit.clone(), reason }
}

fn forward(row: &Row) -> Vec<Step> {
    let confirm = || {
        step(
            Act::Confirm,
            row,
            "until it has seen the suspension, work that it has begun may go on".to_owned(),
        )
    };
    match &row.standing {
        Standing::Free => {
            let mut reason = format!("Flux neither applies nor prunes its {} any more", count(row.objects));
            if let Some(by) = &row.applied_by {
                reason.push_str(&format!(
                    "; {by} applies this one and stays as it is: with `suspend: false` there it would be resumed"
                ));
            }
            vec![step(Act::Suspend, row, reason), confirm()]
        }
        Standing::Asked => vec![confirm()],
        Standing::Stays(_) | Standing::Handed(_) | Standing::Taken => Vec::new(),
    }
}

fn back(row: &Row, live: &Live, known: Option<&Known>) -> Result<Option<Step>, String> {
    match &live.memory {
        Memory::Nothing => Ok(None),
        Memory::Unreadable => Err(format!("{}: {}", row.kustomization, Hold::Memory)),
        Memory::Kept(_) if live.deleting => Err(format!("{}: {}", row.kustomization, Hold::Deleting)),
        Memory::Kept(before) => match known.and_then(|known| known.record.as_ref()) {
            Some(record) if !record.suspended => Err(format!(
                "{}: Mainstay holds {} to the repository ({}), and would do so against Flux; first: mainstay suspend {}",
                row.kustomization, row.unit, record.says, row.unit
            )),
            Some(_) | None => {
                let was = match before.suspend {
                    None => "spec.suspend absent",
                    Some(false) => "spec.suspend: false",
                    Some(true) => "spec.suspend: true",
                };
                Ok(Some(step(Act::Restore, row, format!("as it was before: {was}"))))
            }
        },
    }
}

fn finish(row: &Row, live: &Live) -> Result<Vec<Step>, String> {
    if live.memory == Memory::Nothing {
        return Ok(Vec::new());
    }
    let why = match &row.standing {
        Standing::Taken => {
            let taken = format!("{} is ready; from here on what leaves Git leaves the objects", row.unit);
            let kept = format!("without pruning: its {} stay", count(row.objects));
            return Ok(match &row.applied_by {
                Some(by) => {
                    let why =
                        format!("{taken}; it stays, suspended: {by} applies it and would make it again");
                    vec![step(Act::TakeOver, row, why)]
                }
                None => vec![step(Act::TakeOver, row, taken), step(Act::Remove, row, kept)],
            });
        }
        Standing::Asked => {
            "Flux has not confirmed that it is suspended: run `mainstay migrate flux --yes`".to_owned()
        }
        Standing::Handed(why) => format!("{} is not ready: {why}", row.unit),
        Standing::Free => "it was resumed: run `mainstay migrate flux`".to_owned(),
        Standing::Stays(holds) => text(holds),
    };
    Err(format!("{}: {why}", row.kustomization))
}

/// Whose inventory holds each Kustomization, itself left out.
fn parents(live: &[Live]) -> Vec<Vec<usize>> {
    let index: BTreeMap<&ObjectKey, usize> =
        live.iter().enumerate().map(|(at, one)| (&one.key, at)).collect();
    let mut parents = vec![Vec::new(); live.len()];
    for (above, one) in live.iter().enumerate() {
        // What is applied to another cluster is not the object here.
        let here = one.inventory.iter().filter(|_| one.unit.cluster.is_empty());
        for child in here.filter_map(|(key, _)| index.get(key)).filter(|child| **child != above) {
            parents[*child].push(above);
        }
    }
    parents
}

/// Parents before children, else by name; a circle is entered by name.
fn order(live: &[Live], parents: &[Vec<usize>]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..live.len()).collect();
    left.sort_by_key(|at| live[*at].name());
    let mut out: Vec<usize> = Vec::with_capacity(live.len());
    while !left.is_empty() {
        let done = |at: &usize| parents[*at].iter().all(|parent| out.contains(parent));
        let next = left.iter().position(done).unwrap_or_default();
        out.push(left.remove(next));
    }
    out
}

fn standings(live: &[Live], known: &BTreeMap<UnitId, Known>) -> Vec<Standing> {
    let mut out: Vec<Standing> = live.iter().map(|one| standing(one, known.get(&one.unit))).collect();
    // Who applies what stays Flux's stays Flux's: else nobody would apply it.
    let parents = parents(live);
    let mut news: Vec<usize> = (0..live.len()).filter(|at| matches!(out[*at], Standing::Stays(_))).collect();
    while let Some(child) = news.pop() {
        for above in &parents[child] {
            match &mut out[*above] {
                Standing::Stays(holds) => holds.push(Hold::Child(live[child].name())),
                Standing::Free => {
                    out[*above] = Standing::Stays(vec![Hold::Child(live[child].name())]);
                    news.push(*above);
                }
                // What was handed over is not taken back by itself.
                Standing::Asked | Standing::Handed(_) | Standing::Taken => {}
            }
        }
    }
    out
}

fn standing(live: &Live, known: Option<&Known>) -> Standing {
    let ours = live.suspended && live.memory != Memory::Nothing;
    let mut holds = Vec::new();
    if live.deleting && !ours {
        holds.push(Hold::Deleting);
    }
    if live.memory == Memory::Unreadable {
        holds.push(Hold::Memory);
    }
    let Some(known) = known else {
        holds.push(Hold::NotDeclared);
        return Standing::Stays(holds);
    };
    if ours && holds.is_empty() {
        return match &known.record {
            _ if !live.answered && !live.deleting => Standing::Asked,
            None => Standing::Handed("no daemon has looked at it yet".to_owned()),
            Some(record) if record.suspended => Standing::Handed("it is suspended in Mainstay".to_owned()),
            Some(record) if !record.ready => Standing::Handed(record.says.clone()),
            Some(_) if !known.differs.is_empty() => {
                Standing::Handed(Hold::Differs(known.differs.clone()).to_string())
            }
            Some(_) if known.unrendered.is_some() => {
                Standing::Handed(known.unrendered.clone().unwrap_or_default())
            }
            Some(_) => Standing::Taken,
        };
    }
    if live.suspended && !ours {
        holds.push(Hold::Suspended);
    }
    if let Some(why) = &live.not_ready {
        holds.push(Hold::NotReady(why.clone()));
    }
    if known.record.as_ref().is_some_and(|record| record.suspended) {
        holds.push(Hold::SuspendedHere);
    }
    match &known.unrendered {
        Some(why) => holds.push(Hold::Unrendered(why.clone())),
        None => {
            if !known.differs.is_empty() {
                holds.push(Hold::Differs(known.differs.clone()));
            }
            let lost: Vec<ObjectKey> = known.lost.iter().filter(|key| !is_read(key)).cloned().collect();
            if !lost.is_empty() {
                holds.push(Hold::Lost(lost));
            }
        }
    }
    if holds.is_empty() { Standing::Free } else { Standing::Stays(holds) }
}

/// What Mainstay reads in the repository in place of applying it: where everything is taken over, nothing needs it live.
fn is_read(key: &ObjectKey) -> bool {
    let charts = ["HelmRepository", "HelmChart"].contains(&key.kind());
    (key.group(), key.kind()) == KUSTOMIZATION
        || [KUSTOMIZE, SOURCE, EXTENSIONS].contains(&key.group()) && !charts
}

fn count(objects: usize) -> String {
    if objects == 1 { "1 object".to_owned() } else { format!("{objects} objects") }
}

fn text(holds: &[Hold]) -> String {
    holds.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn some<T: fmt::Display>(all: &[T]) -> String {
    let named: Vec<String> = all.iter().take(NAMED).map(ToString::to_string).collect();
    match all.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDeclared => f.write_str("the repository does not declare it"),
            Self::Unrendered(why) => write!(f, "it is planned, not rendered: {why}"),
            Self::NotReady(why) => write!(f, "not ready in Flux: {why}"),
            Self::Suspended => f.write_str("somebody has suspended it; resume it first"),
            Self::SuspendedHere => f.write_str("its unit is suspended in Mainstay; resume it first"),
            Self::Deleting => f.write_str("it is being deleted"),
            Self::Differs(objects) => {
                write!(f, "Mainstay would not leave everything as it is: {}", some(objects))
            }
            Self::Lost(objects) => write!(f, "Flux applies what Mainstay would not: {}", some(objects)),
            Self::Child(name) => write!(f, "it applies Kustomization {name}, which stays Flux's"),
            Self::Memory => write!(f, "its annotation {} can't be read", super::MEMORY),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stays(holds) => f.write_str(&text(holds)),
            Self::Free => f.write_str("as Flux has it, Mainstay would have it"),
            Self::Asked => f.write_str("suspended; Flux has not confirmed it"),
            Self::Handed(why) => write!(f, "suspended; {why}"),
            Self::Taken => f.write_str("suspended, and its unit is ready"),
        }
    }
}

impl Standing {
    /// One word, for a column.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Stays(_) => "stays",
            Self::Free => "flux",
            Self::Asked => "asked",
            Self::Handed(_) => "handed",
            Self::Taken => "mainstay",
        }
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let why: Vec<String> = match self {
            Self::Stays(holds) => holds.iter().map(ToString::to_string).collect(),
            Self::Handed(why) => vec![why.clone()],
            Self::Free | Self::Asked | Self::Taken => Vec::new(),
        };
        serde_json::json!({"standing": self.word(), "why": why}).serialize(serializer)
    }
}
