use super::{Act, How};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, invalid};
use crate::core::registry::Resource;
use crate::core::{body, selector_text};
use serde_json::{Value, json};

/// The `autoscaling/v1` Scale of an object.
pub fn of(resource: &Resource, object: &Value) -> Result<Value, Failure> {
    let (spec, status, selector) = paths(resource);
    let replicas = match body::at(object, &spec).filter(|v| !v.is_null()) {
        Some(replicas) => replicas.clone(),
        None if resource.custom.is_some() => {
            let why = format!("the spec replicas field \".{spec}\" does not exist");
            return Err(Failure::internal(&why));
        }
        None => 0.into(),
    };
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {}, "spec": { "replicas": replicas },
        "status": { "replicas": body::at(object, &status).and_then(Value::as_i64).unwrap_or(0) },
    });
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = body::meta_value(object, field) {
            scale["metadata"][field] = value.clone();
        }
    }
    let selector = selector.and_then(|path| body::at(object, &path).cloned());
    let text = selector.map(|s| match s {
        Value::String(text) => text,
        other => selector_text::of(&other),
    });
    if let Some(text) = text.filter(|t| !t.is_empty()) {
        scale["status"]["selector"] = text.into();
    }
    Ok(scale)
}

fn paths(resource: &Resource) -> (String, String, Option<String>) {
    let bare = |path: &str| path.trim_start_matches('.').to_owned();
    match resource.custom.as_ref().and_then(|c| c.scale.as_ref()) {
        Some(scale) => {
            let selector = scale.selector.as_deref().map(bare);
            (bare(&scale.spec_replicas), bare(&scale.status_replicas), selector)
        }
        None => ("spec.replicas".into(), "status.replicas".into(), Some("spec.selector".into())),
    }
}

impl Cluster {
    /// Writes a Scale's replicas into its object; returns the new Scale.
    pub(crate) fn set_scale(
        &mut self,
        act: &mut Act<'_>,
        live: &Value,
        scale: &Value,
    ) -> Result<Value, Failure> {
        let replicas = scale.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
        if replicas.as_i64().is_none_or(|n| !(0..=i64::from(i32::MAX)).contains(&n)) {
            let error = invalid("spec.replicas", replicas, "must be greater than or equal to 0");
            return Err(Failure::invalid("autoscaling", "Scale", act.name, &[error]));
        }
        let asked = body::meta(scale, "resourceVersion");
        if !asked.is_empty() && asked != body::meta(live, "resourceVersion") {
            return Err(Failure::modified(act.resource.named(), act.name));
        }
        let mut new = live.clone();
        body::set_at(&mut new, &paths(&act.resource).0, replicas);
        let updated = self.update(act, live, new, How::Update)?;
        of(&act.resource, &updated)
    }

    pub(crate) fn replace_scale(&mut self, act: &mut Act<'_>, scale: &Value) -> Result<Value, Failure> {
        let live = self
            .live(&act.resource, act.namespace, act.name)?
            .ok_or_else(|| Failure::not_found(act.resource.named(), act.name))?;
        self.set_scale(act, &live, scale)
    }
}
