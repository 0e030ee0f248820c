use super::context::{Context, health_checks, target};
use super::dependency::on_cluster;
use super::{source, when};
use crate::kinds::{DependencyRef, ProviderSpec};
use crate::{Document, variables};
use mainstay_object::Map;
use mainstay_unit::{DeletionPolicy, Dialect, Gate, Overlay, ReleaseOptions, Role, Target, Unit, UnitId};

impl super::pieces::Dependent for ProviderSpec {
    fn depends_on(&self) -> &[DependencyRef] {
        &self.depends_on
    }
}

pub(super) fn expand<'a>(document: &'a Document<ProviderSpec>, context: &mut Context<'a>) {
    let (spec, place) = (&document.spec, &document.place);
    let Some(tenant) = context.owner(spec.tenant.as_ref(), place) else { return };
    let mut problems = Vec::new();
    when::expressions(place, &spec.health_checks, &spec.depends_on, &mut problems);
    let cluster = match &spec.cluster {
        None => None,
        Some(name) => match context.cluster(name, &tenant, place, "/spec/cluster") {
            Ok(cluster) => Some(cluster),
            Err(problem) => {
                context.out.diagnostics.push(*problem);
                context.unread(place);
                return;
            }
        },
    };
    let variables = context.variables(&tenant, cluster, Some((&spec.variables, place)), place, &mut problems);
    let overlay = Overlay { substitution: Some(variables::substitution(&variables)), ..Overlay::default() };
    let release = ReleaseOptions::new(&*document.name, "default");
    let set = source::Set { values: Map::new(), namespace: None, release };
    let source = source::source(&spec.source, &tenant, place, overlay, set, context, &mut problems);
    let (drift, drift_ignore) = context.drift(None, |_, _| ());
    let unit = Unit {
        id: UnitId::new("provider", &tenant, &document.name, cluster.map_or("", |c| &c.name)),
        role: Role::Provider,
        dialect: Dialect::Native,
        declared_at: place.location(""),
        target: cluster.map_or(Target::Management, target),
        source,
        depends_on: cluster.map(|c| on_cluster(context.cluster_id(c), place)).into_iter().collect(),
        health_checks: health_checks(&spec.health_checks),
        gate: Gate::Healthy,
        prune: true,
        timing: context.timing(None, None, spec.timeout.as_ref()),
        force: false,
        suspend: spec.suspend,
        service_account: context.service_account(&tenant),
        deletion_policy: DeletionPolicy::MirrorPrune,
        drift,
        drift_ignore,
        variables,
        counterpart: None,
    };
    context.push(unit, problems, place);
}
