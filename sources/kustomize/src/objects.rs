//! The objects of a build in their order, no two with one identity.
use crate::id::{Id, Key};
use crate::origin;
use crate::problem::Problem;
use crate::resource::{Behavior, Resource};
use mainstay_diagnostic::codes::kustomize as codes;
use std::collections::HashMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct Objects {
    list: Vec<Resource>,
    /// How many objects have an identity; stale once something was changed through `iter_mut`.
    index: HashMap<Key, usize>,
    stale: bool,
}

impl Objects {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Resource> {
        self.stale = true;
        self.list.iter_mut()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Resource> {
        self.stale = true;
        self.list.get_mut(at)
    }

    pub(crate) fn slice(&self) -> &[Resource] {
        &self.list
    }

    pub(crate) fn into_vec(self) -> Vec<Resource> {
        self.list
    }

    /// How many objects have an identity.
    pub(crate) fn counted(&mut self) -> HashMap<Key, usize> {
        self.refresh();
        // Whoever counts is about to change them.
        self.stale = true;
        std::mem::take(&mut self.index)
    }

    fn refresh(&mut self) {
        if !self.stale {
            return;
        }
        self.index.clear();
        self.index.reserve(self.list.len());
        for resource in &self.list {
            *self.index.entry(resource.id().key()).or_default() += 1;
        }
        self.stale = false;
    }

    pub(crate) fn push(&mut self, resource: Resource) -> Result<(), Problem> {
        self.refresh();
        let id = resource.id();
        let key = id.key();
        if self.index.contains_key(&key) {
            let first = self.list.iter().find(|r| r.id().equals(&id)).map(|r| r.origin.to_string());
            let message = format!("{id} is already in the build, from {}", first.unwrap_or_default());
            return Err(Problem::new(&codes::DUPLICATE, message)
                .hint("remove one of the two, or name one of the files under patches"));
        }
        self.index.insert(key, 1);
        self.list.push(resource);
        Ok(())
    }

    pub(crate) fn append(&mut self, mut others: Objects) -> Result<(), Problem> {
        if self.list.is_empty() && others.conflict().is_none() {
            *self = others;
            return Ok(());
        }
        others.list.into_iter().try_for_each(|resource| self.push(resource))
    }

    /// Keeps the objects for which `keep` holds.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.list.retain(keep);
        self.stale = true;
    }

    pub(crate) fn replace_all(&mut self, list: Vec<Resource>) {
        self.list = list;
        self.stale = true;
    }

    /// The objects that have or had an identity.
    pub(crate) fn positions(&self, matches: impl Fn(&Id) -> bool) -> Vec<usize> {
        let list = self.list.iter().enumerate();
        list.filter(|(_, r)| r.any_id(&matches)).map(|(at, _)| at).collect()
    }

    /// Two objects became one: the identity they share.
    pub(crate) fn conflict(&mut self) -> Option<Id> {
        self.refresh();
        let key = self.index.iter().find(|(_, count)| **count > 1)?.0.clone();
        self.list.iter().map(Resource::id).find(|id| id.key() == key)
    }

    /// The one object that has or had the identity.
    pub(crate) fn the_one(&self, id: &Id, what: &str) -> Result<usize, Problem> {
        match self.positions(|other| id.equals(other)).as_slice() {
            [at] => Ok(*at),
            [] => Err(self.no_such(id, what)),
            several => {
                let message = format!("{what} is for {id}, and {} objects are or were that", several.len());
                Err(Problem::new(&codes::NO_TARGET, message))
            }
        }
    }

    fn no_such(&self, id: &Id, what: &str) -> Problem {
        let problem =
            Problem::new(&codes::NO_TARGET, format!("{what} is for {id}, which is not in the build"));
        match self.closest(&id.gvk.kind, &id.name) {
            Some(near) => problem.hint(format!("the closest one is {near}")),
            None => problem,
        }
    }

    /// Of the objects of a kind, or of all if none is said, the one whose name differs least; any of the kind if none is
    /// near.
    pub(crate) fn closest(&self, kind: &str, name: &str) -> Option<Id> {
        let of_kind = |id: &Id| kind.is_empty() || id.gvk.kind == kind;
        let any = || self.list.iter().map(Resource::original_id).find(of_kind).filter(|_| !kind.is_empty());
        self.closest_of(of_kind, name).or_else(any)
    }

    /// Of some objects the one whose name differs least, if it is near.
    pub(crate) fn closest_of(&self, wanted: impl Fn(&Id) -> bool, name: &str) -> Option<Id> {
        let ids: Vec<Id> = self.list.iter().map(Resource::original_id).filter(wanted).collect();
        let near = crate::shape::closest(name, ids.iter().map(|id| id.name.as_str()))?;
        ids.iter().find(|id| id.name == near).cloned()
    }

    /// Adds a generated object, or merges it into the one that it names.
    pub(crate) fn absorb(&mut self, mut resource: Resource) -> Result<(), Problem> {
        let id = resource.id();
        let fail = |message: String| Err(Problem::new(&codes::GENERATOR, message));
        match (self.positions(|other| id.equals(other)).as_slice(), resource.behavior) {
            ([], Behavior::Create) => self.push(resource),
            ([], Behavior::Merge | Behavior::Replace) => {
                fail(format!("{id} is to be merged or replaced, but is not in the build"))
            }
            ([_], Behavior::Create) => {
                fail(format!("{id} is already in the build: its behavior must be merge or replace"))
            }
            ([at], behavior @ (Behavior::Merge | Behavior::Replace)) => {
                let Some(old) = self.list.get(*at) else { return Ok(()) };
                resource.inherit(old);
                // A patch may have made something else of it, which keeps its place but is not replaced.
                let id = resource.id();
                let found = self.list.iter().enumerate().filter(|(_, r)| r.id().equals(&id));
                if found.map(|(at, _)| at).ne([*at]) {
                    return fail(format!(
                        "{id} is to be merged or replaced, but was changed to {}",
                        old.id()
                    ));
                }
                if behavior == Behavior::Merge {
                    resource.merge_data(old);
                    origin::keep(&mut resource, old);
                }
                self.list[*at] = resource;
                self.stale = true;
                Ok(())
            }
            (several, _) => fail(format!(
                "{} objects are or were {id}; it is not clear which one to merge into",
                several.len()
            )),
        }
    }
}
