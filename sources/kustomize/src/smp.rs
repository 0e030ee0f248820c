//! Strategic merge as kyaml does it, which is not as an API server does it: new list elements come first, an element is
//! replaced by the patch's only where maps merge, a list without merge keys is replaced, and an empty field of a merged
//! map is dropped.
use crate::node::Node;
use crate::problem::Problem;
use crate::scalar::{Scalar, Tag};
use crate::schema::{Schema, Table};
use mainstay_diagnostic::codes::kustomize as codes;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The patched document; nothing where the patch deletes it.
pub(crate) fn merge(dest: Node, patch: Node, table: &Table) -> Result<Option<Node>, Problem> {
    Ok(walk(table, Some(dest), Origin::Node(patch), None)?.node)
}

/// Whether a patch stands for the whole document.
pub(crate) fn replaces(patch: &Node) -> Result<bool, Problem> {
    patch.get(PATCH).map_or(Ok(false), |value| Ok(word(value.text())? == Directive::Replace))
}

/// The patch's side of a merge. `Same` is a value that the patch has added: it is merged with itself, which carries out
/// the directives inside it.
enum Origin {
    Missing,
    Same,
    Node(Node),
}

struct Walked {
    node: Option<Node>,
    /// The result is the patch's node, not the document's.
    from_patch: bool,
}

impl Walked {
    fn dest(node: Option<Node>) -> Self {
        Self { node, from_patch: false }
    }

    fn patch(node: Option<Node>) -> Self {
        Self { node, from_patch: true }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    Seq,
    Scalar,
    Nothing,
}

fn kind(node: &Node) -> Kind {
    match node {
        _ if node.is_null() => Kind::Nothing,
        Node::Map(_) => Kind::Map,
        Node::Seq(_) => Kind::Seq,
        Node::Scalar(_) => Kind::Scalar,
    }
}

fn walk(
    table: &Table,
    dest: Option<Node>,
    origin: Origin,
    schema: Option<Schema<'_>>,
) -> Result<Walked, Problem> {
    let schema = schema.or_else(|| schema_of(table, dest.as_ref(), &origin));
    let dest_kind = dest.as_ref().map_or(Kind::Nothing, kind);
    let origin_kind = match &origin {
        Origin::Missing => Kind::Nothing,
        Origin::Same => dest_kind,
        Origin::Node(node) => kind(node),
    };
    let chosen = if dest_kind == Kind::Nothing { origin_kind } else { dest_kind };
    if origin_kind != Kind::Nothing && origin_kind != chosen {
        let word = |n: Option<&Node>| n.map_or("nothing", Node::kind_name);
        let message = match &origin {
            Origin::Node(node) => {
                format!("the patch has {} where the object has {}", node.kind_name(), word(dest.as_ref()))
            }
            Origin::Missing | Origin::Same => "the patch does not fit the object".to_owned(),
        };
        return Err(Problem::new(&codes::PATCH, message));
    }
    match chosen {
        Kind::Map | Kind::Nothing => walk_map(table, dest, origin, schema),
        Kind::Scalar => Ok(override_with(dest, origin)),
        Kind::Seq => match schema.and_then(Schema::merge_keys) {
            None => Ok(override_with(dest, origin)),
            Some(keys) => walk_list(table, dest, origin, keys, schema.and_then(Schema::elements)),
        },
    }
}

/// An object inside another says its own kind.
fn schema_of<'t>(table: &'t Table, dest: Option<&Node>, origin: &Origin) -> Option<Schema<'t>> {
    let of = |node: &Node| {
        let text = |key| node.get(key).filter(|n| !n.is_empty()).map(Node::text).filter(|t| !t.is_empty());
        table.kind(text("apiVersion")?, text("kind")?)
    };
    dest.and_then(of).or_else(|| if let Origin::Node(node) = origin { of(node) } else { None })
}

fn override_with(dest: Option<Node>, origin: Origin) -> Walked {
    match origin {
        Origin::Node(node) if node.is_null() => Walked::patch(None),
        Origin::Node(node) => Walked::patch(Some(node)),
        Origin::Same | Origin::Missing => Walked::dest(dest),
    }
}

fn walk_map(
    table: &Table,
    dest: Option<Node>,
    origin: Origin,
    schema: Option<Schema<'_>>,
) -> Result<Walked, Problem> {
    let dest_missing = dest.as_ref().is_none_or(Node::is_null);
    let (mut dest, mut origin, from_patch) = match (dest, origin) {
        // An explicit `null` of the document stays, an empty field goes; of what the patch adds both go.
        (dest, Origin::Missing) if dest_missing => {
            return Ok(Walked::dest(dest.filter(|n| !n.text().is_empty())));
        }
        (_, Origin::Same) if dest_missing => return Ok(Walked::dest(None)),
        (_, Origin::Node(node)) if dest_missing => {
            let mut node = node;
            if node.is_null() || (node.as_map().is_some() && directive(&mut node)? == Directive::Delete) {
                return Ok(Walked::patch(None));
            }
            (node, Origin::Same, true)
        }
        (None, _) => return Ok(Walked::dest(None)),
        (Some(dest), Origin::Missing) => (dest, Origin::Missing, false),
        (Some(mut dest), Origin::Same) => match directive(&mut dest)? {
            Directive::Delete => return Ok(Walked::dest(None)),
            Directive::Replace | Directive::Merge => (dest, Origin::Same, false),
        },
        (Some(_), Origin::Node(node)) if node.is_null() => return Ok(Walked::patch(None)),
        (Some(dest), Origin::Node(mut node)) => match directive(&mut node)? {
            Directive::Delete => return Ok(Walked::patch(None)),
            Directive::Replace => (node, Origin::Same, true),
            Directive::Merge => (dest, Origin::Node(node), false),
        },
    };
    let mut names: BTreeSet<String> = BTreeSet::new();
    let keys = |node: &Node| -> Vec<String> {
        node.as_map().unwrap_or_default().iter().map(|(k, _)| k.text.clone()).collect()
    };
    names.extend(keys(&dest));
    if let Origin::Node(node) = &origin {
        names.extend(keys(node));
    }
    for name in names {
        let theirs = match &mut origin {
            Origin::Missing => Origin::Missing,
            Origin::Same => Origin::Same,
            Origin::Node(node) => node.remove(&name).map_or(Origin::Missing, Origin::Node),
        };
        let ours = dest.get_mut(&name).map(|n| std::mem::replace(n, Node::Seq(Vec::new())));
        let existed = ours.as_ref().and_then(Node::as_scalar).map(|s| (s.plain, s.folded, s.share));
        let missing = ours.is_none();
        let field = schema.and_then(|s| s.field(&name));
        let walked = walk(table, ours, theirs, field).map_err(|p| inside(p, &name))?;
        let kept = !walked.from_patch || missing;
        match walked.node {
            None => {
                dest.remove(&name);
            }
            Some(mut value) => {
                if let (Some(style), Node::Scalar(s)) = (existed, &mut value) {
                    s.written |= style.2 != s.share;
                    (s.plain, s.folded, s.share) = style;
                }
                if let (true, Node::Scalar(s)) = (kept, &mut value) {
                    quote(s);
                }
                match dest.get_mut(&name) {
                    Some(slot) if !missing => *slot = value,
                    _ => dest.set(&name, value),
                }
            }
        }
    }
    Ok(Walked { node: Some(dest), from_patch })
}

/// A merge puts quotes around what has no type yet and could be taken for something else than text.
fn quote(scalar: &mut Scalar) {
    let text = scalar.text.as_str();
    if scalar.tag == Tag::Empty
        && !text.is_empty()
        && !text.contains('\n')
        && !mainstay_yaml::reads_as_text(text)
    {
        scalar.plain = false;
    }
}

fn inside(mut problem: Problem, field: &str) -> Problem {
    problem.message = match problem.message.strip_prefix("in ") {
        Some(rest) => format!("in {field}.{rest}"),
        None => format!("in {field}: {}", problem.message),
    };
    problem
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

const PATCH: &str = "$patch";

fn word(text: &str) -> Result<Directive, Problem> {
    match text {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => {
            let message = format!("unknown patch directive {other:?}");
            Err(Problem::new(&codes::PATCH, message).hint("$patch takes merge, replace or delete"))
        }
    }
}

/// A map's directive, taken out of it.
fn directive(node: &mut Node) -> Result<Directive, Problem> {
    match node.get(PATCH) {
        None => Ok(Directive::Merge),
        Some(value) => {
            let found = word(value.text())?;
            node.remove(PATCH);
            Ok(found)
        }
    }
}

/// A list's directive: an element that is nothing but one.
fn list_directive(items: &mut Vec<Node>) -> Result<Directive, Problem> {
    let Some(element) = items.iter().find(|n| n.get(PATCH).is_some()) else { return Ok(Directive::Merge) };
    if element.as_map().is_some_and(|entries| entries.len() > 1) {
        return Ok(Directive::Merge);
    }
    let text = element.get(PATCH).map(Node::text).unwrap_or_default().to_owned();
    let found = word(&text)?;
    items.retain(|n| n.get(PATCH).is_none_or(|v| v.text() != text) && !n.is_empty());
    Ok(found)
}

fn walk_list(
    table: &Table,
    dest: Option<Node>,
    origin: Origin,
    keys: &[Cow<'_, str>],
    element: Option<Schema<'_>>,
) -> Result<Walked, Problem> {
    let dest = dest.filter(|n| !n.is_null());
    let (dest, origin, from_patch) = match (dest, origin) {
        (None, Origin::Node(Node::Seq(items))) => (items, Patch::Same, true),
        (None, _) => return Ok(Walked::dest(None)),
        (Some(_), Origin::Node(node)) if node.is_null() => return Ok(Walked::patch(None)),
        (Some(Node::Seq(dest)), Origin::Node(Node::Seq(mut items))) => match list_directive(&mut items)? {
            Directive::Delete => return Ok(Walked::patch(None)),
            Directive::Replace => (items, Patch::Same, true),
            Directive::Merge => (dest, Patch::Items(items), false),
        },
        (Some(Node::Seq(mut dest)), Origin::Same) => match list_directive(&mut dest)? {
            Directive::Delete => return Ok(Walked::dest(None)),
            Directive::Replace | Directive::Merge => (dest, Patch::Same, false),
        },
        (Some(Node::Seq(dest)), Origin::Missing) => (dest, Patch::Missing, false),
        (Some(other), _) => return Ok(Walked::dest(Some(other))),
    };
    let keys: Vec<String> =
        if keys.is_empty() { vec![String::new()] } else { keys.iter().map(|k| k.to_string()).collect() };
    let node = Some(Node::Seq(Lists::new(dest, origin).merge(table, keys, element)?));
    Ok(Walked { node, from_patch })
}

enum Patch {
    Missing,
    Same,
    Items(Vec<Node>),
}

/// Two lists whose elements are known by their place in one arena, so that an element in both is one element.
struct Lists {
    arena: Vec<Node>,
    dest: Vec<usize>,
    patch: Vec<usize>,
    same: bool,
}

impl Lists {
    fn new(dest: Vec<Node>, patch: Patch) -> Self {
        let mut arena = dest;
        let ours = arena.len();
        let same = matches!(patch, Patch::Same);
        if let Patch::Items(items) = patch {
            arena.extend(items);
        }
        let all = arena.len();
        Self { arena, dest: (0..ours).collect(), patch: (ours..all).collect(), same }
    }

    fn patch(&self) -> &[usize] {
        if self.same { &self.dest } else { &self.patch }
    }

    fn merge(
        mut self,
        table: &Table,
        keys: Vec<String>,
        schema: Option<Schema<'_>>,
    ) -> Result<Vec<Node>, Problem> {
        let scalars = keys == [""];
        let mut all = self.values(&keys, scalars);
        if keys.len() > 1 {
            complete(&mut all);
        }
        let mut added: Vec<usize> = Vec::new();
        let mut used = keys.clone();
        for values in all.clone() {
            let (keys, values) = if scalars { (keys.clone(), values) } else { valid(&all, &values, &keys) };
            let walked = self.element(table, &keys, &values, schema)?;
            used = keys;
            match walked {
                None => {
                    let mut dest = std::mem::take(&mut self.dest);
                    self.set(&mut dest, None, &used, &values)?;
                    self.dest = dest;
                }
                Some(at) => {
                    for (key, value) in used.iter().zip(&values) {
                        let node = &mut self.arena[at];
                        if !key.is_empty() && node.get(key).is_none() && !value.is_empty() {
                            node.set(key, Node::untyped(value.as_str()));
                        }
                    }
                    self.set(&mut added, Some(at), &used, &values)?;
                }
            }
        }
        if !all.is_empty() {
            let dest = std::mem::take(&mut self.dest);
            self.append(&mut added, &dest, &used)?;
            self.dest = added;
        }
        let mut arena: Vec<Option<Node>> = self.arena.into_iter().map(Some).collect();
        Ok(self.dest.into_iter().filter_map(|at| arena[at].take()).collect())
    }

    /// The keys' values of every element, the patch's first, each once.
    fn values(&self, keys: &[String], scalars: bool) -> Vec<Vec<String>> {
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        let lists: &[&[usize]] = &[self.patch(), &self.dest];
        for at in lists.iter().flat_map(|l| l.iter()) {
            let node = &self.arena[*at];
            let values: Vec<String> = if scalars {
                vec![node.text().to_owned()]
            } else {
                keys.iter()
                    .map(|k| node.get(k).filter(|n| !n.is_empty()).map(Node::text).unwrap_or_default().into())
                    .collect()
            };
            if seen.insert(values.clone()) {
                all.push(values);
            }
        }
        all
    }

    /// Merges the elements that have these values, and says where the result is.
    fn element(
        &mut self,
        table: &Table,
        keys: &[String],
        values: &[String],
        schema: Option<Schema<'_>>,
    ) -> Result<Option<usize>, Problem> {
        // Of several keys only those with a value count.
        let (keys, values) = &valid(&[values.to_vec()], values, keys);
        let ours = self.find(&self.dest, keys, values);
        let theirs = self.find(self.patch(), keys, values);
        let origin = match (ours, theirs) {
            (Some(a), Some(b)) if a == b => Origin::Same,
            (_, None) => Origin::Missing,
            (_, Some(b)) => Origin::Node(self.arena[b].clone()),
        };
        let walked = walk(table, ours.map(|a| self.arena[a].clone()), origin, schema)?;
        let Some(node) = walked.node.filter(|n| !matches!(n, Node::Map(m) if m.is_empty()) && !n.is_null())
        else {
            return Ok(None);
        };
        let at = if walked.from_patch { theirs } else { ours };
        Ok(at.inspect(|at| self.arena[*at] = node))
    }

    fn find(&self, list: &[usize], keys: &[String], values: &[String]) -> Option<usize> {
        if keys.first().is_none_or(String::is_empty) {
            let wanted = values.first().map(String::as_str).unwrap_or_default();
            return list.iter().copied().find(|at| self.arena[*at].text() == wanted);
        }
        list.iter().copied().find(|at| {
            let node = &self.arena[*at];
            node.as_map().is_some()
                && keys.iter().zip(values).all(|(k, v)| node.get(k).is_some_and(|n| n.text() == v))
        })
    }

    /// Replaces, deletes or appends the element with these values. An empty value matches any.
    fn set(
        &self,
        list: &mut Vec<usize>,
        element: Option<usize>,
        keys: &[String],
        values: &[String],
    ) -> Result<(), Problem> {
        let by_field =
            keys.first().is_some_and(|k| !k.is_empty()) && values.first().is_some_and(|v| !v.is_empty());
        let mut kept = Vec::with_capacity(list.len() + 1);
        let mut matched = false;
        for at in list.drain(..) {
            let node = &self.arena[at];
            if node.is_null() || matches!(node, Node::Map(m) if m.is_empty()) {
                continue;
            }
            if node.as_map().is_none() && by_field {
                kept.push(at);
                continue;
            }
            let mut found = true;
            for (i, key) in keys.iter().enumerate() {
                let value = values.get(i);
                found &= match value {
                    // A value that is missing leaves the answer that the key before it gave.
                    None => i > 0,
                    Some(value) if key.is_empty() => match node {
                        Node::Scalar(s) => s.text == *value,
                        Node::Seq(_) | Node::Map(_) => return Err(mixed()),
                    },
                    Some(value) => match node {
                        Node::Map(_) => node.get(key).is_some_and(|n| value.is_empty() || n.text() == value),
                        Node::Seq(_) | Node::Scalar(_) => return Err(mixed()),
                    },
                };
                if !found {
                    break;
                }
            }
            if !found {
                if !values.is_empty() {
                    kept.push(at);
                }
                continue;
            }
            matched = true;
            kept.extend(element);
        }
        if let (false, Some(at)) = (matched, element) {
            kept.push(at);
        }
        *list = kept;
        Ok(())
    }

    fn append(&self, list: &mut Vec<usize>, elements: &[usize], keys: &[String]) -> Result<(), Problem> {
        for at in elements {
            let node = &self.arena[*at];
            if keys.first().is_none_or(String::is_empty) {
                self.set(list, Some(*at), &[String::new()], &[node.text().to_owned()])?;
                continue;
            }
            let mut values = Vec::new();
            for key in keys {
                match node.get(key) {
                    Some(value) => values.push(value.text().to_owned()),
                    None => list.push(*at),
                }
            }
            if keys.len() > 1 {
                self.set(list, None, keys, &values)?;
            }
            self.set(list, Some(*at), keys, &values)?;
        }
        Ok(())
    }
}

fn mixed() -> Problem {
    Problem::new(&codes::PATCH, "a list that merges holds both maps and scalars")
}

/// Fills values that are missing in one element from another that agrees in the rest.
fn complete(all: &mut [Vec<String>]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            if let Some(values) = agree(&all[i], &all[j]) {
                all[i].clone_from(&values);
                all[j] = values;
            }
        }
    }
}

fn agree(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let mut common = false;
    let mut values = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        common |= x == y;
        if x != y && !x.is_empty() && !y.is_empty() {
            return None;
        }
        values.push(if x.is_empty() { y.clone() } else { x.clone() });
    }
    common.then_some(values)
}

/// The keys for which any element has a value, with the values of this one.
fn valid(all: &[Vec<String>], values: &[String], keys: &[String]) -> (Vec<String>, Vec<String>) {
    let used: Vec<bool> = (0..keys.len()).map(|i| all.iter().any(|v| !v[i].is_empty())).collect();
    if !used.contains(&true) {
        return (keys.to_vec(), values.to_vec());
    }
    let pick =
        |from: &[String]| from.iter().zip(&used).filter(|(_, used)| **used).map(|(s, _)| s.clone()).collect();
    (pick(keys), pick(values))
}
