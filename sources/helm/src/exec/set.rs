//! Templates by name. What `tpl` defines is seen within that `tpl` only.
use crate::template::Tree;
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Debug, Default)]
pub(crate) struct Set {
    outer: Option<Rc<Set>>,
    trees: BTreeMap<Rc<str>, Rc<Tree>>,
}

impl Set {
    pub(crate) fn within(outer: &Rc<Set>, trees: &[Rc<Tree>]) -> Self {
        let mut set = Self { outer: Some(outer.clone()), trees: BTreeMap::new() };
        trees.iter().for_each(|tree| set.add(tree.clone()));
        set
    }

    /// The last one of a name counts, unless it is empty.
    pub(crate) fn add(&mut self, tree: Rc<Tree>) {
        if !(tree.is_empty() && self.get(&tree.name).is_some()) {
            self.trees.insert(tree.name.clone(), tree);
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Rc<Tree>> {
        let mut set = self;
        loop {
            match (set.trees.get(name), &set.outer) {
                (Some(tree), _) => return Some(tree.clone()),
                (None, Some(outer)) => set = outer,
                (None, None) => return None,
            }
        }
    }
}
