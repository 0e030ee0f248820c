use crate::fields::Fields;
use crate::kind::{HELM, KUSTOMIZE};
use crate::read::Place;
use crate::shape::{Problem, wrong};
use crate::{ENTRY_NAME, expression, legacy};
use mainstay_diagnostic::codes;
use mainstay_object::{GroupVersion, Map, Object, ObjectKey, Value};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{
    Counterpart, Decryption, DeletionPolicy, Dependency, Dialect, DriftMode, FieldIgnore, Gate, HealthCheck,
    Missing, NameMatch, Overlay, Reference, ReferenceKind, Role, Selector, ServiceAccount, Source, SourceId,
    Substitution, SubstitutionSource, Target, Timing, Unit, UnitId, Variables, Workload,
};
use std::time::Duration;

pub(crate) const KIND: &str = "kustomization";

pub(crate) fn read(object: &Object, place: &dyn Place, problems: &mut Vec<Problem>) -> Unit {
    let spec = Fields(object.value()).at("spec");
    let namespace = object.namespace();
    expression::check(spec, problems);
    let target = target(spec, namespace, problems);
    let path = path(spec.text("path").unwrap_or_default(), problems);
    Unit {
        id: UnitId::new(KIND, namespace, object.name(), target.name()),
        role: Role::Module,
        dialect: Dialect::Flux,
        declared_at: place.location(""),
        target,
        source: Source::Folder {
            source: source(spec, namespace),
            path,
            overlay: Box::new(overlay(spec, namespace)),
        },
        depends_on: dependencies(KIND, spec, namespace, place),
        health_checks: health_checks(spec),
        gate: gate(spec),
        prune: spec.flag("prune"),
        timing: timing(spec),
        force: spec.flag("force"),
        suspend: spec.flag("suspend"),
        service_account: service_account(spec, namespace),
        deletion_policy: match spec.text("deletionPolicy") {
            // Every stage of a deletion is seen gone anyway.
            Some("Delete" | "WaitForTermination") => DeletionPolicy::Delete,
            Some("Orphan") => DeletionPolicy::Orphan,
            Some(_) | None => DeletionPolicy::MirrorPrune,
        },
        drift: DriftMode::Correct,
        drift_ignore: drift_ignore(spec.list("ignore"), "/spec/ignore", problems),
        variables: Variables::default(),
        counterpart: counterpart(KUSTOMIZE, "Kustomization", "kustomizations", object),
    }
}

/// The object itself, on the cluster where Flux runs.
pub(crate) fn counterpart(
    group: &str,
    kind: &str,
    resource: &str,
    object: &Object,
) -> Option<Box<Counterpart>> {
    Some(Box::new(Counterpart {
        tool: "Flux".into(),
        group: group.into(),
        kind: kind.into(),
        resource: resource.into(),
        namespace: object.namespace().into(),
        name: object.name().into(),
    }))
}

/// A missing reference is an error told elsewhere; what the unit would render is still looked at, in the repository
/// that everything else comes from.
fn source(spec: Fields<'_>, namespace: &str) -> SourceId {
    let reference = spec.at("sourceRef");
    SourceId::Named {
        kind: reference.text("kind").unwrap_or("GitRepository").to_owned(),
        namespace: reference.text("namespace").unwrap_or(namespace).to_owned(),
        name: reference.text("name").unwrap_or(ENTRY_NAME).to_owned(),
    }
}

fn path(text: &str, problems: &mut Vec<Problem>) -> TreePath {
    TreePath::parse(text).unwrap_or_else(|invalid| {
        problems.push(Problem::new(&codes::render::PATH_MISSING, "/spec/path", invalid.to_string()));
        TreePath::root()
    })
}

fn overlay(spec: Fields<'_>, namespace: &str) -> Overlay {
    let mut kustomization = Map::new();
    for (from, to) in
        [("targetNamespace", "namespace"), ("namePrefix", "namePrefix"), ("nameSuffix", "nameSuffix")]
    {
        if let Some(text) = spec.text(from) {
            kustomization.insert(to.into(), Value::from(text));
        }
    }
    for name in ["components", "images", "buildMetadata"] {
        let items: Vec<Value> = spec.list(name).map(|(_, item)| item.0.clone()).collect();
        if !items.is_empty() {
            kustomization.insert(name.into(), Value::from(items));
        }
    }
    let patches = legacy::patches(spec);
    if !patches.is_empty() {
        kustomization.insert("patches".into(), Value::from(patches));
    }
    Overlay {
        kustomization,
        labels: spec.at("commonMetadata").texts("labels"),
        annotations: spec.at("commonMetadata").texts("annotations"),
        substitution: substitution(spec.at("postBuild"), namespace),
        decryption: decryption(spec.at("decryption"), namespace),
        ignore_missing_components: spec.flag("ignoreMissingComponents"),
    }
}

fn decryption(spec: Fields<'_>, namespace: &str) -> Option<Decryption> {
    let keys = spec.at("secretRef").owned("name").map(|name| Reference {
        kind: ReferenceKind::Secret,
        namespace: namespace.to_owned(),
        name,
    });
    Some(Decryption { provider: spec.owned("provider")?, keys })
}

/// As in Flux, nothing is replaced unless there is a variable, or `Always` is asked for.
fn substitution(post_build: Fields<'_>, namespace: &str) -> Option<Substitution> {
    let inline = post_build.texts("substitute");
    let from: Vec<_> = post_build
        .list("substituteFrom")
        .filter_map(|(_, item)| {
            let reference = reference(item, namespace)?;
            Some(SubstitutionSource { reference, optional: item.flag("optional") })
        })
        .collect();
    let always = post_build.text("substituteStrategy") == Some("Always");
    let wanted = always || !inline.is_empty() || !from.is_empty();
    wanted.then_some(Substitution { inline, from, strict: false, always })
}

pub(crate) fn reference(item: Fields<'_>, namespace: &str) -> Option<Reference> {
    let kind = match item.text("kind")? {
        "ConfigMap" => ReferenceKind::ConfigMap,
        "Secret" => ReferenceKind::Secret,
        _ => return None,
    };
    Some(Reference { kind, namespace: namespace.to_owned(), name: item.owned("name")? })
}

pub(crate) fn target(spec: Fields<'_>, namespace: &str, problems: &mut Vec<Problem>) -> Target {
    let config = spec.at("kubeConfig");
    let secret = config.at("secretRef");
    match secret.text("name") {
        Some(name) => Target::from(Workload {
            name: name.to_owned(),
            secret_namespace: namespace.to_owned(),
            secret_name: name.to_owned(),
            key: secret.owned("key"),
        }),
        None => {
            if config.is_set() && !config.at("configMapRef").is_set() {
                problems.push(Problem::new(
                    &codes::flux::MISSING_FIELD,
                    "/spec/kubeConfig",
                    "required field spec.kubeConfig.secretRef is missing",
                ));
            }
            Target::Management
        }
    }
}

pub(crate) fn dependencies(
    kind: &str,
    spec: Fields<'_>,
    namespace: &str,
    place: &dyn Place,
) -> Vec<Dependency> {
    spec.list("dependsOn")
        .filter_map(|(i, item)| {
            Some(Dependency {
                on: UnitId::new(kind, item.text("namespace").unwrap_or(namespace), item.text("name")?, ""),
                ready_expr: item.owned("readyExpr"),
                missing: Missing::Wait,
                location: place.location(&format!("/spec/dependsOn/{i}")),
            })
        })
        .collect()
}

/// A check on a Flux object is a check on the unit that stands for it: the object itself is never applied. With `wait`,
/// which looks at everything, kustomize-controller ignores the list.
fn health_checks(spec: Fields<'_>) -> Vec<HealthCheck> {
    if spec.flag("wait") {
        return health_exprs(spec).collect();
    }
    let named = spec.list("healthChecks").filter_map(|(_, item)| {
        let (kind, name) = (item.text("kind")?, item.text("name")?);
        let namespace = item.text("namespace").unwrap_or_default();
        let api = GroupVersion::parse(item.text("apiVersion").unwrap_or("v1"));
        let unit = match (api.group.as_str(), kind) {
            (KUSTOMIZE, "Kustomization") => Some(KIND),
            (HELM, "HelmRelease") => Some("helmrelease"),
            _ => None,
        };
        let (key, version) = match unit {
            Some(unit) => {
                let id = UnitId::new(unit, namespace, name, "");
                (ObjectKey::new("mainstay.dev", "Unit", "", id.object_name()), "v1alpha1".to_owned())
            }
            None => (ObjectKey::new(api.group, kind, namespace, name), api.version),
        };
        Some(HealthCheck { key, version, current: None, in_progress: None, failed: None })
    });
    named.chain(health_exprs(spec)).collect()
}

pub(crate) fn health_exprs(spec: Fields<'_>) -> impl Iterator<Item = HealthCheck> + use<'_> {
    spec.list("healthCheckExprs").filter_map(|(_, item)| {
        let api = GroupVersion::parse(item.text("apiVersion")?);
        Some(HealthCheck {
            key: ObjectKey::new(api.group, item.text("kind")?, "", ""),
            version: api.version,
            current: item.owned("current"),
            in_progress: item.owned("inProgress"),
            failed: item.owned("failed"),
        })
    })
}

/// `wait` looks at everything; without it only the listed checks do, and without those being applied is enough.
fn gate(spec: Fields<'_>) -> Gate {
    if spec.flag("wait") {
        Gate::Healthy
    } else if spec.list("healthChecks").next().is_some() {
        Gate::Checks
    } else {
        Gate::Applied
    }
}

/// kustomize-controller: without a timeout, the interval less thirty seconds; never below thirty.
fn timing(spec: Fields<'_>) -> Timing {
    const LEAST: Duration = Duration::from_secs(30);
    let interval = spec.duration("interval").unwrap_or(Timing::default().interval);
    let timeout = spec.duration("timeout").unwrap_or(interval.saturating_sub(LEAST));
    Timing {
        interval,
        retry_interval: spec.duration("retryInterval").unwrap_or(interval),
        timeout: timeout.max(LEAST),
    }
}

pub(crate) fn service_account(spec: Fields<'_>, namespace: &str) -> Option<ServiceAccount> {
    let name = spec.owned("serviceAccountName")?;
    Some(ServiceAccount { namespace: namespace.to_owned(), name })
}

pub(crate) fn drift_ignore<'a>(
    items: impl Iterator<Item = (usize, Fields<'a>)>,
    pointer: &str,
    problems: &mut Vec<Problem>,
) -> Vec<FieldIgnore> {
    let mut out = Vec::new();
    for (i, item) in items {
        let target = item.at("target");
        let mut selector = |name: &str| {
            Selector::parse(target.text(name).unwrap_or_default()).unwrap_or_else(|why| {
                problems.push(wrong(&format!("{pointer}/{i}/target/{name}"), why.to_string()));
                Selector::default()
            })
        };
        let (labels, annotations) = (selector("labelSelector"), selector("annotationSelector"));
        let paths = item.strings("paths");
        for (j, path) in paths.iter().enumerate() {
            if !path.is_empty() && !path.starts_with('/') {
                problems.push(wrong(&format!("{pointer}/{i}/paths/{j}"), "a JSON pointer starts with /"));
            }
        }
        let mut part = |name: &str| {
            NameMatch::pattern(target.text(name).unwrap_or_default()).unwrap_or_else(|why| {
                let at = format!("{pointer}/{i}/target/{name}");
                problems.push(wrong(&at, format!("not a regular expression: {why}")));
                NameMatch::Any
            })
        };
        out.push(FieldIgnore {
            group: part("group"),
            version: part("version"),
            kind: part("kind"),
            namespace: part("namespace"),
            name: part("name"),
            labels,
            annotations,
            paths,
        });
    }
    out
}
