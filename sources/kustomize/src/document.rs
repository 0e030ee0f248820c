//! Documents to objects: lists are taken apart, what is no object is refused.
use crate::limits::Limits;
use crate::node::Node;
use crate::problem::Problem;
use crate::read::{Read, read};
use crate::resource::Resource;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::{Location, Span};
use std::collections::VecDeque;

/// The objects of a file's documents.
pub(crate) fn resources(documents: &[Read], file: &str) -> Result<Vec<Resource>, Problem> {
    objects(documents, |span| Location::new(file, span))
}

/// The objects of a text that stands in a kustomization; nothing where it holds no objects, as a path doesn't.
pub(crate) fn inline(text: &str, origin: &Location, limits: &Limits) -> Option<Vec<Resource>> {
    // No object fits on one line without a colon, and most entries are paths.
    if !text.contains(':') {
        return None;
    }
    let documents = read(text.as_bytes(), limits).ok()?;
    objects(&documents, |_| origin.clone()).ok()
}

pub(crate) fn objects(
    documents: &[Read],
    origin: impl Fn(Span) -> Location,
) -> Result<Vec<Resource>, Problem> {
    let mut queue: VecDeque<(Node, Span)> = VecDeque::new();
    for document in documents {
        let kind = document.node.get("kind").map(Node::text).unwrap_or_default();
        let items = document.node.get("items");
        match items {
            // A list that is a file's only document needs nothing but its items.
            Some(items) if documents.len() == 1 && matches!(kind, "List" | "ResourceList") => {
                queue.extend(items.as_seq().unwrap_or_default().iter().map(|i| (i.clone(), document.span)));
            }
            Some(_) | None => queue.push_back((document.node.clone(), document.span)),
        }
    }
    queue.retain(|(node, _)| !node.is_empty());
    for (node, span) in &queue {
        Resource::check(node).map_err(|p| p.at(*span))?;
    }
    let mut found = Vec::new();
    while let Some((node, span)) = queue.pop_front() {
        let is_list = node.get("kind").is_some_and(|k| k.text().ends_with("List"));
        match node.get("items").filter(|_| is_list) {
            None => found.push(Resource::new(node, origin(span))),
            Some(items) if items.is_null() => {}
            Some(Node::Seq(items)) => {
                for item in items {
                    let value = item
                        .to_value()
                        .map_err(|e| Problem::new(&codes::NOT_AN_OBJECT, e.to_string()).at(span))?;
                    let item = Node::from_value(&value);
                    if !item.is_empty() {
                        Resource::check(&item).map_err(|p| p.at(span))?;
                        queue.push_back((item, span));
                    }
                }
            }
            Some(other) => {
                let message = format!("the items of a list are {}", other.kind_name());
                return Err(Problem::new(&codes::NOT_AN_OBJECT, message).at(span));
            }
        }
    }
    Ok(found)
}
