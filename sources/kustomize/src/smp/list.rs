//! Lists whose elements are known by merge keys.
use super::{Origin, dress, walk};
use crate::node::Node;
use crate::problem::Problem;
use crate::schema::{Schema, Table};
use mainstay_diagnostic::codes::kustomize as codes;
use std::collections::BTreeSet;

pub(super) enum Patch {
    Missing,
    Same,
    Items(Vec<Node>),
}

/// Two lists whose elements are known by their place in one arena, so that an element in both is one element.
pub(super) struct Lists {
    arena: Vec<Node>,
    dest: Vec<usize>,
    patch: Vec<usize>,
    same: bool,
}

impl Lists {
    pub(super) fn new(dest: Vec<Node>, patch: Patch) -> Self {
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

    pub(super) fn merge(
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
        let mut ours_now = ours.map(|a| self.arena[a].clone());
        if let (Some(ours), Origin::Node(theirs)) = (&mut ours_now, &origin) {
            dress(ours, theirs);
        }
        let walked = walk(table, ours_now, origin, schema)?;
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
