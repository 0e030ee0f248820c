use super::super::common::{given, list};
use super::{fractional, ports};
use crate::core::body::{at, text};
use crate::core::names;
use serde_json::Value;

/// What is odd in a pod or the template of one, which stands at `path`.
pub fn template(template: &Value, path: &str) -> Vec<String> {
    let none = Value::Null;
    let spec = template.get("spec").unwrap_or(&none);
    let below = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    let annotations = template.pointer("/metadata/annotations").and_then(Value::as_object);
    let annotated = |key: &str| annotations.is_some_and(|a| a.contains_key(key));
    let at_annotation = |key: &str, why: &str| format!("{}[{key}]: {why}", below("metadata.annotations"));
    let root = below("spec");

    let mut told = nodes(spec, &root);
    for (key, why) in OLD_ANNOTATIONS {
        told.extend(annotated(key).then(|| at_annotation(key, why)));
    }
    told.extend(volumes(spec, &root));
    told.extend(repeated(spec, &root));
    for name in ["memory", "ephemeral-storage"] {
        told.extend(fractional(spec.get("overhead"), name, &format!("{root}.overhead")));
    }
    let profiled = |of: &Value| at(of, "securityContext.seccompProfile").is_some_and(|p| !p.is_null());
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    let old = "seccomp.security.alpha.kubernetes.io/pod";
    told.extend((!profiled(spec) && annotated(old)).then(|| at_annotation(old, seccomp)));

    for (path, container) in containers(spec, &root) {
        let old = format!("container.seccomp.security.alpha.kubernetes.io/{}", text(container, "/name"));
        told.extend((!profiled(container) && annotated(&old)).then(|| at_annotation(&old, seccomp)));
        for name in ["memory", "ephemeral-storage"] {
            for which in ["limits", "requests"] {
                let (amounts, path) =
                    (at(container, &format!("resources.{which}")), format!("{path}.resources.{which}"));
                told.extend(fractional(amounts, name, &path));
            }
        }
        let variables = list(container, "env");
        for (index, variable) in variables.iter().enumerate() {
            let name = text(variable, "/name");
            let hidden = variables[..index].iter().any(|earlier| text(earlier, "/name") == name);
            let (value, own) = (text(variable, "/value"), format!("$({name})"));
            let refers = variable.get("valueFrom").is_none() && value != own && value.contains(&own);
            if hidden && !refers {
                told.push(format!(
                    "{path}.env[{index}]: hides previous definition of {name:?}, which may be dropped when using apply"
                ));
            }
        }
    }
    told.extend(ports::of(|| containers(spec, &root)));
    if at(spec, "terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|n| n < 0) {
        let why = "must be >= 0; negative values are invalid and will be treated as 1";
        told.push(format!("{root}.terminationGracePeriodSeconds: {why}"));
    }
    told.extend(neighbours(spec, &root));
    told
}

/// Every container with its path, in the order in which they are looked at.
fn containers<'a>(spec: &'a Value, root: &str) -> impl Iterator<Item = (String, &'a Value)> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(move |name| {
        let numbered = list(spec, name).iter().enumerate();
        numbered.map(move |(index, container)| (format!("{root}.{name}[{index}]"), container))
    })
}

const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

const OLD_NODE_LABELS: [(&str, &str); 8] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    (
        "scheduler.alpha.kubernetes.io/preferAvoidPods",
        "deprecated since v1.22; use Taints and Tolerations instead",
    ),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

const OLD_VOLUMES: [(&str, &str); 9] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Go's name of a field where it is not that of the JSON.
const STORAGE_OS: (&str, &str) = ("storageos", "storageOS");

fn old_label(key: &str) -> Option<&'static str> {
    OLD_NODE_LABELS.iter().find(|(label, _)| *label == key).map(|(_, why)| *why)
}

/// Labels of nodes that are called otherwise by now, and topologies that spread nothing.
fn nodes(spec: &Value, root: &str) -> Vec<String> {
    let mut told = Vec::new();
    for key in spec.get("nodeSelector").and_then(Value::as_object).into_iter().flat_map(|s| s.keys()) {
        told.extend(old_label(key).map(|why| format!("{root}.nodeSelector[{key}]: {why}")));
    }
    if let Some(affinity) = at(spec, "affinity.nodeAffinity").filter(|a| !a.is_null()) {
        let (hard, soft) = (
            "requiredDuringSchedulingIgnoredDuringExecution",
            "preferredDuringSchedulingIgnoredDuringExecution",
        );
        let root = format!("{root}.affinity.nodeAffinity");
        for (index, term) in
            affinity.get(hard).map_or(&[][..], |h| list(h, "nodeSelectorTerms")).iter().enumerate()
        {
            told.extend(node_term(term, false, &format!("{root}.{hard}.nodeSelectorTerms[{index}]")));
        }
        for (index, term) in list(affinity, soft).iter().enumerate() {
            let preference = term.get("preference").unwrap_or(&Value::Null);
            told.extend(node_term(preference, true, &format!("{root}.{soft}[{index}].preference")));
        }
    }
    for (index, spread) in list(spec, "topologySpreadConstraints").iter().enumerate() {
        let (key, path) =
            (text(spread, "/topologyKey"), format!("{root}.topologySpreadConstraints[{index}]"));
        told.extend(old_label(key).map(|why| format!("{path}.topologyKey: {key} is {why}")));
        told.extend(unselecting(spread, &path));
    }
    told
}

fn node_term(term: &Value, values_too: bool, path: &str) -> Vec<String> {
    let mut told = Vec::new();
    for (index, expression) in list(term, "matchExpressions").iter().enumerate() {
        let (key, path) = (text(expression, "/key"), format!("{path}.matchExpressions[{index}]"));
        told.extend(old_label(key).map(|why| format!("{path}.key: {key} is {why}")));
        for (index, value) in list(expression, "values").iter().enumerate().filter(|_| values_too) {
            let value = value.as_str().unwrap_or_default();
            let wrong = names::label_value(value).err().unwrap_or_default();
            told.extend(
                wrong.into_iter().map(|why| format!("{path}.values[{index}]: {value} is invalid, {why}")),
            );
        }
    }
    told
}

fn volumes(spec: &Value, root: &str) -> Vec<String> {
    let mut told = Vec::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let path = format!("{root}.volumes[{index}]");
        for (field, why) in OLD_VOLUMES.iter().filter(|(field, _)| given(volume, field).is_some()) {
            let field = if *field == STORAGE_OS.0 { STORAGE_OS.1 } else { field };
            told.push(format!("{path}.{field}: {why}"));
        }
        if let Some(claim) = at(volume, "ephemeral.volumeClaimTemplate") {
            told.extend(super::claim_of(claim, &format!("{path}.ephemeral.volumeClaimTemplate.spec")));
        }
    }
    told
}

/// What is a list and should be a map.
fn repeated(spec: &Value, root: &str) -> Vec<String> {
    let mut told = Vec::new();
    for (name, key) in [("hostAliases", "ip"), ("imagePullSecrets", "name")] {
        let items: Vec<&str> =
            list(spec, name).iter().map(|item| item.get(key).and_then(Value::as_str).unwrap_or("")).collect();
        for (index, item) in items.iter().enumerate().filter(|(index, item)| items[..*index].contains(item)) {
            told.push(format!("{root}.{name}[{index}].{key}: duplicate {key} {item:?}"));
        }
        for (index, item) in items.iter().enumerate().filter(|(_, item)| key == "name" && item.is_empty()) {
            told.push(format!("{root}.{name}[{index}].{key}: invalid empty name {item:?}"));
        }
    }
    told
}

fn neighbours(spec: &Value, root: &str) -> Vec<String> {
    let mut told = Vec::new();
    for which in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = at(spec, &format!("affinity.{which}")).filter(|a| !a.is_null()) else {
            continue;
        };
        let hard = "requiredDuringSchedulingIgnoredDuringExecution";
        for (index, term) in list(affinity, hard).iter().enumerate() {
            told.extend(unselecting(term, &format!("{root}.affinity.{which}.{hard}[{index}]")));
        }
        let soft = "preferredDuringSchedulingIgnoredDuringExecution";
        for (index, term) in list(affinity, soft).iter().enumerate() {
            let path = format!("{root}.affinity.{which}.{soft}[{index}].podAffinityTerm");
            told.extend(unselecting(term.get("podAffinityTerm").unwrap_or(&Value::Null), &path));
        }
    }
    told
}

fn unselecting(term: &Value, path: &str) -> Option<String> {
    let none = given(term, "labelSelector").is_none();
    none.then(|| format!("{path}.labelSelector: a null labelSelector results in matching no pod"))
}
