use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

type Text = Cow<'static, str>;

/// The schemas of kinds and of what is in them, known by their place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(super) nodes: Vec<Node>,
    /// Definitions by name.
    pub(super) names: HashMap<Text, usize>,
    /// By kind, then by apiVersion.
    pub(super) kinds: HashMap<Text, HashMap<Text, usize>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) fields: HashMap<Text, usize>,
    /// Of the values of a map, whatever their keys.
    pub(super) values: Option<usize>,
    pub(super) elements: Option<usize>,
    /// The merge keys of a list that merges; none for a list of scalars.
    pub(super) merge: Option<Vec<Text>>,
}

/// Where a value stands in its kind's schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'t> {
    table: &'t Table,
    at: usize,
}

impl Table {
    pub(crate) fn builtin() -> &'static Arc<Table> {
        static TABLE: OnceLock<Arc<Table>> = OnceLock::new();
        TABLE.get_or_init(|| Arc::new(parse(include_str!("kubernetes-1.21.txt"))))
    }

    /// The schema of a kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<Schema<'_>> {
        let at = *self.kinds.get(kind)?.get(api_version)?;
        Some(Schema { table: self, at })
    }

    pub(super) fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }
}

impl<'t> Schema<'t> {
    fn node(self) -> Option<&'t Node> {
        self.table.nodes.get(self.at)
    }

    pub(crate) fn field(self, name: &str) -> Option<Schema<'t>> {
        let node = self.node()?;
        let at = node.fields.get(name).copied().or(node.values)?;
        Some(Schema { at, ..self })
    }

    /// The schema of a list's elements.
    pub(crate) fn elements(self) -> Option<Schema<'t>> {
        Some(Schema { at: self.node()?.elements?, ..self })
    }

    /// The keys by which a list merges; nothing for a list that is replaced.
    pub(crate) fn merge_keys(self) -> Option<&'t [Text]> {
        self.node()?.merge.as_deref()
    }
}

/// A definition's name, then its fields, each `name shape definition [merge keys]`; in the end the kinds.
fn parse(text: &'static str) -> Table {
    let mut table = Table::default();
    for name in text.lines().filter(|l| !l.is_empty() && !l.starts_with(' ') && *l != "kinds") {
        let at = table.add(Node::default());
        table.names.insert(name.into(), at);
    }
    let mut current = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            current = table.names.get(line).copied();
            continue;
        }
        let words: Vec<&'static str> = line.split_whitespace().collect();
        match (current, words.as_slice()) {
            (None, [version, kind, definition]) => {
                if let Some(at) = table.names.get(*definition).copied() {
                    table.kinds.entry((*kind).into()).or_default().insert((*version).into(), at);
                }
            }
            (Some(id), [name, shape, definition, merge @ ..]) => {
                let known = table.names.get(*definition).copied();
                let at = match (*shape, known) {
                    ("l", elements) => {
                        let merge = match merge {
                            ["merge", keys] => Some(keys.split('+').map(Text::from).collect()),
                            ["merge"] => Some(Vec::new()),
                            _ => None,
                        };
                        table.add(Node { elements, merge, ..Node::default() })
                    }
                    ("m", values) => table.add(Node { values, ..Node::default() }),
                    (_, Some(at)) => at,
                    (_, None) => table.add(Node::default()),
                };
                if let Some(node) = table.nodes.get_mut(id) {
                    node.fields.insert((*name).into(), at);
                }
            }
            _ => {}
        }
    }
    table
}
