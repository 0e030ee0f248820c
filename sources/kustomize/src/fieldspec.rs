//! Field specs: which fields of which kinds a transformation touches. A path names fields only; lists on the way are
//! entered element by element.
use crate::cost::deep;
use crate::id::Gvk;
use crate::node::Node;
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use serde::Deserialize;
use std::borrow::Cow;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct FieldSpec {
    #[serde(default)]
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) create: bool,
}

impl FieldSpec {
    pub(crate) fn path(path: &str, create: bool) -> Self {
        Self {
            group: String::new(),
            version: String::new(),
            kind: String::new(),
            path: path.to_owned(),
            create,
        }
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::of(&self.group, &self.version, &self.kind)
    }

    pub(crate) fn matches(&self, gvk: &Gvk) -> bool {
        (self.kind.is_empty() || self.kind == gvk.kind)
            && (self.group.is_empty() || self.group == gvk.group)
            && (self.version.is_empty() || self.version == gvk.version)
    }
}

/// Adds specs, each once. Two that differ in `create` alone are a contradiction.
pub(crate) fn merge_specs(into: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), Problem> {
    for spec in more {
        match into.iter().find(|s| s.gvk().is_selected(&spec.gvk()) && s.path == spec.path) {
            Some(same) if same.create != spec.create => {
                let message = format!("two field specs for {} contradict each other in `create`", spec.path);
                return Err(Problem::new(&codes::INVALID, message));
            }
            Some(_) => {}
            None => into.push(spec.clone()),
        }
    }
    Ok(())
}

/// What is made where a field is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    Nothing,
    Scalar,
    Map,
}

type Setter<'a> = &'a mut dyn FnMut(&mut Node) -> Result<(), Problem>;

/// Calls `set` on each node at the spec's path, if the object is of the spec's kind.
pub(crate) fn apply(
    spec: &FieldSpec,
    gvk: &Gvk,
    object: &mut Node,
    make: Make,
    set: Setter<'_>,
) -> Result<(), Problem> {
    if !spec.matches(gvk) {
        return Ok(());
    }
    apply_at(spec, gvk, object, (make, spec.create), set)
}

/// As [`apply`], whatever the object's kind; nothing is made where the second of `make` is false.
pub(crate) fn apply_at(
    spec: &FieldSpec,
    gvk: &Gvk,
    object: &mut Node,
    (make, create): (Make, bool),
    set: Setter<'_>,
) -> Result<(), Problem> {
    let path = spec.path.strip_prefix('/').unwrap_or(&spec.path);
    let visited =
        deep(path.matches('/').count(), 0).and_then(|()| visit(object, Some(path), create, make, set));
    visited.map_err(|mut p| {
        p.message = format!("{} of {}: {}", spec.path, gvk.kind, p.message);
        p
    })
}

fn visit(
    node: &mut Node,
    path: Option<&str>,
    create: bool,
    make: Make,
    set: Setter<'_>,
) -> Result<(), Problem> {
    let Some(parts) = path else { return set(node) };
    if node.is_null() {
        return Ok(());
    }
    match node {
        Node::Seq(items) => items.iter_mut().try_for_each(|item| visit(item, path, create, make, set)),
        Node::Scalar(_) => {
            Err(Problem::new(&codes::TRANSFORM, "expected a map or a list on the way, found a scalar"))
        }
        Node::Map(_) => {
            let (name, rest) = first_part(parts);
            let (name, list) = match name.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (&*name, false),
            };
            let made = match make {
                _ if !create || list => None,
                Make::Nothing => None,
                Make::Scalar if rest.is_none() => Some(Node::untyped("")),
                Make::Scalar | Make::Map => Some(Node::map(Vec::new())),
            };
            let field = match &made {
                None => node.get_mut(name),
                Some(empty) => node.get_or_insert(name, || empty.clone()),
            };
            let Some(field) = field else { return Ok(()) };
            if let (true, Some(empty)) = (field.is_null(), made) {
                *field = empty;
            }
            visit(field, rest, create, make, set)
        }
    }
}

/// Up to a slash that no backslash escapes, and what is behind it.
fn first_part(path: &str) -> (Cow<'_, str>, Option<&str>) {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let end = slashes.find(|at| !path[..*at].ends_with('\\'));
    let (part, rest) = match end {
        Some(at) => (&path[..at], Some(&path[at + 1..])),
        None => (path, None),
    };
    (if part.contains("\\/") { part.replace("\\/", "/").into() } else { part.into() }, rest)
}

/// Splits at a delimiter that a backslash does not escape; a leading delimiter means nothing.
pub(crate) fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let mut parts: Vec<&str> = path.split(delimiter).collect();
    if parts.len() > 1 && parts[0].is_empty() {
        parts.remove(0);
    }
    let mut found: Vec<String> = Vec::with_capacity(parts.len());
    for part in parts {
        match found.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            Some(_) | None => found.push(part.to_owned()),
        }
    }
    found
}

/// As [`split_path`], but what stands in brackets stays whole: `[name=a.b]`; brackets around a mere key are dropped.
pub(crate) fn split_field_path(path: &str) -> Vec<String> {
    let parts = split_path(path, '.');
    let mut found = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter();
    while let Some(mut part) = parts.next() {
        if part.starts_with('[') && !part.ends_with(']') {
            for more in parts.by_ref() {
                part.push('.');
                part.push_str(&more);
                if more.ends_with(']') {
                    break;
                }
            }
            if !part.contains('=') {
                part = part.trim_matches(['[', ']']).to_owned();
            }
        }
        found.push(part);
    }
    found
}
