//! `buildMetadata`: annotations that say where an object came from and what has changed it since.
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;

const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// What the root kustomization wants to be recorded; those below it have no say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recording {
    /// Something is wanted, maybe only a label: then all is recorded, and taken off at the end, which objects may not
    /// survive.
    on: bool,
    pub(crate) origins: bool,
    pub(crate) transformations: bool,
}

impl Recording {
    pub(crate) fn new(metadata: &[String]) -> Self {
        let has = |name: &str| metadata.iter().any(|m| m == name);
        let on = !metadata.is_empty();
        Self { on, origins: has("originAnnotations"), transformations: has("transformerAnnotations") }
    }

    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// Takes off what is not wanted, whoever put it there.
    pub(crate) fn finish(self, resource: &mut Resource) {
        let mut annotations = resource.annotations();
        if !self.origins {
            annotations.remove(ORIGIN);
        }
        if !self.transformations {
            annotations.remove(TRANSFORMATIONS);
        }
        resource.set_annotations(&annotations);
    }
}

/// Of a generator or transformer: the file that configures it, and what it is called there.
pub(crate) struct Configured<'a> {
    pub(crate) file: String,
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

impl Configured<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.file.is_empty() {
            lines.push(format!("configuredIn: {}", scalar(&self.file)));
        }
        lines.push("configuredBy:".to_owned());
        let fields = [
            ("apiVersion", self.api_version),
            ("kind", self.kind),
            ("name", self.name),
            ("namespace", self.namespace),
        ];
        let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
        lines.extend(given.map(|(field, value)| format!("  {field}: {}", scalar(value))));
        lines
    }
}

/// The object was read from a file.
pub(crate) fn read_from(resource: &mut Resource, path: String) {
    set(resource, ORIGIN, format!("path: {}\n", scalar(&path)));
    resource.read_from = Some(path);
}

/// The object was generated.
pub(crate) fn generated_by(resource: &mut Resource, by: &Configured<'_>) {
    if get(resource, ORIGIN).is_none() {
        set(resource, ORIGIN, by.lines().join("\n") + "\n");
    }
}

/// The objects went through a transformer, whether it changed them or not.
pub(crate) fn transformed_by(objects: &mut Objects, by: &Configured<'_>) -> Result<(), Problem> {
    let lines = by.lines();
    for resource in objects.iter_mut() {
        if get(resource, ORIGIN).is_none() {
            set(resource, ORIGIN, lines.join("\n") + "\n");
            continue;
        }
        let before = get(resource, TRANSFORMATIONS).unwrap_or_default();
        if before != resource.transformations {
            let message = format!("{} has an annotation {TRANSFORMATIONS} of its own", resource.id());
            return Err(Problem::new(&codes::UNSUPPORTED, message + ", which is not supported"));
        }
        let text = format!("{before}- {}\n", lines.join("\n  "));
        resource.transformations.clone_from(&text);
        set(resource, TRANSFORMATIONS, text);
    }
    Ok(())
}

/// A generated object that is merged into another keeps the other's origin.
pub(crate) fn keep(resource: &mut Resource, of: &Resource) {
    if let Some(origin) = get(of, ORIGIN) {
        set(resource, ORIGIN, origin);
    }
}

fn get(resource: &Resource, name: &str) -> Option<String> {
    resource.node.path(&["metadata", "annotations", name]).map(|n| n.text().to_owned())
}

fn set(resource: &mut Resource, name: &str, text: String) {
    let mut annotations = resource.annotations();
    annotations.insert(name.to_owned(), text);
    resource.set_annotations(&annotations);
}

fn scalar(text: &str) -> String {
    mainstay_yaml::emit(&Value::from(text)).trim_end().to_owned()
}

/// Relative to where the build began; `..` may lead out of there.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}
