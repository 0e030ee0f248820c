//! Whether the world is as the newest revision says.

use crate::ask::Ask;
use crate::network::{MANAGEMENT, Net};
use crate::repository::{Kind, Plan};
use crate::witness::{FOREIGN, PART_OF, is_healthy, text};
use mainstay_apiserver::core::Method;
use mainstay_unit::UnitId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The Units on a management cluster.
pub fn units(server: &mut dyn Ask) -> Vec<Value> {
    let (_, mut list) = server.ask(Method::Get, "/apis/mainstay.dev/v1alpha1/units", None);
    list.get_mut("items").map(Value::take).and_then(array).unwrap_or_default()
}

/// Every unit is ready and truly so, every object is there as it was written, and nothing else of ours is. `servers` are
/// what there is on each, in the order in which plans count them.
pub fn converged(
    plan: &Plan,
    kept: &BTreeSet<String>,
    units: &[Value],
    servers: Vec<(String, Vec<(String, Value)>)>,
) -> Result<(), String> {
    let shown: BTreeMap<String, &Value> =
        units.iter().filter_map(|unit| Some((name(text(unit, "/status/id"))?, unit))).collect();
    for (number, (name, objects)) in servers.into_iter().enumerate() {
        let live: BTreeMap<String, Value> = objects
            .into_iter()
            .filter(|(_, object)| object["metadata"]["labels"][FOREIGN].is_null())
            .map(|(_, object)| (text(&object, "/metadata/name").to_owned(), object))
            .collect();
        let mut wanted = BTreeSet::new();
        for (unit, stated) in plan.iter().filter(|(_, unit)| unit.server == number) {
            let id = unit;
            let Some(record) = shown.get(id) else { return Err(format!("{id} has no Unit")) };
            let (phase, why) = (text(record, "/status/phase"), text(record, "/status/message"));
            if phase != "Ready" {
                return Err(format!("{id} is {phase}: {why}"));
            }
            if text(record, "/status/health") != "Healthy" {
                return Err(format!("{id} is Ready and {}", text(record, "/status/health")));
            }
            for (key, object) in &stated.objects {
                wanted.insert(key.clone());
                let place = format!("{key} of {unit} on {name}");
                let Some(seen) = live.get(key) else { return Err(format!("{place} is not there")) };
                let version = text(seen, "/metadata/annotations/version");
                if version != object.version.to_string() {
                    return Err(format!("{place} is at {version}, not at {}", object.version));
                }
                let kind = match object.kind {
                    Kind::ConfigMap => "ConfigMap",
                    Kind::ServiceAccount => "ServiceAccount",
                    Kind::Deployment => "Deployment",
                    Kind::Note => "Note",
                };
                if text(seen, "/kind") != kind {
                    return Err(format!("{place} is a {}, not a {kind}", text(seen, "/kind")));
                }
                if object.kind == Kind::ConfigMap && text(seen, "/data/fixed") != "same" {
                    return Err(format!("{place} was edited and left so"));
                }
                if !is_healthy(seen) {
                    return Err(format!("{place} is not healthy though its unit says so"));
                }
            }
        }
        // What others took our label from is no longer proved to be ours.
        let ours = |key: &String| !live[key]["metadata"]["labels"][PART_OF].is_null();
        let extra = live.keys().find(|key| !wanted.contains(*key) && !kept.contains(*key) && ours(key));
        if let Some(extra) = extra {
            return Err(format!("{extra} on {name} belongs to no unit any more"));
        }
    }
    // The folder itself is a unit too, of the dialect's own making.
    let known = |id: &str| id == "flux-system" || plan.contains_key(id);
    match shown.keys().find(|id| !known(id)) {
        Some(id) => Err(format!("the Unit {id:?} is still there")),
        None => Ok(()),
    }
}

/// What became of units stands in their Events too.
pub(crate) fn told(net: &Net) -> Result<(), String> {
    let path = "/api/v1/namespaces/default/events";
    let list = net.asked(MANAGEMENT, |server| server.ask(Method::Get, path, None).1).unwrap_or_default();
    let mut events = list["items"].as_array().into_iter().flatten();
    match events.any(|event| text(event, "/involvedObject/kind") == "Unit") {
        true => Ok(()),
        false => Err("no Event tells of any unit".to_owned()),
    }
}

/// A unit's own name in its identity.
fn name(id: &str) -> Option<String> {
    id.parse::<UnitId>().ok().map(|id| id.name.clone())
}

fn array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}
