use crate::cost::Pay;
use crate::id::Id;
use crate::json_patch;
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::schema::Table;
use crate::selector::Matcher;
use mainstay_diagnostic::codes::kustomize as codes;
use serde_json::Value;
use std::collections::HashSet;

/// A patch as it was read.
pub(crate) enum Patch {
    /// Strategic merge patches.
    Merge(Vec<Resource>),
    /// Operations (RFC 6902).
    Json(Value),
}

/// Merges into the one object that the patch names, wherever it may have been renamed from.
pub(crate) fn merge_into_named(
    objects: &mut Objects,
    patch: &Resource,
    table: &Table,
) -> Result<(), Problem> {
    let at = objects.the_one(&patch.original_id(), "the patch")?;
    let kept = match objects.get_mut(at) {
        Some(target) => target.merge(patch, table)?,
        None => true,
    };
    if !kept {
        drop_at(objects, &[at]);
    }
    Ok(())
}

/// As `patchesStrategicMerge` does it: the result must not give an identity twice.
pub(crate) fn merge_legacy(objects: &mut Objects, patch: &Resource, table: &Table) -> Result<(), Problem> {
    let at = objects.the_one(&patch.original_id(), "the patch")?;
    let target: HashSet<Id> = objects.slice().get(at).map(Resource::id).into_iter().collect();
    merge_into_ids(objects, patch, &target, table)
}

pub(crate) fn merge_into_selected(
    objects: &mut Objects,
    patch: &Resource,
    matcher: &Matcher,
    table: &Table,
) -> Result<(), Problem> {
    let ids: HashSet<Id> = objects.iter().filter(|r| matcher.matches(r)).map(Resource::id).collect();
    merge_into_ids(objects, patch, &ids, table)
}

fn merge_into_ids(
    objects: &mut Objects,
    patch: &Resource,
    ids: &HashSet<Id>,
    table: &Table,
) -> Result<(), Problem> {
    let mut gone = Vec::new();
    for (at, resource) in objects.iter_mut().enumerate() {
        let id = resource.id();
        if !ids.contains(&id) {
            continue;
        }
        let mut patch = patch.clone();
        let (labels, annotations) = (patch.labels(), patch.annotations());
        patch.set_labels(&labels);
        patch.set_annotations(&annotations);
        let (name, namespace) = (patch.name().to_owned(), patch.namespace().to_owned());
        patch.set_name(&name);
        patch.set_namespace(&namespace);
        patch.node.set("apiVersion", Node::untyped(resource.gvk().api_version()));
        if !resource.merge(&patch, table)? {
            gone.push(at);
        }
    }
    drop_at(objects, &gone);
    match objects.conflict() {
        None => Ok(()),
        Some(id) => {
            let message = format!("the patch makes two objects one: {id}");
            Err(Problem::new(&codes::DUPLICATE, message))
        }
    }
}

fn drop_at(objects: &mut Objects, gone: &[usize]) {
    if !gone.is_empty() {
        let mut at = 0;
        objects.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
    }
}

pub(crate) fn json(
    objects: &mut Objects,
    patch: &Value,
    matcher: &Matcher,
    remember: bool,
    pay: Pay<'_>,
) -> Result<(), Problem> {
    let mut gone = Vec::new();
    for (at, resource) in objects.iter_mut().enumerate() {
        if !matcher.matches(resource) {
            continue;
        }
        if remember {
            resource.store_previous()?;
        }
        let id = resource.id();
        let marked = resource.mark();
        let mut value =
            resource.node.to_value().map_err(|e| Problem::new(&codes::NOT_AN_OBJECT, e.to_string()))?;
        json_patch::apply(&mut value, patch, pay).map_err(|mut p| {
            p.message = format!("the JSON patch does not fit {id}: {}", p.message);
            p
        })?;
        resource.node = Node::from_value(&value);
        resource.shares = 0;
        if marked {
            resource.unmark();
        }
        if resource.node.path(&["metadata", "annotations"]).is_some() {
            let annotations = resource.annotations();
            resource.set_annotations(&annotations);
        }
        if resource.node.is_empty() {
            gone.push(at);
        }
    }
    drop_at(objects, &gone);
    Ok(())
}
