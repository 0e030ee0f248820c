//! `vars`: `$(NAME)` in the fields that the configuration names.
use crate::cost::Pay;
use crate::fieldspec::{FieldSpec, Make, apply, split_field_path};
use crate::id::{Gvk, Id};
use crate::kustomization::Var;
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::scalar::{Scalar, Tag};
use crate::transform::replacement::lookup;
use mainstay_diagnostic::codes::kustomize as codes;
use std::collections::BTreeMap;

/// Marks the objects that variables read from, before later kustomizations rename them.
pub(crate) fn declare(
    objects: &mut Objects,
    declared: &mut BTreeMap<String, Var>,
    vars: &[Var],
) -> Result<(), Problem> {
    for var in vars {
        let target = target(var);
        let found = if !target.namespace.is_empty() || target.cluster {
            objects.positions(|id| target.equals(id))
        } else {
            objects.positions(|id| target.name == id.name && target.gvk == id.gvk)
        };
        match found.as_slice() {
            [] => {}
            [at] => {
                if let Some(resource) = objects.get_mut(*at) {
                    resource.variables.push(var.name.clone());
                }
            }
            several => {
                let message = format!("{} objects are what the variable {} reads", several.len(), var.name);
                return Err(Problem::new(&codes::NO_TARGET, message));
            }
        }
    }
    vars.iter().try_for_each(|var| add(declared, var.clone()))
}

pub(crate) fn add(declared: &mut BTreeMap<String, Var>, var: Var) -> Result<(), Problem> {
    let name = var.name.clone();
    match declared.insert(name.clone(), var) {
        None => Ok(()),
        Some(_) => Err(Problem::new(&codes::INVALID, format!("the variable {name} is declared twice"))),
    }
}

fn target(var: &Var) -> Id {
    let objref = &var.objref;
    let mut gvk = Gvk::of(&objref.group, &objref.version, &objref.kind);
    if !objref.api_version.is_empty() {
        match objref.api_version.split_once('/') {
            Some((group, version)) => (gvk.group, gvk.version) = (group.into(), version.into()),
            None => gvk.version = objref.api_version.as_str().into(),
        }
    }
    Id {
        gvk,
        name: objref.name.as_str().into(),
        namespace: objref.namespace.as_str().into(),
        // A reference in a kustomization does not know scopes.
        cluster: false,
    }
}

pub(crate) fn resolve(
    objects: &mut Objects,
    declared: &BTreeMap<String, Var>,
    specs: &[FieldSpec],
    pay: Pay<'_>,
) -> Result<(), Problem> {
    if declared.is_empty() {
        return Ok(());
    }
    let mut values = BTreeMap::new();
    for (name, var) in declared {
        values.insert(name.as_str(), value(objects, var)?);
    }
    for resource in objects.iter_mut() {
        let gvk = resource.gvk();
        for spec in specs {
            apply(spec, &gvk, &mut resource.node, Make::Nothing, &mut |node| expand(node, &values, pay))?;
        }
        resource.settle();
    }
    Ok(())
}

fn value(objects: &Objects, var: &Var) -> Result<Node, Problem> {
    let fail = |message: String| Err(Problem::new(&codes::NO_TARGET, message));
    let Some(resource) = objects.iter().find(|r| r.variables.contains(&var.name)) else {
        return fail(format!("no object in the build is what the variable {} reads", var.name));
    };
    let path = if var.fieldref.field_path.is_empty() { "metadata.name" } else { &var.fieldref.field_path };
    let mut parts = Vec::new();
    for part in split_field_path(path) {
        match part.strip_suffix(']').and_then(|p| p.split_once('[')) {
            Some((field, index)) if !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
                parts.extend((!field.is_empty()).then(|| field.to_owned()));
                parts.push(index.to_owned());
            }
            Some(_) | None => parts.push(part),
        }
    }
    match lookup(&resource.node, &parts)? {
        Some(node) => Ok(node.clone()),
        None => fail(format!("{} has no {path}, which the variable {} reads", resource.id(), var.name)),
    }
}

fn expand(node: &mut Node, values: &BTreeMap<&str, Node>, pay: Pay<'_>) -> Result<(), Problem> {
    match node {
        Node::Scalar(scalar) => replace(scalar, values, pay)?,
        Node::Map(entries) => {
            for (_, value) in entries.iter_mut() {
                if let Node::Scalar(scalar) = value {
                    replace(scalar, values, pay)?;
                }
            }
        }
        Node::Seq(items) => {
            for item in items {
                match item {
                    Node::Scalar(scalar) if scalar.may_be_string() => replace(scalar, values, pay)?,
                    _ => {
                        let message = "a list that variables are replaced in holds more than strings";
                        return Err(Problem::new(&codes::TRANSFORM, message));
                    }
                }
            }
        }
    }
    Ok(())
}

fn replace(scalar: &mut Scalar, values: &BTreeMap<&str, Node>, pay: Pay<'_>) -> Result<(), Problem> {
    if !scalar.may_be_string() {
        return Ok(());
    }
    let text = scalar.text.as_str();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
            continue;
        }
        let name = after.strip_prefix('(').and_then(|r| r.split_once(')'));
        let Some((name, behind)) = name else {
            out.push('$');
            rest = after;
            continue;
        };
        match values.get(name) {
            Some(Node::Scalar(value)) if text.len() == name.len() + 3 => {
                let tag = match value.tag {
                    Tag::Int | Tag::Float | Tag::Bool => value.tag,
                    Tag::Empty | Tag::Null | Tag::Str | Tag::Timestamp | Tag::Merge => Tag::Str,
                };
                pay(value.text.len())?;
                scalar.overwrite(Scalar::tagged(tag, value.text.as_str()));
                return Ok(());
            }
            Some(Node::Scalar(value)) => {
                pay(value.text.len())?;
                out.push_str(&value.text);
            }
            Some(Node::Seq(_) | Node::Map(_)) | None => {
                out.push_str("$(");
                out.push_str(name);
                out.push(')');
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    scalar.overwrite(Scalar::string(out));
    Ok(())
}
