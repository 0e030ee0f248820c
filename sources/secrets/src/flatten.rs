//! Metadata of a format without nesting: `age__list_0__map_enc` is the member `enc` of the first item of `age`.

use std::collections::BTreeMap;

use crate::SopsError;
use crate::tree::{Branch, Entry, Item, Value};

const MAP: &str = "__map_";
const LIST: &str = "__list_";
/// What SOPS writes is four levels deep.
const DEEPEST: usize = 8;

#[derive(Default)]
struct Node {
    value: Option<Value>,
    members: BTreeMap<String, Node>,
    items: BTreeMap<usize, Node>,
}

pub(crate) fn unflatten(flat: Vec<(String, Value)>) -> Result<Branch, SopsError> {
    let mut root = Node::default();
    for (key, value) in flat {
        let wrong = |why| SopsError::Metadata(key.clone(), why);
        let mut node = &mut root;
        for (depth, step) in steps(&key).into_iter().enumerate() {
            if depth == DEEPEST {
                return Err(wrong("is nested too deeply"));
            }
            node = match step {
                Step::Member(name) => node.members.entry(name.to_owned()).or_default(),
                Step::Item(at) => {
                    let at = at.parse().map_err(|_| wrong("has an index that is not a number"))?;
                    node.items.entry(at).or_default()
                }
            };
        }
        if node.value.replace(value).is_some() {
            return Err(wrong("is there twice"));
        }
    }
    match root.build("sops")? {
        Value::Map(branch) => Ok(branch),
        _ => Err(SopsError::Metadata("sops".to_owned(), "is not a map")),
    }
}

impl Node {
    fn build(self, name: &str) -> Result<Value, SopsError> {
        let wrong = |why| Err(SopsError::Metadata(name.to_owned(), why));
        match (self.value, self.members.is_empty(), self.items.is_empty()) {
            (Some(value), true, true) => Ok(value),
            (None, _, true) => {
                let member = |(key, node): (String, Node)| Ok(Entry::Member(key.clone(), node.build(&key)?));
                Ok(Value::Map(self.members.into_iter().map(member).collect::<Result<_, SopsError>>()?))
            }
            (None, true, false) => {
                if self.items.keys().enumerate().any(|(want, at)| want != *at) {
                    return wrong("is a list that lacks items");
                }
                let item = |node: Node| Ok(Item::Value(node.build(name)?));
                Ok(Value::List(self.items.into_values().map(item).collect::<Result<_, SopsError>>()?))
            }
            (Some(_), _, _) | (None, false, false) => wrong("is of more than one kind"),
        }
    }
}

enum Step<'a> {
    Member(&'a str),
    Item(&'a str),
}

fn steps(key: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let (mut rest, mut is_item) = (key, false);
    loop {
        let next = [(rest.find(MAP), MAP, false), (rest.find(LIST), LIST, true)];
        let next = next.into_iter().filter_map(|(at, word, item)| Some((at?, word, item)));
        let found = next.min_by_key(|(at, ..)| *at);
        let name = found.map_or(rest, |(at, ..)| &rest[..at]);
        steps.push(if is_item { Step::Item(name) } else { Step::Member(name) });
        let Some((at, word, item)) = found else { return steps };
        rest = &rest[at + word.len()..];
        is_item = item;
    }
}
