//! What a declaration adds to the kustomization of its folder, merged before the build as Flux merges it, and the
//! metadata that it gives to every object after the build.
use mainstay_object::Object;
use mainstay_unit::Overlay;
use serde_json::{Map, Value};

/// Texts replace, lists are appended, an image replaces the one of its name.
pub(crate) fn merge(map: &mut Map<String, Value>, overlay: &Overlay) {
    for (field, value) in &overlay.kustomization {
        match (field.as_str(), value) {
            (_, Value::Null) => {}
            ("images", Value::Array(images)) => {
                for image in images {
                    let list = list(map, "images");
                    let name = image.get("name");
                    match list.iter_mut().find(|i| i.get("name") == name) {
                        Some(same) => *same = image.clone(),
                        None => list.push(image.clone()),
                    }
                }
            }
            // Flux holds these as objects, kustomize as text.
            ("patchesStrategicMerge", Value::Array(patches)) => {
                let texts = patches.iter().map(as_text).map(Value::from);
                list(map, "patchesStrategicMerge").extend(texts);
            }
            ("patchesJson6902", Value::Array(patches)) => {
                let with_text = |patch: &Value| {
                    let mut patch = patch.clone();
                    if let Some(ops) = patch.get_mut("patch") {
                        *ops = Value::from(as_text(ops));
                    }
                    patch
                };
                list(map, "patchesJson6902").extend(patches.iter().map(with_text));
            }
            (_, Value::Array(items)) => list(map, field).extend(items.iter().cloned()),
            (_, Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                map.insert(field.clone(), value.clone());
            }
        }
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list<'m>(map: &'m mut Map<String, Value>, field: &str) -> &'m mut Vec<Value> {
    let entry = map.entry(field).or_insert_with(|| Value::Array(Vec::new()));
    if !entry.is_array() {
        *entry = Value::Array(Vec::new());
    }
    match entry {
        Value::Array(items) => items,
        _ => unreachable!("made an array just above"),
    }
}

pub(crate) fn common_metadata(object: &mut Object, overlay: &Overlay) {
    for (name, value) in &overlay.labels {
        object.set_label(name, value);
    }
    for (name, value) in &overlay.annotations {
        object.set_annotation(name, value);
    }
}
