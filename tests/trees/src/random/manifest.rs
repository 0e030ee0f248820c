//! Objects that refer to each other, with fields of any kind.

use super::dice::Dice;
use super::words::{IMAGES, NAMESPACES, any_scalar, any_text, name, pairs};
use super::yaml::{Yaml, map, raw, text};

/// What a kustomization can be about.
#[derive(Clone, Debug)]
pub struct Known {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub name: String,
    pub namespace: Option<String>,
}

impl Known {
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    pub fn version(&self) -> &str {
        self.api_version.rsplit('/').next().unwrap_or_default()
    }

    pub fn has_pods(&self) -> bool {
        matches!(self.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Job")
    }
}

const KINDS: [(&str, &str); 26] = [
    ("apps/v1", "Deployment"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("v1", "Service"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "Namespace"),
    ("v1", "PersistentVolumeClaim"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("example.com/v1", "Widget"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
];

/// An object, and what it is.
pub fn manifest(dice: &mut Dice) -> (Known, Yaml) {
    let (api_version, kind) = KINDS[dice.below(KINDS.len() as u64) as usize];
    let mut metadata = Yaml::Map(Vec::new());
    let own = match kind {
        "CustomResourceDefinition" => "widgets.example.com".to_owned(),
        "Namespace" => dice.one(&NAMESPACES).to_owned(),
        _ => name(dice),
    };
    metadata.put("name", text(own.as_str()));
    let mut namespace = None;
    if dice.chance(30) && kind != "Namespace" {
        let given = dice.one(&NAMESPACES).to_owned();
        metadata.put("namespace", text(given.as_str()));
        namespace = Some(given);
    }
    if let Some(mut part) = dice.maybe("labels", 45) {
        metadata.put("labels", pairs(&mut part, true));
    }
    if let Some(mut part) = dice.maybe("annotations", 30) {
        metadata.put("annotations", pairs(&mut part, true));
    }
    if let Some(mut part) = dice.maybe("odd", 2) {
        let odd = ["null", "{}", ""];
        metadata.put(part.one(&["labels", "annotations"]), raw(part.one(&odd)));
    }
    let mut object = map([("apiVersion", text(api_version)), ("kind", text(kind)), ("metadata", metadata)]);
    for (field, value) in body(kind, &mut dice.part("body")) {
        object.put(field, value);
    }
    if let Some(mut part) = dice.maybe("more", 3) {
        object.put(part.one(&["extra", "spec", "data", "status"]), anything(&mut part, 3));
    }
    (Known { api_version, kind, name: own, namespace }, object)
}

fn body(kind: &str, dice: &mut Dice) -> Vec<(&'static str, Yaml)> {
    let selector = |dice: &mut Dice| map([("matchLabels", pairs(dice, false))]);
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" => {
            let mut spec = map([("selector", selector(dice))]);
            if dice.chance(60) && kind != "DaemonSet" {
                spec.put("replicas", raw(dice.one(&["1", "3", "0", "null"])));
            }
            if kind == "StatefulSet" {
                spec.put("serviceName", text(name(dice)));
                if let Some(mut part) = dice.maybe("claims", 40) {
                    let claim = map([
                        ("metadata", map([("name", text(name(&mut part)))])),
                        ("spec", map([("accessModes", Yaml::List(vec![text("ReadWriteOnce")]))])),
                    ]);
                    spec.put("volumeClaimTemplates", Yaml::List(vec![claim]));
                }
            }
            spec.put("template", pod(dice));
            vec![("spec", spec)]
        }
        "Job" => vec![("spec", map([("template", pod(dice))]))],
        "CronJob" => {
            let job = map([("spec", map([("template", pod(dice))]))]);
            vec![("spec", map([("schedule", text("*/5 * * * *")), ("jobTemplate", job)]))]
        }
        "Service" => {
            let ports = dice.several("port", 1, 3).into_iter().map(|mut part| {
                let mut port = map([("port", raw(part.one(&["80", "443", "8080"])))]);
                if part.chance(40) {
                    port.put("name", text(part.one(&["http", "https", "metrics"])));
                }
                if part.chance(40) {
                    port.put("protocol", text(part.one(&["TCP", "UDP"])));
                }
                if part.chance(50) {
                    port.put("targetPort", if part.chance(50) { raw("8080") } else { text("http") });
                }
                port
            });
            let ports = Yaml::List(ports.collect());
            vec![("spec", map([("selector", pairs(dice, false)), ("ports", ports)]))]
        }
        "ConfigMap" => vec![("data", data(dice))],
        "Secret" => {
            if dice.chance(50) {
                vec![("stringData", data(dice)), ("type", text("Opaque"))]
            } else {
                vec![("data", map([("password", text("aHVudGVyMg=="))]))]
            }
        }
        "ServiceAccount" if dice.chance(40) => {
            vec![("imagePullSecrets", Yaml::List(vec![map([("name", text(name(dice)))])]))]
        }
        "PersistentVolumeClaim" => {
            let request = map([("requests", map([("storage", any_quantity(dice))]))]);
            vec![("spec", map([("resources", request), ("volumeName", text(name(dice)))]))]
        }
        "Ingress" => {
            let service = map([("name", text(name(dice))), ("port", map([("number", raw("80"))]))]);
            let path = map([
                ("path", text("/")),
                ("pathType", text("Prefix")),
                ("backend", map([("service", service)])),
            ]);
            let rule =
                map([("host", text("a.example.com")), ("http", map([("paths", Yaml::List(vec![path]))]))]);
            let tls =
                map([("hosts", Yaml::List(vec![text("a.example.com")])), ("secretName", text(name(dice)))]);
            vec![("spec", map([("rules", Yaml::List(vec![rule])), ("tls", Yaml::List(vec![tls]))]))]
        }
        "NetworkPolicy" => {
            let from = map([("podSelector", selector(dice))]);
            let ingress = Yaml::List(vec![map([("from", Yaml::List(vec![from]))])]);
            vec![("spec", map([("podSelector", selector(dice)), ("ingress", ingress)]))]
        }
        "PodDisruptionBudget" => {
            let least = if dice.chance(50) { raw("1") } else { text("50%") };
            vec![("spec", map([("minAvailable", least), ("selector", selector(dice))]))]
        }
        "HorizontalPodAutoscaler" => {
            let target = map([
                ("apiVersion", text("apps/v1")),
                ("kind", text(dice.one(&["Deployment", "StatefulSet"]))),
                ("name", text(name(dice))),
            ]);
            vec![("spec", map([("scaleTargetRef", target), ("maxReplicas", raw("10"))]))]
        }
        "Role" | "ClusterRole" => {
            let list = |items: &[&str]| Yaml::List(items.iter().map(|i| text(*i)).collect());
            let mut rule = map([
                ("apiGroups", list(&[""])),
                ("resources", list(&["secrets", "configmaps"])),
                ("verbs", list(&["get"])),
            ]);
            if dice.chance(40) {
                rule.put("resourceNames", Yaml::List(vec![text(name(dice))]));
            }
            vec![("rules", Yaml::List(vec![rule]))]
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = map([
                ("apiGroup", text("rbac.authorization.k8s.io")),
                (
                    "kind",
                    text(if kind == "RoleBinding" {
                        dice.one(&["Role", "ClusterRole"])
                    } else {
                        "ClusterRole"
                    }),
                ),
                ("name", text(name(dice))),
            ]);
            let subjects = dice.several("subject", 0, 2).into_iter().map(|mut part| {
                let kind = part.one(&["ServiceAccount", "ServiceAccount", "User"]);
                let mut subject = map([("kind", text(kind)), ("name", text(name(&mut part)))]);
                if part.chance(60) {
                    subject.put("namespace", text(part.one(&NAMESPACES)));
                }
                subject
            });
            let subjects = Yaml::List(subjects.collect());
            vec![("roleRef", role), ("subjects", subjects)]
        }
        "CustomResourceDefinition" => {
            let names = map([("kind", text("Widget")), ("plural", text("widgets"))]);
            vec![(
                "spec",
                map([("group", text("example.com")), ("names", names), ("scope", text("Namespaced"))]),
            )]
        }
        "ValidatingWebhookConfiguration" => {
            let service = map([("name", text(name(dice))), ("namespace", text(dice.one(&NAMESPACES)))]);
            let hook = map([
                ("name", text("check.example.com")),
                ("clientConfig", map([("service", service)])),
                ("sideEffects", text("None")),
            ]);
            vec![("webhooks", Yaml::List(vec![hook]))]
        }
        "Widget" => vec![("spec", map([("a", anything(dice, 2)), ("items", anything(dice, 2))]))],
        _ => Vec::new(),
    }
}

fn pod(dice: &mut Dice) -> Yaml {
    let mut spec = Yaml::Map(Vec::new());
    let containers = dice.several("container", 1, 3).into_iter().map(container);
    spec.put("containers", Yaml::List(containers.collect()));
    let first: Vec<Yaml> = dice.several("init", 0, 1).into_iter().map(container).collect();
    if !first.is_empty() {
        spec.put("initContainers", Yaml::List(first));
    }
    let volumes: Vec<Yaml> = dice.several("volume", 0, 2).into_iter().map(volume).collect();
    if !volumes.is_empty() {
        spec.put("volumes", Yaml::List(volumes));
    }
    if dice.chance(25) {
        spec.put("serviceAccountName", text(name(dice)));
    }
    if dice.chance(15) {
        spec.put("imagePullSecrets", Yaml::List(vec![map([("name", text(name(dice)))])]));
    }
    if dice.chance(10) {
        let term = map([
            ("labelSelector", map([("matchLabels", pairs(dice, false))])),
            ("topologyKey", text("zone")),
        ]);
        let rule = map([("requiredDuringSchedulingIgnoredDuringExecution", Yaml::List(vec![term]))]);
        spec.put("affinity", map([("podAntiAffinity", rule)]));
    }
    if dice.chance(10) {
        let spread = map([
            ("maxSkew", raw("1")),
            ("topologyKey", text("zone")),
            ("whenUnsatisfiable", text("DoNotSchedule")),
            ("labelSelector", map([("matchLabels", pairs(dice, false))])),
        ]);
        spec.put("topologySpreadConstraints", Yaml::List(vec![spread]));
    }
    let mut template = map([("spec", spec)]);
    if dice.chance(80) {
        let mut metadata = map([("labels", pairs(dice, false))]);
        if dice.chance(20) {
            metadata.put("annotations", pairs(dice, true));
        }
        template.put("metadata", metadata);
    }
    template
}

pub fn container(mut dice: Dice) -> Yaml {
    let mut container = map([("name", text(name(&mut dice)))]);
    if dice.chance(90) {
        container.put("image", text(dice.one(&IMAGES)));
    }
    let env: Vec<Yaml> = dice.several("env", 0, 3).into_iter().map(variable).collect();
    if !env.is_empty() {
        container.put("env", Yaml::List(env));
    }
    if let Some(mut part) = dice.maybe("envFrom", 20) {
        let kind = part.one(&["configMapRef", "secretRef"]);
        container.put("envFrom", Yaml::List(vec![map([(kind, map([("name", text(name(&mut part)))]))])]));
    }
    if let Some(mut part) = dice.maybe("args", 25) {
        let field = part.one(&["args", "command"]);
        let count = 1 + part.below(3);
        let items = (0..count).map(|_| match part.below(4) {
            0 => text(part.one(&["$(NAME)", "--host=$(NAME).$(SPACE)", "$$(NAME)", "$(NONE)"])),
            _ => text(any_text(&mut part)),
        });
        container.put(field, Yaml::List(items.collect()));
    }
    if let Some(mut part) = dice.maybe("ports", 30) {
        let ports = part.several("p", 1, 2).into_iter().map(|mut part| {
            let mut port = map([("containerPort", raw(part.one(&["80", "8080", "443"])))]);
            if part.chance(40) {
                port.put("protocol", text(part.one(&["TCP", "UDP"])));
            }
            if part.chance(40) {
                port.put("name", text(part.one(&["http", "metrics"])));
            }
            port
        });
        let ports: Vec<Yaml> = ports.collect();
        part.below(2);
        container.put("ports", Yaml::List(ports));
    }
    if let Some(mut part) = dice.maybe("mounts", 20) {
        let mount = map([("name", text(name(&mut part))), ("mountPath", text("/data"))]);
        container.put("volumeMounts", Yaml::List(vec![mount]));
    }
    if let Some(mut part) = dice.maybe("resources", 25) {
        let limits = map([("cpu", any_quantity(&mut part)), ("memory", any_quantity(&mut part))]);
        container.put("resources", map([("limits", limits)]));
    }
    if let Some(mut part) = dice.maybe("odd", 6) {
        container.put("securityContext", anything(&mut part, 2));
    }
    container
}

pub fn variable(mut dice: Dice) -> Yaml {
    let mut variable = map([("name", text(dice.one(&["A", "B", "C", "LOG_LEVEL"])))]);
    match dice.below(6) {
        0 => {
            let source = dice.one(&["configMapKeyRef", "secretKeyRef"]);
            let key = map([("name", text(name(&mut dice))), ("key", text("config.yaml"))]);
            variable.put("valueFrom", map([(source, key)]));
        }
        1 => variable.put("value", text(dice.one(&["$(NAME)", "http://$(NAME).$(SPACE)/", "$(A)"]))),
        2 => variable.put("value", any_scalar(&mut dice)),
        _ => variable.put("value", text(any_text(&mut dice))),
    }
    variable
}

fn volume(mut dice: Dice) -> Yaml {
    let mut volume = map([("name", text(name(&mut dice)))]);
    let of = text(name(&mut dice));
    match dice.below(5) {
        0 => volume.put("configMap", map([("name", of)])),
        1 => volume.put("secret", map([("secretName", of)])),
        2 => volume.put("persistentVolumeClaim", map([("claimName", of)])),
        3 => {
            let source = map([("configMap", map([("name", of)]))]);
            volume.put("projected", map([("sources", Yaml::List(vec![source]))]));
        }
        _ => volume.put("emptyDir", raw("{}")),
    }
    volume
}

fn any_quantity(dice: &mut Dice) -> Yaml {
    raw(dice.one(&["1", "0.5", "500m", "1Gi", "1e3", "\"2\"", "100M", "0.10"]))
}

fn data(dice: &mut Dice) -> Yaml {
    let mut data = Yaml::Map(Vec::new());
    for mut part in dice.several("entry", 0, 3) {
        let key = part.one(&["config.yaml", "a", "LOG_LEVEL", "app.properties", "true", "10"]);
        data.put(key, text(any_text(&mut part)));
    }
    data
}

/// Any value at all.
pub fn anything(dice: &mut Dice, depth: u64) -> Yaml {
    if depth == 0 {
        return any_scalar(dice);
    }
    match dice.below(6) {
        0 | 1 => any_scalar(dice),
        2 => raw(dice.one(&["{}", "[]", "null"])),
        3 => {
            let items = dice.several("item", 1, 3).into_iter().map(|mut part| anything(&mut part, depth - 1));
            Yaml::List(items.collect())
        }
        _ => {
            let mut out = Yaml::Map(Vec::new());
            for mut part in dice.several("field", 1, 3) {
                let key = part.one(&["a", "b", "name", "namespace", "items", "labels", "x.y/z", "1", "on"]);
                out.put(key, anything(&mut part, depth - 1));
            }
            out
        }
    }
}
