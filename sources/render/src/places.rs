//! Where a rendered object's fields stand in the file that it came from.
use crate::sources::Origin;
use mainstay_diagnostic::{Code, Diagnostic, Location};
use mainstay_flux::Place;
use mainstay_object::Object;
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_yaml::{Limits, Node, load};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    /// As shown.
    file: String,
    text: Arc<str>,
    root: Option<Arc<Node>>,
    fallback: Location,
}

impl Rendered {
    /// What a template made: its fields stand nowhere.
    pub(crate) fn at(location: Location) -> Self {
        Self { file: location.file.clone(), text: "".into(), root: None, fallback: location }
    }
}

impl Place for Rendered {
    fn location(&self, pointer: &str) -> Location {
        match &self.root {
            Some(root) => Location::new(&*self.file, root.nearest(pointer)),
            None => self.fallback.clone(),
        }
    }

    fn diagnostic(&self, code: &'static Code, message: String, pointer: &str) -> Diagnostic {
        Diagnostic::new(code, message).at(self.location(pointer)).with_snippet_of(&self.text)
    }
}

/// The files of one render, loaded once.
#[derive(Default)]
pub(crate) struct Files(HashMap<(String, TreePath), Loaded>);

/// A file's text and documents.
type Loaded = (Arc<str>, Vec<Arc<Node>>);

impl Files {
    /// `origin` names the file in the tree. Names may have been changed on the way: then the kind has to do.
    pub(crate) fn place(
        &mut self,
        object: &Object,
        origin: &Location,
        tree: &dyn Tree,
        shown: &Origin,
    ) -> Rendered {
        let path = TreePath::parse(&origin.file).unwrap_or_default();
        let place = (shown.name().to_owned(), path.clone());
        let (text, documents) = self.0.entry(place).or_insert_with(|| open(tree, &path));
        let starts = |root: &Node| {
            origin.span.is_some_and(|span| span.start <= root.span.start && root.span.start <= span.end)
        };
        let same =
            |root: &Node, field: &[&str], value: &str| root.path(field).and_then(Node::as_str) == Some(value);
        let of_kind: Vec<_> = documents.iter().filter(|root| same(root, &["kind"], object.kind())).collect();
        let found = documents
            .iter()
            .find(|root| starts(root))
            .or_else(|| of_kind.iter().copied().find(|root| same(root, &["metadata", "name"], object.name())))
            .or_else(|| of_kind.first().copied());
        let file = shown.file(&path);
        Rendered {
            text: text.clone(),
            root: found.cloned(),
            fallback: Location { file: file.clone(), span: origin.span },
            file,
        }
    }
}

fn open(tree: &dyn Tree, path: &TreePath) -> Loaded {
    let Ok(bytes) = tree.read(path) else { return ("".into(), Vec::new()) };
    let loaded = load(path.as_str(), &bytes, &Limits::default());
    let documents = loaded.documents.into_iter().map(|document| Arc::new(document.root)).collect();
    (String::from_utf8_lossy(&bytes).into(), documents)
}
