//! Name references: when an object got another name or namespace, those that refer to it follow.
use crate::config::BackReference;
use crate::fieldspec::{Make, apply_at};
use crate::id::{Gvk, Id, NO_NAMESPACE};
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use std::collections::{BTreeSet, HashMap};

pub(crate) fn fix(objects: &mut Objects, references: &[BackReference]) -> Result<(), Problem> {
    let names = Names::new(objects);
    for resource in objects.iter_mut() {
        let original = resource.original_id().gvk;
        let referrer = Referrer::new(resource)?;
        for reference in references {
            let target = reference.gvk();
            for spec in reference.referrers.iter().filter(|spec| spec.matches(&original)) {
                let lookup = Lookup { names: &names, referrer: &referrer, target: &target, path: &spec.path };
                let make = (Make::Nothing, false);
                apply_at(spec, &referrer.id.gvk, &mut resource.node, make, &mut |node| lookup.set(node))
                    .map_err(|mut p| {
                        p.message = format!("in a reference of {}: {}", referrer.id, p.message);
                        p
                    })?;
            }
        }
    }
    Ok(())
}

/// What can be referred to: the objects that have former names.
struct Names {
    targets: Vec<Target>,
    by_former_name: HashMap<String, Vec<usize>>,
    /// All objects, those that nothing happened to included, by the namespace that they were in at first.
    by_first_namespace: HashMap<String, Vec<Id>>,
}

struct Target {
    id: Id,
    original: Id,
    former: Vec<Id>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Names {
    fn new(objects: &Objects) -> Self {
        let mut targets = Vec::new();
        let mut by_former_name: HashMap<String, Vec<usize>> = HashMap::new();
        for resource in objects.iter().filter(|r| !r.previous.is_empty()) {
            let names: BTreeSet<&str> = resource.previous.iter().map(|p| p.name.as_str()).collect();
            for name in names {
                by_former_name.entry(name.to_owned()).or_default().push(targets.len());
            }
            targets.push(Target {
                id: resource.id(),
                original: resource.original_id(),
                former: resource.previous_ids().collect(),
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
            });
        }
        let mut by_first_namespace: HashMap<String, Vec<Id>> = HashMap::new();
        for resource in objects.iter() {
            let namespace = resource.original_id().effective_namespace().to_owned();
            by_first_namespace.entry(namespace).or_default().push(resource.id());
        }
        Self { targets, by_former_name, by_first_namespace }
    }
}

struct Referrer {
    id: Id,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Namespaces of the service accounts that a role binding names.
    accounts: BTreeSet<String>,
    role: Option<Gvk>,
}

impl Referrer {
    fn new(resource: &Resource) -> Result<Self, Problem> {
        let mut accounts = BTreeSet::new();
        if resource.kind() == "RoleBinding" {
            for subject in resource.node.get("subjects").and_then(Node::as_seq).unwrap_or_default() {
                let is_account = subject.get("kind").is_some_and(|k| k.text() == "ServiceAccount");
                let (true, Some(namespace)) = (is_account, subject.get("namespace")) else { continue };
                match namespace {
                    Node::Scalar(scalar) if scalar.is_string() => {
                        accounts.insert(scalar.text.to_string());
                    }
                    Node::Scalar(_) | Node::Seq(_) | Node::Map(_) => {
                        let message =
                            format!("a subject of {} has a namespace that is no string", resource.id());
                        return Err(Problem::new(&codes::TRANSFORM, message));
                    }
                }
            }
        }
        let role = |field| resource.node.path(&["roleRef", field]).map(Node::text);
        let role = role("apiGroup").zip(role("kind"));
        Ok(Self {
            id: resource.id(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            accounts,
            role: role.map(|(group, kind)| Gvk::of(group, "", kind)),
        })
    }

    fn may_refer_to(&self, target: &Id) -> bool {
        self.id.cluster
            || target.cluster
            || target.same_namespace(&self.id)
            || self.accounts.contains(&*target.namespace)
    }

    /// A namespaced referrer takes what is in its own namespace, is in none, or is a service account.
    fn in_reach(&self, target: &Target) -> bool {
        self.id.cluster
            || target.id.cluster
            || target.id.gvk.kind == "ServiceAccount"
            || self.id.same_namespace(&target.id)
    }
}

struct Lookup<'a> {
    names: &'a Names,
    referrer: &'a Referrer,
    target: &'a Gvk,
    path: &'a str,
}

impl Lookup<'_> {
    fn set(&self, node: &mut Node) -> Result<(), Problem> {
        match node {
            node if node.is_null() => Ok(()),
            Node::Scalar(_) => self.scalar(node),
            Node::Map(_) => self.map(node),
            Node::Seq(items) => items.iter_mut().try_for_each(|item| match item {
                item if item.is_null() => Ok(()),
                Node::Scalar(_) => self.scalar(item),
                Node::Map(_) => self.map(item),
                Node::Seq(_) => Err(Problem::new(&codes::TRANSFORM, "a reference must be a string or a map")),
            }),
        }
    }

    fn scalar(&self, node: &mut Node) -> Result<(), Problem> {
        let found = self.find(node.text(), |_| true, |a, b| a.id.name == b.id.name)?;
        if let Some(target) = found.filter(|t| t.id.name != node.text()) {
            node.assign(Node::untyped(target.id.name.as_str()));
        }
        Ok(())
    }

    fn map(&self, node: &mut Node) -> Result<(), Problem> {
        let Some(name) = node.get("name").map(|n| n.text().to_owned()) else {
            return Err(Problem::new(&codes::TRANSFORM, "a reference has no name"));
        };
        let namespace = node.get("namespace").map(|n| n.text().to_owned());
        let originally = |t: &Target, namespace: &str| {
            let effective = t.original.effective_namespace();
            effective == namespace && effective != NO_NAMESPACE
        };
        let now = |t: &Target, namespace: &str| !t.id.cluster && t.id.effective_namespace() == namespace;
        // Only where no object was in the namespace at first do those count that are in it now.
        let known = namespace.as_ref().is_some_and(|ns| self.any_was_in(ns));
        let within = |t: &Target| match &namespace {
            None => true,
            Some(ns) if known => originally(t, ns),
            Some(ns) => now(t, ns),
        };
        let same = |a: &Target, b: &Target| a.id.name == b.id.name && a.id.namespace == b.id.namespace;
        let Some(target) = self.find(&name, within, same)? else { return Ok(()) };
        if target.id.name == name && target.id.namespace.is_empty() {
            return Ok(());
        }
        node.set("name", Node::untyped(target.id.name.as_str()));
        if !target.id.namespace.is_empty() {
            node.set("namespace", Node::untyped(target.id.namespace.as_str()));
        }
        Ok(())
    }

    fn any_was_in(&self, namespace: &str) -> bool {
        let ids = self.names.by_first_namespace.get(namespace).filter(|_| namespace != NO_NAMESPACE);
        ids.is_some_and(|ids| ids.iter().any(|id| self.referrer.may_refer_to(id)))
    }

    fn find(
        &self,
        name: &str,
        within: impl Fn(&Target) -> bool,
        same: impl Fn(&Target, &Target) -> bool,
    ) -> Result<Option<&Target>, Problem> {
        let Some(at) = self.names.by_former_name.get(name) else { return Ok(None) };
        let is_role = self.path.ends_with("roleRef/name");
        let mut found: Vec<&Target> = at
            .iter()
            .filter_map(|at| self.names.targets.get(*at))
            .filter(|t| self.referrer.may_refer_to(&t.id) && within(t))
            .filter(|t| t.former.iter().any(|id| id.gvk.is_selected(self.target)))
            .filter(|t| {
                let role = self.referrer.role.as_ref().filter(|_| is_role);
                role.is_none_or(|role| t.former.iter().any(|id| id.gvk.is_selected(role)))
            })
            .filter(|t| self.referrer.in_reach(t))
            .collect();
        if found.len() > 1 || found.is_empty() {
            found.retain(|t| self.same_context(t, true));
            if found.len() > 1 {
                found.retain(|t| self.same_context(t, false));
            }
        }
        match found.as_slice() {
            [] => Ok(None),
            [first, others @ ..] if others.iter().all(|t| same(first, t)) => Ok(Some(first)),
            several => {
                let ids: Vec<String> = several.iter().map(|t| t.id.to_string()).collect();
                let message = format!("{name:?} may be any of {}", ids.join(", "));
                Err(Problem::new(&codes::TRANSFORM, message))
            }
        }
    }

    /// Renamed by the same kustomizations.
    fn same_context(&self, target: &Target, allow_empty: bool) -> bool {
        let same =
            |a: &[String], b: &[String]| (allow_empty && (a.is_empty() || b.is_empty())) || same_ending(a, b);
        same(&target.prefixes, &self.referrer.prefixes) && same(&target.suffixes, &self.referrer.suffixes)
    }
}

/// Whether the shorter of two lists is the end of the longer. An empty one is the end of an empty one only.
fn same_ending(a: &[String], b: &[String]) -> bool {
    if a.is_empty() || b.is_empty() { a.len() == b.len() } else { a.ends_with(b) || b.ends_with(a) }
}
