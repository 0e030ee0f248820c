use crate::{Action, Plan, Step, UnitPlan, Verdict, changes, sensitive_changes};
use mainstay_object::ObjectKey;
use mainstay_unit::{Manifest, Reading, ReadingUnit, RenderState, Target, UnitId};
use std::collections::BTreeMap;

/// What a revision would change compared with another, without asking any cluster: desired against desired.
pub fn between(base: &Reading, head: &Reading, wave: &dyn Fn(&UnitId) -> usize) -> Plan {
    let before = objects(base);
    let after = objects(head);
    let mut units: Vec<UnitPlan> =
        head.units.iter().map(|(id, unit)| planned(id, unit, wave(id), &before)).collect();
    for (place, (owner, ..)) in &before {
        if after.contains_key(place) || unknown(head.units.get(*owner)) {
            continue;
        }
        let step = Step {
            action: Action::Delete,
            key: place.1.clone(),
            reason: "no longer declared".into(),
            changes: Vec::new(),
        };
        match units.iter_mut().find(|u| u.id == **owner) {
            Some(unit) => unit.steps.push(step),
            None => units.push(UnitPlan {
                id: (*owner).clone(),
                target: place.0.clone(),
                wave: 0,
                verdict: Verdict::Removed,
                steps: vec![step],
                unchanged: 0,
            }),
        }
    }
    units.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    Plan { revision: head.revision.clone(), units, held: Vec::new() }
}

/// Each object with its unit, and whether its content may not be shown.
type Places<'a> = BTreeMap<(Target, ObjectKey), (&'a UnitId, &'a Manifest, bool)>;

fn objects(reading: &Reading) -> Places<'_> {
    let mut out = BTreeMap::new();
    for (id, unit) in &reading.units {
        if let RenderState::Rendered(rendered) = &unit.state {
            for desired in &rendered.objects {
                let key = desired.key.clone();
                let sensitive = rendered.sensitive.contains(&key);
                out.entry((unit.unit.target.clone(), key)).or_insert((id, desired, sensitive));
            }
        }
    }
    out
}

/// A unit that could not be rendered says nothing of its objects: they stay.
fn unknown(unit: Option<&ReadingUnit>) -> bool {
    unit.is_some_and(|u| match u.state {
        RenderState::Rendered(_) => false,
        RenderState::NotRendered { .. } | RenderState::Failed { .. } => true,
    })
}

fn planned(id: &UnitId, unit: &ReadingUnit, wave: usize, before: &Places<'_>) -> UnitPlan {
    let target = unit.unit.target.clone();
    let mut plan =
        UnitPlan { id: id.clone(), target, wave, verdict: Verdict::Planned, steps: Vec::new(), unchanged: 0 };
    let rendered = match &unit.state {
        RenderState::NotRendered { reason } => {
            plan.verdict = Verdict::NotRendered(reason.clone());
            return plan;
        }
        RenderState::Failed { first } => {
            plan.verdict = Verdict::Failed(first.to_string());
            return plan;
        }
        RenderState::Rendered(rendered) => rendered,
    };
    for desired in &rendered.objects {
        let key = desired.key.clone();
        let step = match before.get(&(plan.target.clone(), key.clone())) {
            None => {
                Step { action: Action::Create, key, reason: "newly declared".into(), changes: Vec::new() }
            }
            Some((_, old, _)) if old.digest == desired.digest => {
                plan.unchanged += 1;
                continue;
            }
            Some((_, old, was_sensitive)) => {
                let sensitive = *was_sensitive || rendered.sensitive.contains(&key);
                let compare = if sensitive { sensitive_changes } else { changes };
                let changes = compare(old.object().value(), desired.object().value());
                if changes.is_empty() {
                    plan.unchanged += 1;
                    continue;
                }
                Step { action: Action::Change, key, reason: "changed".into(), changes }
            }
        };
        plan.steps.push(step);
    }
    plan
}
