use crate::fieldset::{FieldSet, Node};
use crate::schema::ListRelation;
use crate::schema::Shape;
use crate::{PathElement, TypeId, Types};

/// A set that was written when the schema said otherwise: where a container has become atomic, an owner of anything in
/// it owns the container as a whole. `None` if nothing changes. Types without a schema are left alone.
pub(super) fn reconcile(set: &FieldSet, types: &Types, id: TypeId) -> Option<FieldSet> {
    let now: Vec<Option<Node>> = set.nodes.iter().map(|node| node_as_now(node, types, id)).collect();
    if now.iter().all(Option::is_none) {
        return None;
    }
    let nodes = now.into_iter().zip(&set.nodes).map(|(now, node)| now.unwrap_or_else(|| node.clone()));
    Some(FieldSet { nodes: nodes.collect() })
}

fn node_as_now(node: &Node, types: &Types, parent: TypeId) -> Option<Node> {
    if node.children.is_empty() {
        return None;
    }
    let id = match &node.element {
        PathElement::Field(name) => types.declared(parent, name).1?,
        PathElement::Key(_) | PathElement::Value(_) | PathElement::Index(_) => match &types.get(parent).shape
        {
            Shape::List(list) => list.element,
            Shape::Any | Shape::Scalar(_) | Shape::Map(_) => return None,
        },
    };
    let atomic = match &types.get(id).shape {
        Shape::Map(map) => map.atomic,
        Shape::List(list) => list.relation == ListRelation::Atomic,
        Shape::Any | Shape::Scalar(_) => return None,
    };
    if atomic {
        return Some(Node { element: node.element.clone(), member: true, children: FieldSet::default() });
    }
    let children = reconcile(&node.children, types, id)?;
    Some(Node { element: node.element.clone(), member: node.member, children })
}
