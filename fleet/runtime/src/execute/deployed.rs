//! What Helm has deployed, beside what a unit would release.

use super::store::{Record, annotation, inflate, records, unpacked};
use crate::targets::open;
use mainstay_cluster::{Cluster, ClusterError};
use mainstay_flux::{Recognised, recognise};
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_unit::{Release, Target};
use mainstay_yaml::{Limits, load_last_wins};
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};

/// The newest of Helm's records of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    pub number: u64,
    /// `deployed`, `failed`, `pending-upgrade`, ...
    pub status: String,
    /// Whether Helm calls any of its records deployed.
    pub was_deployed: bool,
    /// What the unit would release otherwise, by name: nothing if it is this very release.
    pub otherwise: Vec<String>,
    /// Its objects with their versions. Where the manifest names no namespace there is none.
    pub objects: Vec<(ObjectKey, String)>,
}

impl Deployed {
    /// Whether what is deployed is what the unit would release.
    pub fn is_this(&self) -> bool {
        self.status == "deployed" && self.otherwise.is_empty()
    }
}

/// What Helm knows of a release on a unit's cluster; nothing if Helm does not know it.
pub async fn deployed(
    management: &Cluster,
    target: &Target,
    release: &Release,
) -> Result<Option<Deployed>, String> {
    let cluster = open(management, target).await?;
    newest(&cluster, release).await.map_err(|error| error.to_string())
}

pub(crate) async fn newest(cluster: &Cluster, release: &Release) -> Result<Option<Deployed>, ClusterError> {
    let found = records(cluster, &release.namespace, &release.name).await?;
    let Some(record) = found.last() else { return Ok(None) };
    let theirs = unpacked(&record.live)?;
    let objects = objects(&theirs).unwrap_or_default();
    Ok(Some(Deployed {
        number: record.number,
        status: record.status.clone(),
        was_deployed: found.iter().any(|record| record.status == "deployed"),
        otherwise: otherwise(&inflate(&release.body)?, &theirs),
        objects: objects.into_iter().map(|(key, object)| (key, object.group_version().version)).collect(),
    }))
}

/// Whether a record that somebody else has written is of this very release.
pub(super) fn is_same(record: &Record, release: &Release) -> Result<bool, ClusterError> {
    let foreign = annotation(&record.live, super::UNIT).is_none();
    Ok(foreign
        && record.status == "deployed"
        && otherwise(&inflate(&release.body)?, &unpacked(&record.live)?).is_empty())
}

/// The chart by name and version, the values, and every object: labels and annotations that others have added do not
/// count. What values hold is not told.
fn otherwise(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let chart = |body: &Value| {
        let text =
            |field: &str| body.pointer(&format!("/chart/metadata/{field}"))?.as_str().map(str::to_owned);
        format!("{} {}", text("name").unwrap_or_default(), text("version").unwrap_or_default())
    };
    if chart(ours) != chart(theirs) {
        out.push(format!("the chart {}, not {}", chart(ours), chart(theirs)));
    }
    // None is written as null or as an empty map; within them null means something.
    let values =
        |body: &Value| body.get("config").filter(|values| **values != json!({})).cloned().unwrap_or_default();
    if values(ours) != values(theirs) {
        out.push("the values".to_owned());
    }
    let (Some(ours), Some(theirs)) = (objects(ours), objects(theirs)) else {
        out.push("a manifest that can be read".to_owned());
        return out;
    };
    let keys: BTreeSet<&ObjectKey> = ours.keys().chain(theirs.keys()).collect();
    let differs = |key: &&&ObjectKey| match (ours.get(**key), theirs.get(**key)) {
        (Some(ours), Some(theirs)) => !is_within(ours, theirs),
        // What declares is read in place of being applied.
        (None, Some(theirs)) => recognise(&theirs.group_version_kind()) == Recognised::Foreign,
        (Some(_), None) => true,
        (None, None) => false,
    };
    out.extend(keys.iter().filter(differs).map(|key| key.to_string()));
    out
}

fn objects(body: &Value) -> Option<BTreeMap<ObjectKey, Object>> {
    let text = body.get("manifest").and_then(Value::as_str).unwrap_or_default();
    let loaded = load_last_wins("manifest", text.as_bytes(), &Limits::default());
    if loaded.diagnostics.errors().next().is_some() {
        return None;
    }
    let mut out = BTreeMap::new();
    for document in loaded.documents {
        let value = document.root.into_json();
        if value.is_null() {
            continue;
        }
        let items = match (value.get("kind").and_then(Value::as_str), value.get("items")) {
            (Some(kind), Some(Value::Array(items))) if kind.ends_with("List") => items.clone(),
            (_, _) => vec![value],
        };
        for item in items {
            let object = Object::new(settled(item)).ok()?;
            out.insert(object.key(), object);
        }
    }
    Some(out)
}

/// Without what says nothing: null, and maps that hold nothing else.
fn settled(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let said = |(name, value): (String, Value)| {
                let empty = matches!(&value, Value::Object(map) if !map.is_empty());
                let value = settled(value);
                let emptied = empty && value.as_object().is_some_and(Map::is_empty);
                (!value.is_null() && !emptied).then_some((name, value))
            };
            Value::Object(map.into_iter().filter_map(said).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(settled).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn is_within(ours: &Object, theirs: &Object) -> bool {
    const MARKS: [&str; 2] = ["labels", "annotations"];
    let mut rest = theirs.value().clone();
    for place in MARKS {
        let of =
            |value: &Value| value.pointer(&format!("/metadata/{place}")).and_then(Value::as_object).cloned();
        let (ours, theirs) = (of(ours.value()), of(&rest).unwrap_or_default());
        if ours.iter().flatten().any(|(name, value)| theirs.get(name) != Some(value)) {
            return false;
        }
        let Some(metadata) = rest.pointer_mut("/metadata").and_then(Value::as_object_mut) else {
            return false;
        };
        match ours {
            Some(ours) => metadata.insert(place.to_owned(), Value::Object(ours)),
            None => metadata.remove(place),
        };
    }
    rest == *ours.value()
}

#[cfg(test)]
mod tests {
    use super::otherwise;
    use mainstay_object::Value;
    use serde_json::json;

    const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n";

    fn release(version: &str, values: &Value, manifest: &str) -> Value {
        json!({"chart": {"metadata": {"name": "web", "version": version}}, "config": values, "manifest": manifest})
    }

    #[test]
    fn what_others_have_labelled_is_the_same_release() {
        let ours = release("1.0.0", &json!({}), CONFIG);
        let theirs = "---\n# Source: web/x.yaml\nkind: ConfigMap\napiVersion: v1\nmetadata:\n  creationTimestamp: null\n  \
            labels: {helm.example.com/name: web}\n  name: web\ndata:\n  a: b\n---\n# nothing\n";
        assert_eq!(otherwise(&ours, &release("1.0.0", &Value::Null, theirs)), Vec::<String>::new());
    }

    #[test]
    fn what_would_be_otherwise_is_named_and_no_value_is() {
        let ours = release("1.0.1", &json!({"password": "canary"}), CONFIG);
        let theirs = release("1.0.0", &json!({"password": "bird"}), &CONFIG.replace("a: b", "a: c"));
        let told = otherwise(&ours, &theirs);
        assert_eq!(told, ["the chart web 1.0.1, not web 1.0.0", "the values", "ConfigMap web"]);
        let more = format!("{CONFIG}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: more}}\n");
        let ours = release("1.0.0", &json!({}), CONFIG);
        assert_eq!(otherwise(&ours, &release("1.0.0", &json!({}), &more)), ["Secret more"]);
        let labelled = CONFIG.replace("name: web}", "name: web, labels: {ours: x}}");
        assert_eq!(otherwise(&release("1.0.0", &json!({}), &labelled), &ours), ["ConfigMap web"]);
        let broken = release("1.0.0", &json!({}), "a: [");
        assert_eq!(otherwise(&ours, &broken), ["a manifest that can be read"]);
    }
}
