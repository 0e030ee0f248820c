//! A kustomization file that was found, read and checked, and the places in it.
use crate::kustomization::{FILE_NAMES, KIND, Kustomization};
use crate::loader::Loader;
use crate::origin;
use crate::problem::Problem;
use crate::shape::{self, KUSTOMIZATION};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::{Diagnostics, Location};
use mainstay_unit::tree::{Entry, TreePath};
use mainstay_yaml::Node;
use serde_json::{Map, Value};
use std::sync::Arc;

pub(crate) struct Target {
    /// The kustomization's own folder.
    pub(crate) folder: TreePath,
    /// The folder, where no file holds the kustomization.
    pub(crate) file: String,
    pub(crate) kustomization: Kustomization,
    /// The folder as seen from where the build began.
    pub(crate) shown: String,
    root: Option<Node>,
    bytes: Arc<[u8]>,
}

/// The kustomization file of a folder.
pub(crate) fn find(loader: &Loader<'_>, folder: &TreePath) -> Result<Option<(TreePath, Entry)>, Problem> {
    let mut found = Vec::new();
    for name in FILE_NAMES {
        found.extend(loader.find_file(folder, name)?);
    }
    if found.len() > 1 {
        let message = format!("{folder} has more than one kustomization file");
        return Err(Problem::new(&codes::INVALID, message).hint("keep kustomization.yaml"));
    }
    Ok(found.pop())
}

impl Target {
    /// Reads a folder's kustomization. `change` may add to what the file says.
    pub(crate) fn load(
        loader: &Loader<'_>,
        folder: &TreePath,
        path: &TreePath,
        entry: &Entry,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Self, Diagnostics> {
        let file = loader.shown(path).into_owned();
        let bytes = loader.bytes(path, entry).map_err(|p| p.in_file(&file, b""))?;
        let loaded = mainstay_yaml::load_last_wins(&file, &bytes, &loader.limits.yaml());
        if loaded.diagnostics.has_errors() {
            return Err(loaded.diagnostics);
        }
        loader.warn(loaded.diagnostics);
        let root = loaded.documents.into_iter().next().map(|d| d.root);
        let mut problems = Vec::new();
        let value = root.as_ref().map(|root| shape::check(root, KUSTOMIZATION, "", &mut problems));
        if !problems.is_empty() {
            return Err(problems.into_iter().flat_map(|p| p.in_file(&file, &bytes)).collect());
        }
        let mut map = match value {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        change(&mut map);
        let mut target = Self {
            folder: folder.clone(),
            file,
            kustomization: Kustomization::default(),
            shown: String::new(),
            root,
            bytes,
        };
        target.kustomization = target.read(map)?;
        Ok(target)
    }

    /// A kustomization that no file holds: what is wrong with it is told of at its folder.
    pub(crate) fn generated(folder: &TreePath, map: Map<String, Value>) -> Result<Self, Diagnostics> {
        let mut target = Self {
            folder: folder.clone(),
            file: folder.as_str().to_owned(),
            kustomization: Kustomization::default(),
            shown: String::new(),
            root: None,
            bytes: Arc::from([]),
        };
        target.kustomization = target.read(map)?;
        Ok(target)
    }

    fn read(&self, map: Map<String, Value>) -> Result<Kustomization, Diagnostics> {
        let fail =
            |message: String, field: &str| Err(self.fault(Problem::new(&codes::INVALID, message), field));
        if !map.keys().any(|k| k != "apiVersion" && k != "kind") {
            return fail("the kustomization is empty".to_owned(), "");
        }
        let mut kustomization: Kustomization = match serde_json::from_value(Value::Object(map)) {
            Ok(kustomization) => kustomization,
            Err(error) => return fail(format!("invalid kustomization: {error}"), ""),
        };
        if kustomization.kind.is_empty() {
            kustomization.kind = KIND.to_owned();
        }
        let version = match kustomization.kind.as_str() {
            KIND => "kustomize.config.k8s.io/v1beta1",
            "Component" => "kustomize.config.k8s.io/v1alpha1",
            other => {
                return fail(format!("kind is {other:?}; it must be Kustomization or Component"), "/kind");
            }
        };
        if !kustomization.api_version.is_empty() && kustomization.api_version != version {
            let message = format!("the apiVersion of a {} must be {version}", kustomization.kind);
            return fail(message, "/apiVersion");
        }
        kustomization.fix();
        Ok(kustomization)
    }

    /// The kustomization file as seen from where the build began.
    pub(crate) fn shown_file(&self) -> String {
        origin::join(&self.shown, self.file.rsplit('/').next().unwrap_or_default())
    }

    /// Where a field stands: a JSON pointer as in `/resources/3`.
    pub(crate) fn location(&self, pointer: &str) -> Location {
        match &self.root {
            Some(root) if root.pointer(pointer).is_some() => {
                Location::new(self.file.as_str(), root.nearest_key(pointer))
            }
            Some(_) | None => Location::file(self.file.as_str()),
        }
    }

    /// Whether the file itself has the field; others are merged into it.
    pub(crate) fn says(&self, pointer: &str) -> bool {
        self.root.as_ref().is_some_and(|root| root.pointer(pointer).is_some())
    }

    /// A problem with a field.
    pub(crate) fn fault(&self, problem: Problem, pointer: &str) -> Diagnostics {
        let mut diagnostic = problem.located(self.location(pointer));
        if let Ok(text) = std::str::from_utf8(&self.bytes) {
            diagnostic = diagnostic.with_snippet_of(text);
        }
        diagnostic.into()
    }
}
