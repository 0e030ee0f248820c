//! The part of the Kubernetes 1.21 OpenAPI document that merging needs: which lists merge, and by which keys. kustomize
//! 5.5 has this version built in; a newer table would merge lists that kustomize replaces.
use std::collections::HashMap;
use std::sync::OnceLock;

/// Where a value stands in its kind's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    shape: Shape,
    definition: Option<usize>,
    /// The merge keys of a list that merges; none for a list of scalars.
    merge: Option<&'static [&'static str]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    List,
    Map,
}

impl Schema {
    /// The schema of a kind.
    pub(crate) fn of(api_version: &str, kind: &str) -> Option<Schema> {
        let definition = *table().kinds.get(&(api_version, kind))?;
        Some(Schema { shape: Shape::Object, definition: Some(definition), merge: None })
    }

    pub(crate) fn field(self, name: &str) -> Option<Schema> {
        match self.shape {
            Shape::Object => table().definitions.get(self.definition?)?.get(name).copied(),
            Shape::Map => Some(self.element()),
            Shape::List => None,
        }
    }

    /// The schema of a list's elements.
    pub(crate) fn elements(self) -> Option<Schema> {
        (self.shape == Shape::List).then(|| self.element())
    }

    /// The keys by which a list merges; nothing for a list that is replaced.
    pub(crate) fn merge_keys(self) -> Option<&'static [&'static str]> {
        self.merge
    }

    fn element(self) -> Schema {
        Schema { shape: Shape::Object, definition: self.definition, merge: None }
    }
}

struct Table {
    definitions: Vec<HashMap<&'static str, Schema>>,
    kinds: HashMap<(&'static str, &'static str), usize>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| parse(include_str!("kubernetes-1.21.txt")))
}

/// A definition's name, then its fields, each `name shape definition [merge keys]`; in the end the kinds.
fn parse(text: &'static str) -> Table {
    let names = text.lines().filter(|l| !l.is_empty() && !l.starts_with(' ') && *l != "kinds");
    let ids: HashMap<&str, usize> = names.enumerate().map(|(id, name)| (name, id)).collect();
    let mut table = Table { definitions: vec![HashMap::new(); ids.len()], kinds: HashMap::new() };
    let mut current = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            current = ids.get(line).copied();
            continue;
        }
        let words: Vec<&'static str> = line.split_whitespace().collect();
        match (current, words.as_slice()) {
            (None, [version, kind, definition]) => {
                if let Some(id) = ids.get(definition) {
                    table.kinds.insert((version, kind), *id);
                }
            }
            (Some(id), [name, shape, definition, merge @ ..]) => {
                let shape = match *shape {
                    "l" => Shape::List,
                    "m" => Shape::Map,
                    _ => Shape::Object,
                };
                let merge = match merge {
                    ["merge", keys] => Some(&*keys.split('+').collect::<Vec<_>>().leak()),
                    ["merge"] => Some(&[] as &[&str]),
                    _ => None,
                };
                let schema = Schema { shape, definition: ids.get(definition).copied(), merge };
                table.definitions[id].insert(name, schema);
            }
            _ => {}
        }
    }
    table
}
