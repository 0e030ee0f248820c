use super::context::{Context, health_checks, target};
use super::dependency::on_cluster;
use super::source;
use super::when::{self, When};
use crate::kinds::{ClusterSpec, DeletionPolicyName, DependencyRef, ModuleSpec};
use crate::{Document, PLATFORM_TENANT, variables};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::Value;
use mainstay_unit::{
    DeletionPolicy, Dialect, Gate, Overlay, ReleaseOptions, Role, ServiceAccount, Target, Unit, UnitId,
};
use serde_json::Map;
use std::collections::BTreeMap;

type Clusters<'a> = Vec<Option<&'a Document<ClusterSpec>>>;

impl super::pieces::Dependent for ModuleSpec {
    fn depends_on(&self) -> &[DependencyRef] {
        &self.depends_on
    }
}

pub(super) fn expand<'a>(document: &'a Document<ModuleSpec>, context: &mut Context<'a>) {
    let (spec, place) = (&document.spec, &document.place);
    let Some(tenant) = context.owner(spec.tenant.as_ref(), place) else { return };
    let mut problems = Vec::new();
    let chosen = clusters(document, &tenant, context, &mut problems);
    let account = service_account(document, &tenant, context, &mut problems);
    let when = When::read(document, &mut problems);
    when::expressions(place, &spec.health_checks, &spec.depends_on, &mut problems);
    let failed = problems.iter().any(Diagnostic::is_error);
    if failed && chosen.is_empty() {
        context.unread(place);
    }
    if chosen.is_empty() {
        context.out.diagnostics.extend(problems);
        return;
    }
    for cluster in chosen {
        let mut problems = problems.clone();
        match applies(document, &tenant, cluster, when.as_ref(), context) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(problem) => problems.push(*problem),
        }
        let unit = unit(document, &tenant, cluster, account.clone(), context, &mut problems);
        context.push(unit, problems, place);
    }
}

fn unit<'a>(
    document: &'a Document<ModuleSpec>,
    tenant: &str,
    cluster: Option<&'a Document<ClusterSpec>>,
    service_account: Option<ServiceAccount>,
    context: &mut Context<'a>,
    problems: &mut Vec<Diagnostic>,
) -> Unit {
    let (spec, place) = (&document.spec, &document.place);
    let variables = context.variables(tenant, cluster, Some((&spec.variables, place)), place, problems);
    let mut kustomization = Map::new();
    if let Some(namespace) = &spec.namespace {
        kustomization.insert("namespace".into(), Value::from(namespace.as_str()));
    }
    let overlay = Overlay {
        kustomization,
        substitution: Some(variables::substitution(&variables)),
        ..Overlay::default()
    };
    let namespace = spec.namespace.as_deref().unwrap_or("default");
    let set = source::Set {
        values: spec.values.clone(),
        namespace: spec.namespace.as_deref(),
        release: ReleaseOptions::new(&*document.name, namespace),
    };
    let source = source::source(&spec.source, tenant, place, overlay, set, context, problems);
    let wait = spec.wait.or(context.defaults.wait).unwrap_or(true);
    let checks = health_checks(&spec.health_checks);
    let (drift, drift_ignore) = context.drift(spec.drift.as_ref(), |why, pointer| {
        problems.push(place.diagnostic(&codes::native::VALUE, why, &format!("/spec/drift{pointer}")));
    });
    Unit {
        id: UnitId::new("module", tenant, &document.name, cluster.map_or("", |c| &c.name)),
        role: Role::Module,
        dialect: Dialect::Native,
        declared_at: place.location(""),
        target: cluster.map_or(Target::Management, target),
        source,
        depends_on: cluster.map(|c| on_cluster(context.cluster_id(c), place)).into_iter().collect(),
        gate: match (wait, checks.iter().any(|check| !check.key.name().is_empty())) {
            (true, _) => Gate::Healthy,
            (false, true) => Gate::Checks,
            (false, false) => Gate::Applied,
        },
        health_checks: checks,
        prune: spec.prune.or(context.defaults.prune).unwrap_or(true),
        timing: context.timing(spec.interval.as_ref(), spec.retry_interval.as_ref(), spec.timeout.as_ref()),
        force: spec.force,
        suspend: spec.suspend,
        service_account,
        deletion_policy: match spec.deletion_policy {
            None | Some(DeletionPolicyName::MirrorPrune) => DeletionPolicy::MirrorPrune,
            Some(DeletionPolicyName::Delete) => DeletionPolicy::Delete,
            Some(DeletionPolicyName::Orphan) => DeletionPolicy::Orphan,
        },
        drift,
        drift_ignore,
        variables,
        counterpart: None,
    }
}

/// `None` stands for the management cluster.
fn clusters<'a>(
    document: &'a Document<ModuleSpec>,
    tenant: &str,
    context: &Context<'a>,
    problems: &mut Vec<Diagnostic>,
) -> Clusters<'a> {
    let place = &document.place;
    let Some(selection) = &document.spec.clusters else { return vec![None] };
    match (&selection.names, &selection.selector, selection.management) {
        (None, None, Some(true)) => vec![None],
        (Some(names), None, None) => {
            let mut out: Clusters<'a> = Vec::new();
            for (i, name) in names.iter().enumerate() {
                match context.cluster(name, tenant, place, &format!("/spec/clusters/names/{i}")) {
                    Ok(cluster) if out.iter().flatten().any(|c| c.name == cluster.name) => {}
                    Ok(cluster) => out.push(Some(cluster)),
                    Err(problem) => problems.push(*problem),
                }
            }
            if out.is_empty() && problems.is_empty() {
                problems.push(nothing(document, "/spec/clusters/names"));
            }
            out
        }
        (None, Some(selector), None) => {
            let out: Clusters<'a> = context
                .visible(tenant)
                .filter(|(_, cluster)| selector.matches(&cluster.labels))
                .map(|(_, cluster)| Some(cluster))
                .collect();
            if out.is_empty() {
                problems.push(nothing(document, "/spec/clusters/selector"));
            }
            out
        }
        _ => {
            problems.push(place.key_diagnostic(
                &codes::native::VALUE,
                "spec.clusters: expected exactly one of names, selector and management: true",
                "/spec/clusters",
            ));
            Vec::new()
        }
    }
}

fn nothing(document: &Document<ModuleSpec>, pointer: &str) -> Diagnostic {
    let message = format!("module {} matches no cluster", document.name);
    document.place.key_diagnostic(&codes::native::MATCHES_NOTHING, message, pointer)
}

/// A tenant chooses among the service accounts of its own namespaces.
fn service_account(
    document: &Document<ModuleSpec>,
    tenant: &str,
    context: &Context<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<ServiceAccount> {
    let Some(chosen) = &document.spec.service_account else { return context.service_account(tenant) };
    let own = context.tenant(tenant).is_some_and(|t| t.spec.namespaces.contains(&chosen.namespace));
    if tenant != PLATFORM_TENANT && !own {
        let message =
            format!("service account {}/{} is not tenant {tenant}'s", chosen.namespace, chosen.name);
        problems.push(document.place.diagnostic(
            &codes::native::TENANT_ESCAPE,
            message,
            "/spec/serviceAccount",
        ));
    }
    Some(ServiceAccount { namespace: chosen.namespace.clone(), name: chosen.name.clone() })
}

fn applies(
    document: &Document<ModuleSpec>,
    tenant: &str,
    cluster: Option<&Document<ClusterSpec>>,
    when: Option<&When<'_>>,
    context: &Context<'_>,
) -> Result<bool, Box<Diagnostic>> {
    let Some(when) = when else { return Ok(true) };
    // What is wrong with these layers is told once, with the unit.
    let variables = context.variables(tenant, cluster, None, &document.place, &mut Vec::new());
    match cluster {
        Some(cluster) => when.holds(&cluster.name, &cluster.labels, &variables),
        None => when.holds("", &BTreeMap::new(), &variables),
    }
}
