use super::Table;
use super::document::cluster_scoped;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scope::{Scopes, is_known};
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// Which schemas a build merges by. The first kustomization that names some decides for everything after it; what is
/// built in counts too only if something needed it before, as kustomize has it.
#[derive(Default)]
pub(crate) struct State {
    chosen: Cell<bool>,
    /// What is built in was needed: for a merge, or to look up the scope of a kind that is not known beforehand.
    merged: Cell<bool>,
    looked_up: Cell<bool>,
    tables: RefCell<Option<Arc<Table>>>,
    /// Shared with every object, whose identity depends on it.
    scopes: Rc<Scopes>,
}

/// The version that is built in.
const BUILTIN: &str = "v1.21.2";

impl State {
    /// A kustomization's `openapi`: a version, or a document.
    pub(crate) fn choose(&self, version: Option<&str>, document: Option<Value>) -> Result<(), Problem> {
        if self.chosen.get() {
            return Ok(());
        }
        match (version, document) {
            (Some(_), Some(_)) => {
                Err(Problem::new(&codes::INVALID, "openapi has either a version or a path, not both"))
            }
            (Some(""), None) | (None, None) => Ok(()),
            (Some(BUILTIN), None) => {
                self.chosen.set(true);
                Ok(())
            }
            (Some(other), None) => {
                let message = format!("the OpenAPI version {other} is not built in");
                Err(Problem::new(&codes::INVALID, message).hint(format!("only {BUILTIN} is")))
            }
            (None, Some(document)) => {
                self.chosen.set(true);
                let mut table = Table::default();
                if self.merged.get() || self.looked_up.get() {
                    table = (**Table::builtin()).clone();
                }
                table.read(&document, self.merged.get())?;
                self.scopes.learn(cluster_scoped(&document));
                *self.tables.borrow_mut() = Some(Arc::new(table));
                Ok(())
            }
        }
    }

    /// Objects that were read.
    pub(crate) fn saw(&self, resources: &mut [Resource]) {
        self.scope(resources);
        if !self.looked_up.get() && resources.iter().any(|r| !is_known(&r.gvk())) {
            self.looked_up.set(true);
        }
    }

    /// Whether they are in a namespace is known from now on.
    pub(crate) fn scope(&self, resources: &mut [Resource]) {
        resources.iter_mut().for_each(|resource| resource.scopes = Some(self.scopes.clone()));
    }

    /// The schemas to merge by now.
    pub(crate) fn table(&self) -> Arc<Table> {
        self.merged.set(true);
        self.tables.borrow().clone().unwrap_or_else(|| Table::builtin().clone())
    }
}
