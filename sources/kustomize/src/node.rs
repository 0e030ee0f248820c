//! The document model that kustomize works on: scalars keep their text, their tag and whether they were quoted, because
//! patches, replacements and name references copy text and leave types to the end.
use crate::scalar::{NotJson, Scalar, Tag};
use crate::written::{Comments, Items};
use serde_json::{Map, Value};
use smol_str::SmolStr;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Scalar(Scalar),
    Seq(Items<Node>),
    /// In source order. A key occurs once: the reader refuses others.
    Map(Items<(Scalar, Node)>),
}

impl Node {
    pub(crate) fn seq(items: Vec<Node>) -> Self {
        Node::Seq(items.into())
    }

    pub(crate) fn map(entries: Vec<(Scalar, Node)>) -> Self {
        Node::Map(entries.into())
    }

    pub(crate) fn string(text: impl Into<SmolStr>) -> Self {
        Node::Scalar(Scalar::string(text))
    }

    /// Text whose type is decided when it is written, as an untagged plain scalar's.
    pub(crate) fn untyped(text: impl Into<SmolStr>) -> Self {
        Node::Scalar(Scalar::untyped(text))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Node::Scalar(s) if s.tag == Tag::Null)
    }

    /// Null, an empty map or an empty list.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Node::Scalar(s) => s.tag == Tag::Null,
            Node::Seq(items) => items.is_empty(),
            Node::Map(entries) => entries.is_empty(),
        }
    }

    /// A scalar's text, whatever its type; a collection has none.
    pub(crate) fn text(&self) -> &str {
        match self {
            Node::Scalar(s) => &s.text,
            Node::Seq(_) | Node::Map(_) => "",
        }
    }

    pub(crate) fn as_scalar(&self) -> Option<&Scalar> {
        if let Node::Scalar(s) = self { Some(s) } else { None }
    }

    pub(crate) fn as_map(&self) -> Option<&[(Scalar, Node)]> {
        if let Node::Map(entries) = self { Some(entries) } else { None }
    }

    pub(crate) fn as_seq(&self) -> Option<&[Node]> {
        if let Node::Seq(items) = self { Some(items) } else { None }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match self {
            Node::Map(entries) => entries.iter_mut().find(|(k, _)| k.text == key).map(|(_, v)| v),
            Node::Scalar(_) | Node::Seq(_) => None,
        }
    }

    pub(crate) fn path(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Node> {
        let Node::Map(entries) = self else { return None };
        let at = entries.iter().position(|(k, _)| k.text == key)?;
        Some(entries.remove(at).1)
    }

    /// As [`Node::remove`], with the key.
    pub(crate) fn take(&mut self, key: &str) -> Option<(Scalar, Node)> {
        let Node::Map(entries) = self else { return None };
        let at = entries.iter().position(|(k, _)| k.text == key)?;
        Some(entries.remove(at))
    }

    /// Adds a field that the map does not have.
    pub(crate) fn push(&mut self, key: Scalar, value: Node) {
        if let Node::Map(entries) = self {
            entries.push((key, value));
        }
    }

    /// Whether a collection is written in brackets or braces.
    pub(crate) fn flow(&self) -> bool {
        match self {
            Node::Scalar(_) => false,
            Node::Seq(items) => items.flow,
            Node::Map(entries) => entries.flow,
        }
    }

    pub(crate) fn set_flow(&mut self, flow: bool) {
        match self {
            Node::Scalar(_) => {}
            Node::Seq(items) => items.flow = flow,
            Node::Map(entries) => entries.flow = flow,
        }
    }

    /// Sets a field of a map; an existing scalar keeps its quotes.
    pub(crate) fn set(&mut self, key: &str, value: Node) {
        let Node::Map(entries) = self else { return };
        match entries.iter_mut().find(|(k, _)| k.text == key) {
            Some((_, old)) => old.assign(value),
            None => entries.push((Scalar::untyped(key), value)),
        }
    }

    /// Replaces this node; a scalar keeps its quotes.
    pub(crate) fn assign(&mut self, mut value: Node) {
        if let (Node::Scalar(old), Node::Scalar(new)) = (&mut *self, &mut value) {
            new.plain = old.plain;
            new.folded = old.folded;
            old.overwrite(std::mem::replace(new, Scalar::null()));
            return;
        }
        *self = value;
    }

    /// The field, made with `make` where it is missing. Nothing where this is not a map.
    pub(crate) fn get_or_insert(&mut self, key: &str, make: impl FnOnce() -> Node) -> Option<&mut Node> {
        let Node::Map(entries) = self else { return None };
        let at = match entries.iter().position(|(k, _)| k.text == key) {
            Some(at) => at,
            None => {
                entries.push((Scalar::untyped(key), make()));
                entries.len() - 1
            }
        };
        entries.get_mut(at).map(|(_, v)| v)
    }

    /// As [`Node::set`], for one of several places that get one and the same value. A scalar that was there gives the
    /// value its looks, everywhere.
    pub(crate) fn set_shared(&mut self, key: &str, value: &mut Scalar) {
        match self.get_mut(key) {
            Some(old) => {
                if let Node::Scalar(old) = old {
                    (value.plain, value.folded) = (old.plain, old.folded);
                }
                old.assign(Node::Scalar(Scalar { share: 0, ..value.clone() }));
            }
            None => {
                if let Node::Map(entries) = self {
                    entries.push((Scalar::untyped(key), Node::Scalar(value.clone())));
                }
            }
        }
    }

    /// A copy is shared with nothing.
    pub(crate) fn unshared(&self) -> Self {
        let mut copy = self.clone();
        copy.each_scalar(&mut |scalar| scalar.share = 0);
        copy
    }

    /// Visits all values that are scalars, maps in the order of their keys.
    pub(crate) fn each_scalar(&mut self, visit: &mut dyn FnMut(&mut Scalar)) {
        match self {
            Node::Scalar(scalar) => visit(scalar),
            Node::Seq(items) => items.iter_mut().for_each(|item| item.each_scalar(visit)),
            Node::Map(entries) => {
                let mut order: Vec<&mut (Scalar, Node)> = entries.iter_mut().collect();
                order.sort_by(|a, b| a.0.text.cmp(&b.0.text));
                order.into_iter().for_each(|(_, value)| value.each_scalar(visit));
            }
        }
    }

    /// What kind of node this is, in words for messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Node::Scalar(s) if s.tag == Tag::Null => "null",
            Node::Scalar(_) => "a scalar",
            Node::Seq(_) => "a list",
            Node::Map(_) => "a map",
        }
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Node::Scalar(_) => 1,
            Node::Seq(items) => 1 + items.iter().map(Node::count).sum::<usize>(),
            Node::Map(entries) => 1 + entries.iter().map(|(_, v)| v.count()).sum::<usize>(),
        }
    }

    /// The JSON that the document stands for. Keys below the top level must be strings.
    pub(crate) fn to_value(&self) -> Result<Value, NotJson> {
        self.value(true, false, &mut Comments::default())
    }

    fn value(&self, top: bool, flow: bool, comments: &mut Comments) -> Result<Value, NotJson> {
        Ok(match self {
            Node::Scalar(s) => s.to_value(flow)?,
            Node::Seq(items) => {
                let flow = flow || items.flow;
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    comments.element(item, flow)?;
                    list.push(item.value(false, flow, comments)?);
                }
                comments.end(items.comment, flow || items.is_empty());
                Value::Array(list)
            }
            Node::Map(entries) => {
                let flow = flow || entries.flow;
                let mut map = Map::new();
                for (key, item) in entries {
                    if !top && !key.is_string() {
                        return Err(NotJson::Key(key.text.to_string()));
                    }
                    comments.value(key, item, flow)?;
                    map.insert(key.text.to_string(), item.value(false, flow, comments)?);
                }
                comments.end(entries.comment, flow || entries.is_empty());
                Value::Object(map)
            }
        })
    }

    pub(crate) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Node::Scalar(Scalar::null()),
            Value::Bool(b) => Node::Scalar(Scalar::tagged(Tag::Bool, b.to_string())),
            Value::Number(n) => Node::Scalar(Scalar::number(n)),
            Value::String(s) => {
                // In quotes where YAML needs them, as it was written on the way here.
                let plain = mainstay_yaml::is_plain(s) && !s.contains('\n');
                Node::Scalar(Scalar { plain, ..Scalar::string(s.as_str()) })
            }
            // It went through YAML, where nothing but brackets and braces is empty.
            Value::Array(items) => {
                let mut list = Items::from(items.iter().map(Node::from_value).collect::<Vec<_>>());
                list.flow = list.is_empty();
                Node::Seq(list)
            }
            Value::Object(map) => {
                let entry =
                    |(key, value): (&String, &Value)| (Scalar::string(key.as_str()), Node::from_value(value));
                let mut entries = Items::from(map.iter().map(entry).collect::<Vec<_>>());
                entries.flow = entries.is_empty();
                Node::Map(entries)
            }
        }
    }
}
