use crate::behaviour::{Behaviour, Phase};
use crate::kinds;
use crate::marker::Rollout;
use mainstay_apiserver::core::Now;
use serde_json::{Map, Value, json};

/// What a simulated controller does next with one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A JSON merge patch for the status subresource; absent when the status is as it should be.
    pub patch: Option<Value>,
    /// When to look at the object again, if nothing changes before.
    pub again: Option<Now>,
}

/// One object as a controller looks at it.
pub(crate) struct Scene<'a> {
    pub(crate) object: &'a Value,
    pub(crate) old: &'a Value,
    pub(crate) now: Now,
    pub(crate) phase: Phase,
    pub(crate) rollout: &'a Rollout,
    /// The pod template is not the one of the last step.
    pub(crate) new_template: bool,
    /// Differs between objects, and is the same for one object and seed.
    pub(crate) dice: u64,
}

/// The status that the controller of this kind would write, were its pods to run. `None` if there is nothing to do.
///
/// Simulated are Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, Pod, PersistentVolumeClaim and Services of type
/// LoadBalancer. An object that is being deleted is left alone.
pub fn simulate(object: &Value, now: Now, seed: u64) -> Option<Step> {
    let controller = kinds::controller(object)?;
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return None;
    }
    let empty = json!({});
    let old = if object["status"].is_object() { &object["status"] } else { &empty };
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
    let template = format!("{:08x}", digest(&object["spec"]["template"].to_string(), 0) & 0xffff_ffff);
    let before = Rollout::remembered(old);
    let new_template = before.as_ref().is_none_or(|b| b.template != template);
    let since =
        before.filter(|b| b.generation == generation && b.template == template).map_or(now, |b| b.since);
    // Kept in microseconds, so compared in them.
    let since = Now(since.0 - since.0.rem_euclid(1000));
    let rollout = Rollout { generation, template, since };
    let behaviour = Behaviour::of(object);
    let phase = behaviour.phase(since, now);
    let scene = Scene { object, old, now, phase, rollout: &rollout, new_template, dice: dice(object, seed) };
    let (mut new, deadline) = controller(&scene)?;
    rollout.remember(&mut new, behaviour.fail.as_deref(), now);
    let again = match scene.phase {
        Phase::Progressing { until } => Some(until),
        Phase::Ready | Phase::Failing { .. } => deadline,
    };
    let patch = difference(old, &new).map(|status| json!({ "status": status }));
    (patch.is_some() || again.is_some()).then_some(Step { patch, again })
}

/// The merge patch that makes `new` of `old`.
fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in new {
        if let Some(change) = difference(old.get(key).unwrap_or(&Value::Null), value) {
            patch.insert(key.clone(), change);
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

fn dice(object: &Value, seed: u64) -> u64 {
    let metadata = &object["metadata"];
    let text = |key: &str| metadata[key].as_str().unwrap_or_default();
    digest(&format!("{}/{}/{}", object["kind"], text("namespace"), text("name")), seed)
}

/// FNV-1a: stable across versions, which the standard library's hasher is not.
fn digest(text: &str, seed: u64) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
