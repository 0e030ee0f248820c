//! Strategic merge as kyaml does it, which is not as an API server does it: new list elements come first, an element is
//! replaced by the patch's only where maps merge, a list without merge keys is replaced, and an empty field of a merged
//! map is dropped.
mod list;

use crate::node::Node;
use crate::problem::Problem;
use crate::scalar::{Scalar, Tag};
use crate::schema::{Schema, Table};
use crate::written::Items;
use list::{Lists, Patch};
use mainstay_diagnostic::codes::kustomize as codes;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The patched document; nothing where the patch deletes it.
pub(crate) fn merge(mut dest: Node, patch: Node, table: &Table) -> Result<Option<Node>, Problem> {
    dress(&mut dest, &patch);
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

/// The patch's comment takes the place of the document's, and what is empty is written as the patch writes it.
fn dress(dest: &mut Node, patch: &Node) {
    let (flow, comment) = match patch {
        Node::Scalar(_) => (false, false),
        Node::Seq(items) => (items.flow, items.comment),
        Node::Map(entries) => (entries.flow, entries.comment),
    };
    match dest {
        Node::Scalar(_) => {}
        Node::Seq(items) => {
            items.comment |= comment;
            items.flow = if items.is_empty() { flow } else { items.flow };
        }
        Node::Map(entries) => {
            entries.comment |= comment;
            entries.flow = if entries.is_empty() { flow } else { entries.flow };
        }
    }
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
    let mut names: BTreeSet<SmolStr> = BTreeSet::new();
    let keys = |node: &Node| -> Vec<SmolStr> {
        node.as_map().unwrap_or_default().iter().map(|(k, _)| k.text.clone()).collect()
    };
    names.extend(keys(&dest));
    if let Origin::Node(node) = &origin {
        names.extend(keys(node));
    }
    for name in names {
        let mut key = None;
        let theirs = match &mut origin {
            Origin::Missing => Origin::Missing,
            Origin::Same => Origin::Same,
            Origin::Node(node) => match node.take(&name) {
                None => Origin::Missing,
                Some((written, node)) => {
                    key = Some(written);
                    Origin::Node(node)
                }
            },
        };
        let mut ours = dest.get_mut(&name).map(|n| std::mem::replace(n, Node::seq(Vec::new())));
        if let (Some(ours), Origin::Node(theirs)) = (&mut ours, &theirs) {
            dress(ours, theirs);
        }
        let existed = ours.as_ref().and_then(Node::as_scalar).map(|s| (s.plain, s.folded, s.share));
        let flow = ours.as_ref().map(Node::flow);
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
                if let Some(flow) = flow {
                    value.set_flow(flow);
                }
                match (dest.get_mut(&name), key) {
                    (Some(slot), _) if !missing => *slot = value,
                    (None, Some(key)) => dest.push(key.into_new_key(), value),
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
            Directive::Merge => (dest, Patch::Items(items.into_vec()), false),
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
    let (flow, comment) = (dest.flow, dest.comment);
    let mut items = Items::from(Lists::new(dest.into_vec(), origin).merge(table, keys, element)?);
    (items.flow, items.comment) = (flow, comment);
    Ok(Walked { node: Some(Node::Seq(items)), from_patch })
}
