//! Whether a document can be read again once go-yaml has written it, which every build does. It puts the comment behind
//! a key before whatever follows, so that an empty list comes to stand at the beginning of the next line, and within
//! braces a collection becomes a key.
use crate::node::Node;
use crate::scalar::{NotJson, Scalar};
use std::ops::{Deref, DerefMut};

/// A list's elements or a map's entries, and how they were written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Items<T> {
    all: Vec<T>,
    /// In brackets or braces.
    pub(crate) flow: bool,
    /// A comment stands behind the closing bracket or brace, in this document or in a patch of it.
    pub(crate) comment: bool,
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(all: Vec<T>) -> Self {
        Self { all, flow: false, comment: false }
    }
}

impl<T> Items<T> {
    pub(crate) fn into_vec(self) -> Vec<T> {
        self.all
    }
}

impl<T> Deref for Items<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.all
    }
}

impl<T> DerefMut for Items<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.all
    }
}

impl<T> IntoIterator for Items<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Items<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Items<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter_mut()
    }
}

/// Comments that go-yaml has yet to write, as it goes through a document.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    /// Written before or behind the next thing.
    next: bool,
    /// Belongs to a key, and is written with the next value that has a place for it.
    key: bool,
}

impl Comments {
    /// Before an entry's value is written.
    pub(crate) fn value(&mut self, key: &Scalar, value: &Node, flow: bool) -> Result<(), NotJson> {
        let unreadable = || Err(NotJson::Comment(key.text.to_string()));
        let (in_brackets, empty) = match value {
            Node::Scalar(_) => {
                if !flow {
                    *self = Self::default();
                }
                return Ok(());
            }
            Node::Seq(items) => (items.flow, items.is_empty()),
            Node::Map(entries) => (entries.flow, entries.is_empty()),
        };
        if flow {
            return if key.comment { unreadable() } else { Ok(()) };
        }
        self.key |= key.comment | std::mem::take(&mut self.next);
        if !self.key || in_brackets {
            return Ok(());
        }
        self.key = false;
        if empty { unreadable() } else { Ok(()) }
    }

    /// Before a list's element is written.
    pub(crate) fn element(&mut self, element: &Node, flow: bool) -> Result<(), NotJson> {
        let in_brackets = match element {
            Node::Scalar(_) => false,
            Node::Seq(items) => items.flow || items.is_empty(),
            Node::Map(entries) => entries.flow || entries.is_empty(),
        };
        let comment = !flow && std::mem::take(&mut self.next);
        if comment && in_brackets { Err(NotJson::Comment("-".to_owned())) } else { Ok(()) }
    }

    /// After a collection was written, in brackets or not.
    pub(crate) fn end(&mut self, comment: bool, in_brackets: bool) {
        self.next |= comment && !in_brackets;
    }
}
