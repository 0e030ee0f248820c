use crate::build::{self, Round};
use crate::cache::Cache;
use crate::checks;
use crate::declared::{DeclaredUnit, State};
use crate::entry::{self, Base};
use crate::inputs::Inputs;
use crate::outcome::Outcome;
use crate::sources::Resolver;
use crate::views::Views;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_unit::{CouldDeclare, Need, Reading, ReadingUnit, RenderState, Source, UnitId, Unread};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What became of a unit's render.
#[derive(Debug, Clone)]
pub(crate) enum Rendered {
    Done(Arc<Outcome>),
    Not {
        reason: String,
    },
    /// What it declares is known, or at least some of it; its objects are not to be applied.
    Partly {
        outcome: Arc<Outcome>,
        reason: String,
        complete: bool,
    },
}

/// Units that are built at the same time: what they make is held unpacked meanwhile.
const TOGETHER: usize = 256;

/// A round that declared nothing new.
pub(crate) struct Settled {
    pub state: State,
    pub renders: BTreeMap<UnitId, Rendered>,
    pub diagnostics: Vec<Diagnostic>,
    pub needs: BTreeSet<Need>,
}

pub(crate) fn read(inputs: &Inputs, cache: &mut Cache) -> Reading {
    cache.begin(inputs.key);
    let mut base = entry::read(inputs, cache);
    let settled = settle(inputs, &base, cache);
    let diagnostics = std::mem::take(&mut base.diagnostics);
    let reading = assemble(inputs, &base, settled, &cache.views, diagnostics.into_iter().collect());
    cache.end();
    reading
}

fn settle(inputs: &Inputs, base: &Base, cache: &mut Cache) -> Settled {
    let ground = State::of(base);
    let mut state = ground.clone();
    let mut rounds = 0;
    loop {
        let mut round = round(inputs, base, &state, ground.clone(), cache);
        let next = std::mem::take(&mut round.state);
        if next.is(&state, cache.scopes()) {
            return Settled { state: next, ..round };
        }
        rounds += 1;
        let excess = if next.units.len() > inputs.limits.units {
            Some((&codes::unit::TOO_MANY_UNITS, format!("more than {} units", inputs.limits.units)))
        } else if rounds > inputs.limits.rounds {
            let message = format!("renders declare renders more than {} deep", inputs.limits.rounds);
            Some((&codes::unit::TOO_MANY_ROUNDS, message))
        } else {
            None
        };
        if let Some((code, message)) = excess {
            let deepest = state.units.values().max_by_key(|unit| unit.depth);
            let problem = match deepest {
                Some(unit) => Diagnostic::new(code, format!("{message}; the deepest is {}", unit.unit.id))
                    .at(unit.unit.declared_at.clone()),
                None => Diagnostic::new(code, message),
            };
            round.diagnostics.push(problem);
            // What the renders of this round declare is left out: it is not known whether it would ever end.
            let mut state = state;
            state.diagnostics = next.diagnostics;
            state.unread.insert(Unread::new("renders below the limit", CouldDeclare::Children));
            return Settled { state, ..round };
        }
        state = next;
    }
}

/// `next` becomes what the round has found; it begins with what the files declare.
fn round(inputs: &Inputs, base: &Base, state: &State, mut next: State, cache: &mut Cache) -> Settled {
    let mut renders = Vec::with_capacity(state.units.len());
    let mut out = Settled {
        state: State::default(),
        renders: BTreeMap::new(),
        diagnostics: Vec::new(),
        needs: BTreeSet::new(),
    };
    let mut resolver = Resolver::new(std::mem::take(&mut cache.views));
    // Shallow ones first, so that a unit's parent is the one nearest to a file.
    let mut order: Vec<&Arc<DeclaredUnit>> = state.units.values().collect();
    // They are sorted by name.
    order.sort_by_key(|unit| unit.depth);
    for some in order.chunks(TOGETHER) {
        let mut told = Vec::new();
        let asked = some.iter().map(|declared| {
            let is_entry = declared.depth == 0 && state.entry.as_ref() == Some(&declared.unit.id);
            let round = Round { state, base, inputs };
            build::ask(declared, is_entry, round, &mut resolver, cache, &mut told)
        });
        let asked = asked.collect();
        out.diagnostics.append(&mut told);
        for (declared, rendering) in some.iter().zip(build::answer(asked, cache)) {
            out.diagnostics.extend(rendering.diagnostics);
            out.needs.extend(rendering.needs);
            match &rendering.rendered {
                Rendered::Done(outcome) | Rendered::Partly { outcome, .. } => {
                    next.add_render(declared, outcome)
                }
                Rendered::Not { .. } => {}
            }
            renders.push((declared.unit.id.clone(), rendering.rendered));
        }
    }
    let (views, told) = resolver.end();
    cache.views = views;
    out.diagnostics.extend(told);
    out.renders = renders.into_iter().collect();
    next.keep_entry(state, base);
    next.find_entry(base, inputs);
    out.state = next;
    out
}

fn assemble(
    inputs: &Inputs,
    base: &Base,
    mut settled: Settled,
    views: &Views,
    mut diagnostics: Vec<Diagnostic>,
) -> Reading {
    let mut unread = base.unread.clone();
    unread.append(&mut settled.state.unread);
    diagnostics.append(&mut settled.diagnostics);
    diagnostics.extend(std::mem::take(&mut settled.state.diagnostics));
    checks::resolve_dependencies(&mut settled.state);
    let mut units = Vec::with_capacity(settled.state.units.len());
    for (id, declared) in &settled.state.units {
        let render = settled.renders.get(id);
        let state = state_of(declared, render, &settled.state);
        let could = match &declared.unit.source {
            Source::Folder { .. } => Some(CouldDeclare::Children),
            Source::Chart(_) => Some(CouldDeclare::Below(id.clone())),
            Source::Objects(_) => None,
        };
        if let (Some(could), Some(reason)) = (could, unread_reason(render)) {
            unread.insert(Unread::new(format!("what {id} renders: {reason}"), could));
        }
        let unit = ReadingUnit {
            unit: declared.unit.clone(),
            state,
            parent: declared.parent.clone(),
            authorities: declared.authorities.clone(),
        };
        units.push((id.clone(), unit));
    }
    // Of what is sorted, a map is made at once.
    let mut units = units.into_iter().collect();
    checks::all(inputs, base, views, &settled, &mut units, &mut diagnostics);
    Reading {
        revision: inputs.platform.revision.clone(),
        units,
        diagnostics: diagnostics.into_iter().collect::<mainstay_diagnostic::Diagnostics>().sorted(),
        needs: settled.needs,
        unread,
        health_rules: base.health_rules.clone(),
    }
}

fn state_of(declared: &DeclaredUnit, render: Option<&Rendered>, state: &State) -> RenderState {
    if let Some(failed) = &declared.failed {
        return RenderState::Failed { first: Box::new(failed.clone()) };
    }
    if let Some(ancestor) = broken_ancestor(declared, state) {
        return RenderState::NotRendered { reason: format!("{ancestor}, which declares it, has errors") };
    }
    match render {
        None => RenderState::NotRendered { reason: "the unit was found too deep".to_owned() },
        Some(Rendered::Not { reason } | Rendered::Partly { reason, .. }) => {
            RenderState::NotRendered { reason: reason.clone() }
        }
        Some(Rendered::Done(outcome)) => match outcome.first_error() {
            Some(first) => RenderState::Failed { first: Box::new(first.clone()) },
            None => RenderState::Rendered(outcome.rendered.clone()),
        },
    }
}

/// A declaration with errors would not be applied, so what it declares would not exist.
fn broken_ancestor<'a>(declared: &'a DeclaredUnit, state: &'a State) -> Option<&'a UnitId> {
    let mut at = declared;
    // Parents are shallower, so that this ends.
    while let Some(parent) = at.parent.as_ref().and_then(|id| state.units.get(id)) {
        if parent.failed.is_some() {
            return Some(&parent.unit.id);
        }
        if parent.depth >= at.depth {
            return None;
        }
        at = parent;
    }
    None
}

fn unread_reason(render: Option<&Rendered>) -> Option<String> {
    match render {
        None => Some("found too deep".to_owned()),
        Some(Rendered::Partly { complete: true, .. }) => None,
        Some(Rendered::Not { reason } | Rendered::Partly { reason, .. }) => Some(reason.clone()),
        Some(Rendered::Done(outcome)) => outcome.first_error().map(|error| error.message.clone()),
    }
}
