//! Replacements: a value of one object copied into fields of others.
use crate::cost::{Cost, Pay, deep};
use crate::fieldspec::split_field_path;
use crate::id::Id;
use crate::kustomization::{FieldOptions, ReplacementField, SourceSelector, TargetSelector};
use crate::node::Node;
use crate::objects::Objects;
use crate::pattern::regex;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scalar::Scalar;
use crate::selector::{labels as parse, selects};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::Selector as Labels;

const DEFAULT_PATH: &str = "metadata.name";

pub(crate) fn replace(
    objects: &mut Objects,
    replacement: &ReplacementField,
    pay: Pay<'_>,
) -> Result<(), Problem> {
    let (Some(source), Some(targets)) = (&replacement.source, &replacement.targets) else {
        return Err(Problem::new(&codes::INVALID, "a replacement needs a source and at least one target"));
    };
    let value = source_value(objects, source)?;
    targets.iter().try_for_each(|target| set_targets(objects, target, &value, pay))
}

/// What is copied.
enum Value {
    /// A part of what stood there at first.
    Part(Node),
    /// What stands there when it is copied: a target may have changed it.
    Live { at: usize, path: Vec<String>, first: Node },
}

impl Value {
    fn now(&self, objects: &Objects) -> Node {
        match self {
            Value::Part(node) => node.clone(),
            Value::Live { at, path, first } => {
                let resource = objects.slice().get(*at);
                let now = resource.and_then(|r| lookup(&r.node, path).ok().flatten());
                now.unwrap_or(first).unshared()
            }
        }
    }
}

fn source_value(objects: &Objects, source: &SourceSelector) -> Result<Value, Problem> {
    let wanted = source.selector.id();
    let selected = |r: &Resource| r.plain_ids().iter().any(|id| id.is_selected_by(&wanted));
    let found: Vec<(usize, &Resource)> = objects.iter().enumerate().filter(|(_, r)| selected(r)).collect();
    let (at, resource) = match found.as_slice() {
        [one] => *one,
        [] => {
            let message = format!("no object in the build is the replacement's source, {wanted}");
            let problem = Problem::new(&codes::NO_TARGET, message);
            let (kind, name) = (&wanted.gvk.kind, &wanted.name);
            let near = objects.closest(kind, name).or_else(|| objects.closest("", name));
            return Err(match near {
                Some(near) => problem.hint(format!("the closest one is {near}")),
                None => problem,
            });
        }
        several => {
            let message = format!("{} objects are the replacement's source, {wanted}", several.len());
            return Err(Problem::new(&codes::NO_TARGET, message));
        }
    };
    let path = if source.field_path.is_empty() { DEFAULT_PATH } else { &source.field_path };
    let path_parts = split_field_path(path);
    let node = lookup(&resource.node, &path_parts)?.filter(|n| !n.is_empty());
    if matches!(path, "metadata" | "metadata.annotations") && resource.is_known() {
        let message = format!(
            "copying all of {path} of {}, which the build has changed, is not supported",
            resource.id()
        );
        return Err(Problem::new(&codes::UNSUPPORTED, message));
    }
    let Some(node) = node else {
        let message = format!("the replacement's source, {}, has no {path}", resource.id());
        return Err(Problem::new(&codes::NO_TARGET, message));
    };
    let Some((options, delimiter)) = delimiter(source.options.as_ref()) else {
        return Ok(Value::Live { at, path: path_parts, first: node.clone() });
    };
    let Node::Scalar(scalar) = node else { return Err(needs_scalar()) };
    let part = usize::try_from(options.index).ok().and_then(|i| scalar.text.split(delimiter).nth(i));
    match part {
        Some(part) => {
            let part = Scalar { text: part.into(), ..scalar.clone() };
            Ok(Value::Part(Node::Scalar(part).unshared()))
        }
        None => {
            let message = format!("options.index {} is out of bounds for the value at {path}", options.index);
            Err(Problem::new(&codes::TRANSFORM, message))
        }
    }
}

fn delimiter(options: Option<&FieldOptions>) -> Option<(&FieldOptions, &str)> {
    options.filter(|o| !o.delimiter.is_empty()).map(|o| (o, o.delimiter.as_str()))
}

fn needs_scalar() -> Problem {
    Problem::new(&codes::TRANSFORM, "the option delimiter needs a scalar")
}

/// Follows a path without wildcards. `-` is a list's last element.
pub(crate) fn lookup<'n>(node: &'n Node, path: &[String]) -> Result<Option<&'n Node>, Problem> {
    let mut at = node;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        if at.is_null() {
            return Ok(None);
        }
        let wrong = |wanted: &str| {
            let message = format!("{part:?} needs {wanted}, but there is {}", at.kind_name());
            Err(Problem::new(&codes::TRANSFORM, message))
        };
        let next = if let Ok(index) = part.parse::<usize>() {
            let Node::Seq(items) = at else { return wrong("a list") };
            items.get(index)
        } else if part == "-" {
            let Node::Seq(items) = at else { return wrong("a list") };
            items.last()
        } else if part == "*" {
            return Err(Problem::new(&codes::TRANSFORM, "a source's path can't hold a wildcard"));
        } else if let Some((key, value)) = element(part)? {
            let Node::Seq(items) = at else { return wrong("a list") };
            items.iter().find(|item| {
                if key.is_empty() {
                    item.text() == value
                } else {
                    item.get(key).is_some_and(|n| n.text() == value)
                }
            })
        } else {
            let Node::Map(_) = at else { return wrong("a map") };
            at.get(part)
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// `[key=value]`.
fn element(part: &str) -> Result<Option<(&str, &str)>, Problem> {
    let Some(inner) = part.strip_prefix('[').and_then(|p| p.strip_suffix(']')) else { return Ok(None) };
    match inner.split_once('=') {
        Some(found) => Ok(Some(found)),
        None => Err(Problem::new(&codes::TRANSFORM, format!("{part} must be written as [field=value]"))),
    }
}

fn set_targets(
    objects: &mut Objects,
    target: &TargetSelector,
    value: &Value,
    pay: Pay<'_>,
) -> Result<(), Problem> {
    let Some(select) = &target.select else {
        return Err(Problem::new(&codes::INVALID, "a replacement's target needs select"));
    };
    let labels = parse(&select.label_selector)?;
    let annotations = parse(&select.annotation_selector)?;
    let mut rejects = Vec::new();
    for reject in &target.reject {
        let by = (parse(&reject.label_selector)?, parse(&reject.annotation_selector)?);
        rejects.push((reject.id(), by.0, by.1));
    }
    let wanted = select.id();
    let default = [DEFAULT_PATH.to_owned()];
    let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
    for at in 0..objects.len() {
        let Some(resource) = objects.slice().get(at) else { break };
        let (own_labels, own_annotations) = (resource.labels(), resource.annotations());
        let rejected = |(_, l, a): &(Id, Labels, Labels)| {
            !(l.is_any() && a.is_any()) && selects(l, &own_labels) && selects(a, &own_annotations)
        };
        if !selects(&labels, &own_labels)
            || !selects(&annotations, &own_annotations)
            || rejects.iter().any(rejected)
        {
            continue;
        }
        let ids = resource.plain_ids();
        let by_id =
            |(id, ..): &(Id, Labels, Labels)| !id.is_empty() && ids.iter().any(|i| i.is_selected_by(id));
        if !ids.iter().any(|id| id.is_selected_by(&wanted)) || rejects.iter().any(by_id) {
            continue;
        }
        let id = resource.id();
        for path in paths {
            let mut copied = value.now(objects);
            let parts = split_field_path(path);
            deep(parts.len(), Cost::of_node(&copied).depth)?;
            let create = target.options.as_ref().is_some_and(|o| o.create).then_some(&copied);
            let mut count = 0;
            let Some(resource) = objects.get_mut(at) else { break };
            visit(&mut resource.node, &parts, create, &mut |_| {
                count += 1;
                Ok(())
            })?;
            // What was made for it may be a part of what is copied.
            if create.is_some() && matches!(value, Value::Live { at: source, .. } if *source == at) {
                copied = value.now(objects);
            }
            let Some(resource) = objects.get_mut(at) else { break };
            let cost = Cost::of_node(&copied);
            deep(parts.len(), cost.depth)?;
            visit(&mut resource.node, &parts, None, &mut |node| {
                // With a delimiter what stands there is written once more.
                pay(cost.bytes + node.text().len())?;
                set(node, target.options.as_ref(), &copied)
            })?;
            resource.settle();
            if count == 0 {
                let message = format!("the replacement's target, {id}, has no {path}");
                return Err(Problem::new(&codes::NO_TARGET, message)
                    .hint("options.create makes fields that are missing"));
            }
        }
    }
    Ok(())
}

fn set(node: &mut Node, options: Option<&FieldOptions>, value: &Node) -> Result<(), Problem> {
    let mut text = value.text().to_owned();
    if let Some((options, delimiter)) = delimiter(options) {
        let Node::Scalar(scalar) = &*node else { return Err(needs_scalar()) };
        let mut parts: Vec<&str> = scalar.text.split(delimiter).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &text),
            Ok(at) if at >= parts.len() => parts.push(&text),
            Ok(at) => parts[at] = &text,
        }
        text = parts.join(delimiter);
    }
    match node {
        Node::Scalar(scalar) => {
            let new = Scalar { text: text.into(), ..scalar.clone() };
            scalar.overwrite(new);
        }
        Node::Seq(_) | Node::Map(_) => *node = value.clone(),
    }
    Ok(())
}

type Visit<'v> = &'v mut dyn FnMut(&mut Node) -> Result<(), Problem>;

/// Calls `found` on every node that a path leads to. With `create`, what is missing on the way is made.
fn visit(node: &mut Node, path: &[String], create: Option<&Node>, found: Visit<'_>) -> Result<(), Problem> {
    let Some((part, rest)) = path.split_first() else { return found(node) };
    let needs_list = |node: &Node| {
        let message = format!("{part:?} needs a list, but there is {}", node.kind_name());
        Err(Problem::new(&codes::TRANSFORM, message))
    };
    if let Ok(index) = part.parse::<usize>() {
        let Node::Seq(items) = node else { return needs_list(node) };
        if let (true, Some(value)) = (items.len() == index, create) {
            items.push(empty(rest.first(), value));
        }
        let len = items.len();
        let Some(item) = items.get_mut(index) else {
            let message = format!("index {index} specified, but only {len} elements found");
            return Err(Problem::new(&codes::TRANSFORM, message));
        };
        return visit(item, rest, create, found);
    }
    if part == "*" {
        let Node::Seq(items) = node else { return needs_list(node) };
        return items.iter_mut().try_for_each(|item| visit(item, rest, create, found));
    }
    if let Some((key, pattern)) = element(part)? {
        if node.is_null() {
            return Ok(());
        }
        let pattern_regex = regex(pattern)?;
        let Node::Seq(items) = node else { return needs_list(node) };
        let matches = |item: &Node| {
            let field = if key.is_empty() { Some(item) } else { item.get(key) };
            field.is_some_and(|n| pattern_regex.is_match(&written(n)))
        };
        if let (false, Some(_)) = (items.iter().any(matches), create) {
            let value = Node::untyped(pattern);
            items.push(if key.is_empty() { value } else { Node::map(vec![(Scalar::untyped(key), value)]) });
        }
        for item in items.iter_mut().filter(|item| matches(item)) {
            if key.is_empty() { found(item)? } else { visit(item, rest, create, found)? }
        }
        return Ok(());
    }
    if node.is_null() {
        return Ok(());
    }
    if node.as_map().is_none() {
        let message = format!("{part:?} needs a map, but there is {}", node.kind_name());
        return Err(Problem::new(&codes::TRANSFORM, message));
    }
    let field = match create {
        None => node.get_mut(part),
        Some(value) => node.get_or_insert(part, || empty(rest.first(), value)),
    };
    field.map_or(Ok(()), |field| visit(field, rest, create, found))
}

/// What is made for a path to go on, or to end.
fn empty(next: Option<&String>, value: &Node) -> Node {
    match (next, value) {
        (Some(next), _) if next.starts_with('[') || next.parse::<usize>().is_ok() => Node::seq(Vec::new()),
        (Some(_), _) | (None, Node::Map(_)) => Node::map(Vec::new()),
        (None, Node::Seq(_)) => Node::seq(Vec::new()),
        (None, Node::Scalar(_)) => Node::untyped(""),
    }
}

/// A scalar as it is written in YAML, which is what patterns are matched against.
fn written(node: &Node) -> String {
    match node {
        Node::Scalar(s) if s.plain => s.text.to_string(),
        Node::Scalar(s) => format!("\"{}\"", s.text),
        Node::Seq(_) | Node::Map(_) => String::new(),
    }
}
