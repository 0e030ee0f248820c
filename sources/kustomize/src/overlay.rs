//! What a declaration adds to the kustomization of its folder, merged before the build as Flux merges it, and the
//! metadata that it gives to every object after the build.
use crate::loader::Loader;
use mainstay_object::Object;
use mainstay_unit::Overlay;
use mainstay_unit::tree::TreePath;
use serde_json::{Map, Value};

/// Which of a folder's components are there.
pub(crate) fn exists<'a>(loader: &'a Loader<'_>, folder: &'a TreePath) -> impl Fn(&Value) -> bool + 'a {
    |path| path.as_str().is_none_or(|path| !matches!(loader.find_folder(folder, path), Ok(None)))
}

/// As Flux does it, a kustomization without resources records origins, so that it is not empty.
pub(crate) fn never_empty(map: &mut Map<String, Value>) {
    // Of charts it has no opinion: it renders none.
    let none = |field: &str| map.get(field).and_then(Value::as_array).is_none_or(Vec::is_empty);
    if ["resources", "helmCharts", "helmChartInflationGenerator"].into_iter().all(none) {
        map.insert("buildMetadata".into(), Value::from(vec!["originAnnotations"]));
    }
}

/// The name stays where none is given; tag and digest go together, as either of them says which version it is.
fn override_image(image: &mut Value, by: &Value) {
    let given =
        |field: &str| by.get(field).filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    let Value::Object(image) = image else { return };
    if let Some(name) = given("newName") {
        image.insert("newName".into(), name.clone());
    }
    if given("newTag").or(given("digest")).is_some() {
        for field in ["newTag", "digest"] {
            match given(field) {
                Some(value) => image.insert(field.into(), value.clone()),
                None => image.remove(field),
            };
        }
    }
}

/// Texts replace, lists are appended, an image goes over the one of its name.
pub(crate) fn merge(map: &mut Map<String, Value>, overlay: &Overlay, exists: &dyn Fn(&Value) -> bool) {
    for (field, value) in &overlay.kustomization {
        match (field.as_str(), value) {
            (_, Value::Null) => {}
            ("buildMetadata", Value::Array(_)) => {
                map.insert(field.clone(), value.clone());
            }
            ("components", Value::Array(components)) => {
                let wanted = |path: &&Value| !overlay.ignore_missing_components || exists(path);
                list(map, "components").extend(components.iter().filter(wanted).cloned());
            }
            ("images", Value::Array(images)) => {
                for image in images {
                    let list = list(map, "images");
                    let name = image.get("name");
                    match list.iter_mut().find(|i| i.get("name") == name) {
                        Some(same) => override_image(same, image),
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

/// The labels and annotations that the declaration gives to every object.
pub fn common_metadata(object: &mut Object, overlay: &Overlay) {
    for (name, value) in &overlay.labels {
        object.set_label(name, value);
    }
    for (name, value) in &overlay.annotations {
        object.set_annotation(name, value);
    }
}
