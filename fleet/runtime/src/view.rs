//! From the state machine to the snapshot that everybody sees.

use mainstay_reconcile::State;
use mainstay_status::{Problem, UnitView, View};
use mainstay_unit::{Reading, Role};

pub(crate) struct About<'a> {
    pub repository: &'a str,
    pub observing: bool,
    pub reading: Option<&'a Reading>,
    pub read_failure: Option<&'a str>,
}

pub(crate) fn view(state: &State, about: &About<'_>) -> View {
    let units = state
        .units
        .iter()
        .map(|(id, unit)| UnitView {
            id: id.clone(),
            role: unit.unit.as_ref().map_or_else(|| unit.record.role.clone(), |u| role(u.role).to_owned()),
            tenant: id.tenant.clone(),
            cluster: unit
                .unit
                .as_ref()
                .map_or_else(|| unit.record.target.cluster.clone(), |u| u.target.name().to_owned()),
            wave: state.graph.wave(id).unwrap_or_default(),
            phase: unit.phase.word().to_owned(),
            health: unit.health.status,
            message: match unit.phase.why() {
                why if why.is_empty() => unit.health.message.clone(),
                why => why,
            },
            revision: unit.record.revision.clone(),
            objects: unit.record.inventory.len(),
            depends_on: state.graph.dependencies(id).map(|(on, _)| on.clone()).collect(),
            simulated: unit.record.simulated,
            suspended: unit.record.suspended || unit.unit.as_ref().is_some_and(|u| u.suspend),
            held: unit.record.held.clone(),
        })
        .collect();
    View {
        revision: about.reading.map(|r| r.revision.clone()).unwrap_or_default(),
        repository: about.repository.to_owned(),
        observing: about.observing,
        ready: about.reading.is_some(),
        units,
        problems: about.reading.map(problems).unwrap_or_default(),
        read_failure: about.read_failure.map(str::to_owned),
    }
}

fn problems(reading: &Reading) -> Vec<Problem> {
    let problem = |d: &mainstay_diagnostic::Diagnostic| Problem {
        severity: d.severity.to_string(),
        code: d.code.id.to_owned(),
        message: d.message.clone(),
        location: d.location.as_ref().map(ToString::to_string),
        hint: d.hint.clone(),
    };
    reading.diagnostics.iter().map(problem).collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Cluster => "Cluster",
        Role::Provider => "Provider",
        Role::Module => "Module",
    }
}
