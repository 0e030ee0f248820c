use super::context::{Context, secret};
use super::{source, when};
use crate::kinds::{ClusterClass, ClusterSpec, DependencyRef};
use crate::{Document, PLATFORM_TENANT, SYSTEM_NAMESPACE, variables};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::{Map, Object, ObjectKey, Value};
use mainstay_unit::{
    DeletionPolicy, Desired, Dialect, Gate, HealthCheck, Overlay, Role, Source, SourceId, Target, Unit,
    UnitId,
};
use serde_json::json;

/// Says to the control plane that a ConfigMap stands for a logical cluster.
const LOGICAL_CLUSTER: &str = "mainstay.dev/logical-cluster";

impl super::pieces::Dependent for ClusterSpec {
    fn depends_on(&self) -> &[DependencyRef] {
        &self.depends_on
    }
}

pub(super) fn expand<'a>(document: &'a Document<ClusterSpec>, context: &mut Context<'a>) {
    let (spec, place) = (&document.spec, &document.place);
    let Some(tenant) = context.owner(spec.tenant.as_ref(), place) else { return };
    let mut problems = fields(document);
    when::expressions(place, &[], &spec.depends_on, &mut problems);
    kubeconfig_is_own(document, &tenant, context, &mut problems);
    let variables = context.variables(&tenant, Some(document), None, place, &mut problems);
    let source = match spec.class {
        ClusterClass::Embedded => embedded(document, &mut problems),
        ClusterClass::Existing => Source::Objects(Vec::new()),
        ClusterClass::ClusterApi => {
            let mut overlay =
                Overlay { substitution: Some(variables::substitution(&variables)), ..Overlay::default() };
            if let Some(namespace) = &spec.namespace {
                overlay.kustomization.insert("namespace".into(), Value::from(namespace.as_str()));
            }
            let path = spec.path.as_deref().unwrap_or_default();
            let path = source::tree_path(path, "/spec/path", place, &mut problems);
            Source::Folder { source: SourceId::Platform, path, overlay: Box::new(overlay) }
        }
    };
    let (namespace, name, _) = secret(document);
    let kubeconfig = HealthCheck {
        key: ObjectKey::new("", "Secret", namespace, name),
        version: "v1".to_owned(),
        current: None,
        in_progress: None,
        failed: None,
    };
    // Mainstay's own identity writes what stands for an embedded cluster: no tenant can reach its namespace.
    let service_account = match spec.class {
        ClusterClass::ClusterApi => context.service_account(&tenant),
        ClusterClass::Embedded | ClusterClass::Existing => None,
    };
    let (drift, drift_ignore) = context.drift(None, |_, _| ());
    let unit = Unit {
        id: UnitId::new("cluster", &tenant, &document.name, ""),
        role: Role::Cluster,
        dialect: Dialect::Native,
        declared_at: place.location(""),
        target: Target::Management,
        source,
        depends_on: Vec::new(),
        health_checks: vec![kubeconfig],
        gate: Gate::Healthy,
        prune: true,
        timing: context.timing(None, None, spec.timeout.as_ref()),
        force: false,
        suspend: spec.suspend,
        service_account,
        deletion_policy: DeletionPolicy::MirrorPrune,
        drift,
        drift_ignore,
        variables,
        counterpart: None,
    };
    context.push(unit, problems, place);
}

/// Fields that do not go with the class.
fn fields(document: &Document<ClusterSpec>) -> Vec<Diagnostic> {
    let (spec, place) = (&document.spec, &document.place);
    let missing = |field: &str, class: &str| {
        let message = format!("required field spec.{field} is missing: class {class} needs it");
        place.diagnostic(&codes::native::MISSING_FIELD, message, "/spec/class")
    };
    let foreign = |field: &str, class: &str| {
        let pointer = format!("/spec/{field}");
        let message = format!("spec.{field} has no meaning for class {class}");
        place.key_diagnostic(&codes::native::VALUE, message, &pointer)
    };
    let mut out = Vec::new();
    match spec.class {
        ClusterClass::Embedded => {
            out.extend(spec.kubeconfig.is_some().then(|| foreign("kubeconfig", "embedded")));
            out.extend(spec.path.is_some().then(|| foreign("path", "embedded")));
        }
        ClusterClass::Existing => {
            out.extend(spec.kubeconfig.is_none().then(|| missing("kubeconfig", "existing")));
            out.extend(spec.path.is_some().then(|| foreign("path", "existing")));
        }
        ClusterClass::ClusterApi => {
            out.extend(spec.path.is_none().then(|| missing("path", "clusterAPI")));
        }
    }
    out
}

/// A kubeconfig is the key to a cluster: a tenant may name those in its own namespaces only.
fn kubeconfig_is_own(
    document: &Document<ClusterSpec>,
    tenant: &str,
    context: &Context<'_>,
    problems: &mut Vec<Diagnostic>,
) {
    if tenant == PLATFORM_TENANT || document.spec.kubeconfig.is_none() {
        return;
    }
    let (namespace, ..) = secret(document);
    let own = context.tenant(tenant).is_some_and(|t| t.spec.namespaces.contains(&namespace));
    if !own {
        let message = format!("namespace {namespace} is not tenant {tenant}'s");
        problems.push(document.place.diagnostic(
            &codes::native::TENANT_ESCAPE,
            message,
            "/spec/kubeconfig/secret/namespace",
        ));
    }
}

fn embedded(document: &Document<ClusterSpec>, problems: &mut Vec<Diagnostic>) -> Source {
    let mut data = Map::new();
    if let Some(version) = &document.spec.version {
        data.insert("version".into(), Value::from(version.as_str()));
    }
    let object = Object::new(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": document.name,
            "namespace": SYSTEM_NAMESPACE,
            "labels": { LOGICAL_CLUSTER: document.name },
        },
        "data": data,
    }));
    match object {
        Ok(object) => Source::Objects(vec![Desired { object, origin: document.place.location("") }]),
        Err(error) => {
            problems.push(document.place.diagnostic(
                &codes::native::VALUE,
                error.to_string(),
                "/metadata/name",
            ));
            Source::Objects(Vec::new())
        }
    }
}
