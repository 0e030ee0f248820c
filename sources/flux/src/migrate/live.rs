use super::{Applier, MEMORY, REQUEST};
use crate::fields::Fields;
use crate::kind::SOURCE;
use crate::kustomization::target;
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_unit::UnitId;
use serde_json::json;

/// With `resourceset.` before it, or without.
const OPERATOR_LABEL: &str = "fluxcd.controlplane.io/name";

/// A Kustomization or a HelmRelease as the cluster has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub applier: Applier,
    pub key: ObjectKey,
    /// The version that it was read in.
    pub version: String,
    pub uid: String,
    pub resource_version: String,
    /// The unit that stands for it in Mainstay.
    pub unit: UnitId,
    pub suspended: bool,
    pub prune: bool,
    pub deletion_policy: Option<String>,
    pub memory: Memory,
    /// Whether its controller has answered what it was asked last.
    pub answered: bool,
    /// Why it is not ready, in Flux's words; nothing if it is.
    pub not_ready: Option<String>,
    /// What Flux has applied, with the version of each.
    pub inventory: Vec<(ObjectKey, String)>,
    /// Entries of its inventory that name no object.
    pub unread: Vec<String>,
    /// Those of its own kind that it waits for.
    pub depends_on: Vec<ObjectKey>,
    /// Where a HelmRelease has its chart from.
    pub source: Option<ObjectKey>,
    /// What a HelmRelease has released last.
    pub released: Option<Released>,
    pub deleting: bool,
    /// Who makes it, if that is no Kustomization, and would make it again.
    pub made_by: Option<String>,
}

/// A release by Flux's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    pub name: String,
    pub namespace: String,
    /// Helm's number of it.
    pub number: u64,
}

/// What it was before it was suspended for Mainstay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Memory {
    /// It was not suspended for Mainstay.
    #[default]
    Nothing,
    Kept(Before),
    /// Somebody changed what was kept.
    Unreadable,
}

/// Fields that the migration writes, as they were; `None` is absence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    pub suspend: Option<bool>,
    pub prune: Option<bool>,
    pub deletion_policy: Option<String>,
}

impl Live {
    /// Nothing of an object of another kind.
    pub fn read(value: &Value) -> Option<Self> {
        let object = Object::new(value.clone()).ok()?;
        let key = object.key();
        let applier = Applier::of(&key)?;
        let spec = Fields(value).at("spec");
        let status = Fields(value).at("status");
        let annotation = |name: &str| value.pointer("/metadata/annotations")?.get(name)?.as_str();
        let text =
            |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        // A cluster that can't be named is shown by the reading of the repository.
        let target = target(spec, object.namespace(), &mut Vec::new());
        let handled = status.text("lastHandledReconcileAt");
        let mut inventory = Vec::new();
        let mut unread = Vec::new();
        for (_, item) in status.at("inventory").list("entries") {
            match entry(item) {
                Some(entry) => inventory.push(entry),
                None => unread.push(item.0.to_string()),
            }
        }
        Some(Self {
            applier,
            unit: UnitId::new(applier.unit(), object.namespace(), object.name(), target.name()),
            version: object.group_version().version,
            uid: text("/metadata/uid"),
            resource_version: text("/metadata/resourceVersion"),
            suspended: spec.flag("suspend"),
            prune: spec.flag("prune"),
            deletion_policy: spec.owned("deletionPolicy"),
            memory: annotation(MEMORY).map_or(Memory::Nothing, Before::read),
            answered: annotation(REQUEST).is_none_or(|asked| handled == Some(asked)),
            not_ready: not_ready(status),
            inventory,
            unread,
            depends_on: spec
                .list("dependsOn")
                .filter_map(|(_, item)| {
                    let namespace = item.text("namespace").unwrap_or(object.namespace());
                    Some(ObjectKey::new(applier.group(), applier.kind(), namespace, item.text("name")?))
                })
                .collect(),
            source: match applier {
                Applier::Kustomization => None,
                Applier::HelmRelease => source(spec, object.namespace()),
            },
            released: status.list("history").find_map(|(_, newest)| {
                let number = newest.0.get("version")?.as_u64()?;
                Some(Released { name: newest.owned("name")?, namespace: newest.owned("namespace")?, number })
            }),
            deleting: value.pointer("/metadata/deletionTimestamp").is_some(),
            made_by: made_by(value),
            key,
        })
    }

    /// `namespace/name`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.key.namespace(), self.key.name())
    }

    /// `HelmRelease namespace/name`.
    pub fn titled(&self) -> String {
        format!("{} {}", self.key.kind(), self.name())
    }
}

impl Before {
    /// What it would be remembered as.
    pub fn of(kustomization: &Value) -> Self {
        let spec = kustomization.get("spec");
        let flag = |name: &str| spec?.get(name)?.as_bool();
        let deletion_policy = || spec?.get("deletionPolicy")?.as_str().map(str::to_owned);
        Self { suspend: flag("suspend"), prune: flag("prune"), deletion_policy: deletion_policy() }
    }

    pub fn read_text(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let map = value.as_object()?;
        let flag = |name: &str| match map.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(Value::Bool(flag)) => Some(Some(*flag)),
            Some(_) => None,
        };
        let deletion_policy = match map.get("deletionPolicy") {
            None | Some(Value::Null) => None,
            Some(Value::String(policy)) => Some(policy.clone()),
            Some(_) => return None,
        };
        Some(Self { suspend: flag("suspend")?, prune: flag("prune")?, deletion_policy })
    }

    fn read(text: &str) -> Memory {
        Self::read_text(text).map_or(Memory::Unreadable, Memory::Kept)
    }

    pub fn to_text(&self) -> String {
        json!({"suspend": self.suspend, "prune": self.prune, "deletionPolicy": self.deletion_policy})
            .to_string()
    }
}

fn source(spec: Fields<'_>, namespace: &str) -> Option<ObjectKey> {
    let template = spec.at("chart").at("spec");
    let from = if template.is_set() { template.at("sourceRef") } else { spec.at("chartRef") };
    Some(ObjectKey::new(
        SOURCE,
        from.text("kind")?,
        from.text("namespace").unwrap_or(namespace),
        from.text("name")?,
    ))
}

/// The Flux Operator labels what a FluxInstance or a ResourceSet makes; others own what they make.
fn made_by(value: &Value) -> Option<String> {
    let mut labels = value.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    if let Some((_, name)) = labels.find(|(label, _)| label.ends_with(OPERATOR_LABEL)) {
        return Some(format!("the Flux Operator ({})", name.as_str().unwrap_or_default()));
    }
    let mut owners =
        value.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let owner = owners.find(|owner| owner["controller"] == true)?;
    Some(format!("{} {}", owner["kind"].as_str()?, owner["name"].as_str()?))
}

fn not_ready(status: Fields<'_>) -> Option<String> {
    let ready = status.list("conditions").map(|(_, c)| c).find(|c| c.text("type") == Some("Ready"));
    match ready {
        None => Some("Flux has not said that it is ready".to_owned()),
        Some(ready) if ready.text("status") == Some("True") => None,
        Some(ready) => Some(ready.text("message").unwrap_or("Flux says that it is not ready").to_owned()),
    }
}

/// `<namespace>_<name>_<group>_<kind>`; a colon in a name of RBAC is written `__`.
fn entry(item: Fields<'_>) -> Option<(ObjectKey, String)> {
    let (namespace, rest) = item.text("id")?.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    let key = ObjectKey::new(group, kind, namespace, name.replace("__", ":"));
    Some((key, item.owned("v")?))
}
