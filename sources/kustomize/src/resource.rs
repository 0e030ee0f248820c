//! An object on its way through the build: its content, where it came from, and the names it had before.
use crate::id::{Gvk, Id};
use crate::node::Node;
use crate::problem::Problem;
use crate::scalar::Tag;
use crate::schema::Table;
use crate::scope::{Scopes, is_cluster_scoped};
use crate::smp;
use mainstay_diagnostic::Location;
use mainstay_diagnostic::codes::kustomize as codes;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) node: Node,
    pub(crate) origin: Location,
    /// Oldest first.
    pub(crate) previous: Vec<Previous>,
    /// It had no name when it was to be remembered.
    pub(crate) unnamed: bool,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Behavior,
    pub(crate) generated: bool,
    pub(crate) needs_hash: bool,
    /// How many numbers of shared values are taken.
    pub(crate) shares: u32,
    /// Variables that read from this object.
    pub(crate) variables: Vec<String>,
    /// The file that it was read from, and what it went through, where that is recorded.
    pub(crate) read_from: Option<String>,
    pub(crate) transformations: String,
    /// Of kinds that are not built in; none for what was not read.
    pub(crate) scopes: Option<Rc<Scopes>>,
    /// Set on a patch by its options.
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) name: SmolStr,
    pub(crate) namespace: SmolStr,
    pub(crate) kind: SmolStr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Replace,
    Merge,
}

const MARK: &str = "internal.config.kubernetes.io/previousNames";

impl Resource {
    pub(crate) fn new(node: Node, origin: Location) -> Self {
        Self {
            node,
            origin,
            previous: Vec::new(),
            unnamed: false,
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            generated: false,
            needs_hash: false,
            shares: 0,
            variables: Vec::new(),
            read_from: None,
            transformations: String::new(),
            scopes: None,
            allow_name_change: false,
            allow_kind_change: false,
        }
    }

    pub(crate) fn kind(&self) -> &str {
        self.node.get("kind").map(Node::text).unwrap_or_default()
    }

    pub(crate) fn api_version(&self) -> &str {
        self.node.get("apiVersion").map(Node::text).unwrap_or_default()
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::new(self.api_version(), self.kind())
    }

    pub(crate) fn name(&self) -> &str {
        self.meta("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.meta("namespace")
    }

    fn meta(&self, field: &str) -> &str {
        self.node.path(&["metadata", field]).filter(|n| !n.is_null()).map(Node::text).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> Id {
        let gvk = self.gvk();
        Id {
            cluster: self.is_cluster_scoped(&gvk),
            gvk,
            name: self.name().into(),
            namespace: self.namespace().into(),
        }
    }

    /// Whether an object of its kind is certainly in no namespace.
    pub(crate) fn is_cluster_scoped(&self, gvk: &Gvk) -> bool {
        is_cluster_scoped(gvk) || self.scopes.as_ref().is_some_and(|scopes| scopes.is_cluster_scoped(gvk))
    }

    /// The identity it was read with.
    pub(crate) fn original_id(&self) -> Id {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }

    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = Id> {
        let gvk = self.gvk();
        self.previous.iter().map(move |p| Id {
            gvk: Gvk { kind: p.kind.clone(), ..gvk.clone() },
            name: p.name.clone(),
            namespace: p.namespace.clone(),
            cluster: false,
        })
    }

    /// Former identities, then the present one.
    pub(crate) fn any_id(&self, matches: impl Fn(&Id) -> bool) -> bool {
        self.previous_ids().any(|id| matches(&id)) || matches(&self.id())
    }

    /// The present identity without its scope, then the former ones: what replacements select by.
    pub(crate) fn plain_ids(&self) -> Vec<Id> {
        let mut all = vec![Id {
            gvk: self.gvk(),
            name: self.name().into(),
            namespace: self.namespace().into(),
            cluster: false,
        }];
        all.extend(self.previous_ids());
        all
    }

    pub(crate) fn store_previous(&mut self) -> Result<(), Problem> {
        let id = self.id();
        if id.name.is_empty() || id.gvk.kind.is_empty() {
            self.unnamed = true;
        }
        if self.unnamed && !(id.name.is_empty() && self.previous.is_empty()) {
            let message = format!("an object that was {} lost its name or kind", self.original_id());
            return Err(Problem::new(&codes::TRANSFORM, message));
        }
        if self.unnamed {
            return Ok(());
        }
        self.previous.push(Previous {
            namespace: id.effective_namespace().into(),
            name: id.name,
            kind: id.gvk.kind,
        });
        Ok(())
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.set_meta("name", Node::untyped(name));
    }

    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            if let Some(metadata) = self.node.get_mut("metadata") {
                metadata.remove("namespace");
            }
        } else {
            self.set_meta("namespace", Node::untyped(namespace));
        }
    }

    fn set_meta(&mut self, field: &str, value: Node) {
        if let Some(metadata) = self.node.get_or_insert("metadata", || Node::map(Vec::new())) {
            metadata.set(field, value);
        }
    }

    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.strings("labels")
    }

    pub(crate) fn annotations(&self) -> BTreeMap<String, String> {
        self.strings("annotations")
    }

    fn strings(&self, field: &str) -> BTreeMap<String, String> {
        let entries = self.node.path(&["metadata", field]).and_then(Node::as_map).unwrap_or_default();
        entries.iter().map(|(k, v)| (k.text.to_string(), v.text().to_owned())).collect()
    }

    pub(crate) fn set_labels(&mut self, labels: &BTreeMap<String, String>) {
        self.set_strings("labels", labels);
    }

    pub(crate) fn set_annotations(&mut self, annotations: &BTreeMap<String, String>) {
        self.set_strings("annotations", annotations);
    }

    fn set_strings(&mut self, field: &str, values: &BTreeMap<String, String>) {
        let Some(metadata) = self.node.get_or_insert("metadata", || Node::map(Vec::new())) else { return };
        if metadata.is_null() {
            *metadata = Node::map(Vec::new());
        }
        metadata.remove(field);
        if values.is_empty() {
            return;
        }
        metadata.set(field, Node::map(Vec::new()));
        if let Some(map) = metadata.get_mut(field) {
            for (key, value) in values {
                map.set(key, Node::string(value.as_str()));
            }
        }
    }

    /// Takes name, namespace, labels and annotations over from `other`, which this one replaces.
    pub(crate) fn inherit(&mut self, other: &Resource) {
        let mut labels = other.labels();
        labels.extend(self.labels());
        self.set_labels(&labels);
        let mut annotations = other.annotations();
        annotations.extend(self.annotations());
        self.set_annotations(&annotations);
        self.set_name(other.name());
        self.set_namespace(other.namespace());
        self.needs_hash &= other.needs_hash;
        self.previous.clone_from(&other.previous);
        self.prefixes.clone_from(&other.prefixes);
        self.suffixes.clone_from(&other.suffixes);
        self.behavior = other.behavior;
        self.transformations.clone_from(&other.transformations);
        self.variables.clone_from(&other.variables);
    }

    /// Applies a strategic merge patch. `false` where the patch deletes the object.
    pub(crate) fn merge(&mut self, patch: &Resource, table: &Table) -> Result<bool, Problem> {
        let (name, namespace, kind) =
            (self.name().to_owned(), self.namespace().to_owned(), self.kind().to_owned());
        if patch.allow_name_change || patch.allow_kind_change {
            self.store_previous()?;
        }
        if smp::replaces(&patch.node)? {
            // The result of a patch that replaces the whole object is never used, but kind and name are written.
            self.write_back(patch, &name, &namespace, &kind);
            return Ok(true);
        }
        let marked = self.mark();
        let node = std::mem::replace(&mut self.node, Node::map(Vec::new()));
        let Some(merged) = smp::merge(node, patch.node.clone(), table)? else { return Ok(false) };
        self.node = merged;
        if marked && !self.unmark() {
            self.forget();
        }
        if self.node.is_empty() {
            return Ok(false);
        }
        self.settle();
        self.write_back(patch, &name, &namespace, &kind);
        Ok(true)
    }

    /// What a patch does not change unless it may.
    fn write_back(&mut self, patch: &Resource, name: &str, namespace: &str, kind: &str) {
        if !patch.allow_kind_change {
            self.node.set("kind", Node::untyped(kind));
        }
        if !patch.allow_name_change {
            self.set_name(name);
        }
        self.set_namespace(namespace);
    }

    /// Where one of several places of a shared value was written, the others follow.
    pub(crate) fn settle(&mut self) {
        if self.shares == 0 {
            return;
        }
        let mut written = BTreeMap::new();
        self.node.each_scalar(&mut |scalar| {
            if std::mem::take(&mut scalar.written) {
                written.insert(scalar.share, scalar.clone());
            }
        });
        if !written.is_empty() {
            self.node.each_scalar(&mut |scalar| {
                if let Some(new) = written.get(&scalar.share) {
                    scalar.clone_from(new);
                }
            });
        }
    }

    /// What is known of an object stands in an annotation while it is patched, as kustomize keeps it there all the
    /// time: a patch may find that there are annotations, and may take what is known away.
    pub(crate) fn mark(&mut self) -> bool {
        if !self.is_known() {
            return false;
        }
        let Some(metadata @ Node::Map(_)) = self.node.get_mut("metadata") else { return false };
        let Some(annotations) = metadata.get_or_insert("annotations", || Node::map(Vec::new())) else {
            return false;
        };
        if annotations.is_null() {
            *annotations = Node::map(Vec::new());
        }
        annotations.set(MARK, Node::string(""));
        annotations.as_map().is_some()
    }

    /// Whether there is something that kustomize keeps in annotations.
    pub(crate) fn is_known(&self) -> bool {
        self.generated
            || self.needs_hash
            || !self.previous.is_empty()
            || !self.prefixes.is_empty()
            || !self.suffixes.is_empty()
    }

    /// Whether it still stands there.
    pub(crate) fn unmark(&mut self) -> bool {
        let Some(metadata) = self.node.get_mut("metadata") else { return false };
        let Some(annotations) = metadata.get_mut("annotations") else { return false };
        let found = annotations.remove(MARK).is_some();
        if annotations.as_map().is_some_and(<[_]>::is_empty) {
            metadata.remove("annotations");
        }
        found
    }

    fn forget(&mut self) {
        self.previous.clear();
        self.prefixes.clear();
        self.suffixes.clear();
        self.needs_hash = false;
        self.generated = false;
    }

    /// What makes a document an object that can be customized.
    pub(crate) fn check(node: &Node) -> Result<(), Problem> {
        let text =
            |path: &[&str]| node.path(path).filter(|n| !n.is_null()).map(Node::text).unwrap_or_default();
        let missing = |field: &str| {
            let message = format!("the document has no {field}, so it is not a Kubernetes object");
            Err(Problem::new(&codes::NOT_AN_OBJECT, message))
        };
        if node.as_map().is_none() {
            let message = format!("the document is {}, not a Kubernetes object", node.kind_name());
            return Err(Problem::new(&codes::NOT_AN_OBJECT, message));
        }
        let kind = text(&["kind"]);
        if kind.is_empty() {
            return missing("kind");
        }
        if !kind.ends_with("List") && text(&["metadata", "name"]).is_empty() {
            return missing("metadata.name");
        }
        Ok(())
    }

    /// Only the tool's own annotations are dropped; all others become text.
    pub(crate) fn finish(&mut self) {
        const OWN: [&str; 8] = [
            "internal.config.kubernetes.io/path",
            "internal.config.kubernetes.io/index",
            "internal.config.kubernetes.io/seqindent",
            "internal.config.kubernetes.io/id",
            "internal.config.kubernetes.io/annotations-migration-resource-id",
            "config.kubernetes.io/path",
            "config.kubernetes.io/index",
            "config.k8s.io/id",
        ];
        let mut annotations = self.annotations();
        annotations.retain(|k, _| !OWN.contains(&k.as_str()));
        self.set_annotations(&annotations);
    }

    /// Left out of the result: configuration for other tools.
    pub(crate) fn is_local(&self) -> bool {
        let local = self.node.path(&["metadata", "annotations", "config.kubernetes.io/local-config"]);
        local.is_some_and(|n| (n.as_scalar().is_none_or(|s| s.tag != Tag::Null)) && n.text() != "false")
    }
}
