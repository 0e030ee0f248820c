use super::{Applier, Live, Memory};
use crate::kind::{EXTENSIONS, HELM, KUSTOMIZE, SOURCE};
use mainstay_object::ObjectKey;
use mainstay_unit::UnitId;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Objects that a reason names, at most.
const NAMED: usize = 3;

/// What Mainstay makes of what the repository declares.
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
    /// Of a HelmRelease that is rendered.
    pub helm: Option<Helm>,
}

/// What Mainstay would release, and what Helm knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Helm {
    pub name: String,
    pub namespace: String,
    /// Where Helm's records lie.
    pub storage: String,
    /// Helm's newest number and its status; none where Helm does not know the release.
    pub newest: Option<(u64, String)>,
    /// What Mainstay would release otherwise, by name.
    pub otherwise: Vec<String>,
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
    /// Flux's objects go, what they applied stays.
    Finish,
}

/// Why one stays Flux's.
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
    /// Helm has not deployed what Mainstay would.
    Release(String),
    /// It applies another one that stays Flux's.
    Child(String),
    /// It applies a source from which a HelmRelease that stays Flux's has its chart: the source, the HelmRelease.
    Source(String, String),
    Memory,
    /// An entry of its inventory names no object: what it stands for would be lost.
    Inventory(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It stays Flux's: every reason.
    Stays(Vec<Hold>),
    /// Flux's, and it can be taken over.
    Free,
    /// Suspended for Mainstay; its controller has not answered.
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
    /// Waits for its controller's answer.
    Confirm,
    Restore,
    /// Takes Flux's labels and its ownership of fields off the objects.
    TakeOver,
    /// Deletes the object, and nothing with it.
    Remove,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub act: Act,
    pub kind: String,
    /// `namespace/name`.
    pub name: String,
    pub unit: UnitId,
    pub reason: String,
}

/// One of Flux's objects, and how things stand with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub kind: String,
    /// `namespace/name`.
    pub name: String,
    pub unit: UnitId,
    /// How many objects Flux's inventory holds.
    pub objects: usize,
    #[serde(flatten)]
    pub standing: Standing,
    /// Who applies this one and goes on doing so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_by: Option<String>,
    /// Who stays Flux's and waits for it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<String>,
}

impl Row {
    /// `HelmRelease namespace/name`.
    pub fn titled(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

impl Step {
    /// `HelmRelease namespace/name`.
    pub fn titled(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    pub goal: Goal,
    pub rows: Vec<Row>,
    pub steps: Vec<Step>,
    /// Why nothing is done at all.
    pub refused: Vec<String>,
}

/// The steps to a goal. `only`: of these (`namespace/name`, or `KIND/namespace/name`); all if there are none.
pub fn plan(goal: Goal, live: &[Live], known: &BTreeMap<UnitId, Known>, only: &BTreeSet<String>) -> Plan {
    let parents = parents(live);
    let standings = standings(live, known);
    let mut plan = Plan { goal, rows: Vec::new(), steps: Vec::new(), refused: Vec::new() };
    for at in order(live, &parents) {
        let one = &live[at];
        let stays = |parent: &&usize| matches!(standings[**parent], Standing::Stays(_));
        let waits = |other: &Live| other.depends_on.contains(&one.key);
        let theirs = |at: &usize| !matches!(standings[*at], Standing::Handed(_) | Standing::Taken);
        plan.rows.push(Row {
            kind: one.key.kind().to_owned(),
            name: one.name(),
            unit: one.unit.clone(),
            objects: one.inventory.len(),
            standing: standings[at].clone(),
            applied_by: parents[at]
                .iter()
                .find(stays)
                .map(|parent| live[*parent].titled())
                .or_else(|| one.made_by.clone()),
            needed_by: (0..live.len())
                .find(|other| theirs(other) && waits(&live[*other]))
                .map(|other| live[other].titled()),
        });
    }
    for name in only {
        if !plan.rows.iter().any(|row| is_named(row, name)) {
            plan.refused.push(format!("there is no {name} of Flux's"));
        }
    }
    let by_name: BTreeMap<String, &Live> = live.iter().map(|one| (one.titled(), one)).collect();
    // The way back and the end concern only what was suspended for Mainstay.
    plan.rows.retain(|row| match goal {
        Goal::Migrate => true,
        Goal::Undo | Goal::Finish => by_name[&row.titled()].memory != Memory::Nothing,
    });
    plan.rows.retain(|row| only.is_empty() || only.iter().any(|name| is_named(row, name)));
    for row in &plan.rows {
        let one = by_name[&row.titled()];
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

/// `shop/web`, `helmrelease/shop/web`: as units are named, in any case.
fn is_named(row: &Row, name: &str) -> bool {
    row.name == name
        || name
            .split_once('/')
            .is_some_and(|(kind, rest)| kind.eq_ignore_ascii_case(&row.kind) && rest == row.name)
}

fn step(act: Act, row: &Row, reason: String) -> Step {
    Step { act, kind: row.kind.clone(), name: row.name.clone(), unit: row.unit.clone(), reason }
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
            let objects = count(row.objects);
            let mut reason = if row.kind == Applier::HelmRelease.kind() {
                format!("Flux neither upgrades nor uninstalls its {objects} any more")
            } else {
                format!("Flux neither applies nor prunes its {objects} any more")
            };
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
        Memory::Unreadable => Err(format!("{}: {}", row.titled(), Hold::Memory)),
        Memory::Kept(_) if live.deleting => Err(format!("{}: {}", row.titled(), Hold::Deleting)),
        Memory::Kept(before) => match known.and_then(|known| known.record.as_ref()) {
            Some(record) if !record.suspended => Err(format!(
                "{}: Mainstay holds {} to the repository ({}), and would do so against Flux; first: mainstay suspend {}",
                row.titled(),
                row.unit,
                record.says,
                row.unit
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
            let kept = match live.applier {
                Applier::Kustomization => format!("without pruning: its {} stay", count(row.objects)),
                Applier::HelmRelease => format!("without uninstalling: its {} stay", count(row.objects)),
            };
            let stays = match (&row.applied_by, &row.needed_by) {
                (Some(by), _) => Some(format!("{by} applies it and would make it again")),
                (None, Some(by)) => Some(format!("{by} depends on it")),
                (None, None) => None,
            };
            return Ok(match stays {
                Some(why) => {
                    vec![step(Act::TakeOver, row, format!("{taken}; it stays, suspended: {why}"))]
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
    Err(format!("{}: {why}", row.titled()))
}

/// Whose inventory holds each, itself left out.
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
    left.sort_by_key(|at| (live[*at].name(), live[*at].key.kind().to_owned()));
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
        let applied = parents[child].iter().map(|above| (*above, Hold::Child(live[child].titled())));
        let fed = suppliers(live, child).into_iter();
        for (above, hold) in applied.chain(fed) {
            match &mut out[above] {
                Standing::Stays(holds) => holds.push(hold),
                Standing::Free => {
                    out[above] = Standing::Stays(vec![hold]);
                    news.push(above);
                }
                // What was handed over is not taken back by itself.
                Standing::Asked | Standing::Handed(_) | Standing::Taken => {}
            }
        }
    }
    out
}

/// Who applies what a HelmRelease may have its chart from. What a HelmChart names in turn is not known here.
fn suppliers(live: &[Live], of: usize) -> Vec<(usize, Hold)> {
    let Some(source) = live[of].source.as_ref() else { return Vec::new() };
    let may_feed = |key: &ObjectKey| {
        key == source
            || source.kind() == "HelmChart" && key.group() == SOURCE && key.kind() == "HelmRepository"
    };
    let mut out = Vec::new();
    for (at, one) in live.iter().enumerate().filter(|(_, one)| one.unit.cluster.is_empty()) {
        if let Some((key, _)) = one.inventory.iter().find(|(key, _)| may_feed(key)) {
            let source = format!("{} {}/{}", key.kind(), key.namespace(), key.name());
            out.push((at, Hold::Source(source, live[of].titled())));
        }
    }
    out
}

/// Why a release can't go on as it is.
fn release(live: &Live, helm: &Helm) -> Option<String> {
    let Helm { name, namespace, .. } = helm;
    if let Some(theirs) = &live.released
        && (&theirs.name, &theirs.namespace) != (name, namespace)
    {
        let theirs = format!("{} in {}", theirs.name, theirs.namespace);
        return Some(format!("Flux's release is {theirs}, Mainstay's would be {name} in {namespace}"));
    }
    match &helm.newest {
        None => Some(format!("Helm has no record of the release {name} in {}", helm.storage)),
        Some((number, status)) if status != "deployed" => {
            Some(format!("Helm says that {name} {number} is {status}"))
        }
        Some((number, _)) => match &live.released {
            Some(theirs) if theirs.number != *number => Some(format!(
                "Helm's newest record of {name} is {number}, Flux released {}: somebody else has since",
                theirs.number
            )),
            Some(_) | None if !helm.otherwise.is_empty() => Some(format!(
                "Helm has deployed something else than Mainstay would; otherwise would be: {}",
                some(&helm.otherwise)
            )),
            Some(_) | None => None,
        },
    }
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
    holds.extend(live.unread.first().cloned().map(Hold::Inventory));
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
            holds.extend(known.helm.as_ref().and_then(|helm| release(live, helm)).map(Hold::Release));
            let local = live.unit.cluster.is_empty();
            let lost: Vec<ObjectKey> =
                known.lost.iter().filter(|key| !is_read(key, local)).cloned().collect();
            if !lost.is_empty() {
                holds.push(Hold::Lost(lost));
            }
        }
    }
    if holds.is_empty() { Standing::Free } else { Standing::Stays(holds) }
}

/// What Mainstay reads in the repository in place of applying it: where everything is taken over, nothing needs it live.
/// Another cluster may have a helm-controller of its own, which needs them there.
fn is_read(key: &ObjectKey, local: bool) -> bool {
    let charts = key.group() == HELM || ["HelmRepository", "HelmChart"].contains(&key.kind());
    [KUSTOMIZE, SOURCE, EXTENSIONS, HELM].contains(&key.group()) && (local || !charts)
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
            Self::Release(why) => f.write_str(why),
            Self::Child(name) => write!(f, "it applies {name}, which stays Flux's"),
            Self::Source(source, by) => {
                write!(f, "it applies {source}, from which {by} has its chart and stays Flux's")
            }
            Self::Inventory(entry) => write!(f, "its inventory holds {entry}, which names no object"),
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
