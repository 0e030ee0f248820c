//! A mapping while it is being read, and the value of a scalar.
use crate::compose::Problem;
use crate::number::{Number, through_json};
use crate::resolve::{Scalar, Tag};
use crate::{Key, Node, NodeValue};
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mainstay_diagnostic::{Span, codes::yaml};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// From this size on keys are looked up in an index: a file of a million keys must not take a million squared steps.
const INDEXED: usize = 16;

#[derive(Default)]
pub(crate) struct MappingFrame {
    pub(crate) entries: Vec<(Key, Node)>,
    index: BTreeMap<String, usize>,
    /// Entries that came through `<<` only: an explicit key replaces them and is no duplicate.
    merged: BTreeSet<usize>,
    pending: Option<Pending>,
}

enum Pending {
    Key(Key),
    Merge(Span),
    /// The key was refused, so its value has no place.
    Nowhere,
}

impl MappingFrame {
    /// What is read is kept for long, and hardly ever has as many keys as there is room for.
    pub(crate) fn into_entries(mut self) -> Vec<(Key, Node)> {
        self.entries.shrink_to_fit();
        self.entries
    }

    pub(crate) fn awaits_key(&self) -> bool {
        self.pending.is_none()
    }

    pub(crate) fn set_key(&mut self, text: Option<String>, merge: bool, span: Span) {
        self.pending = Some(match text {
            _ if merge => Pending::Merge(span),
            Some(text) => Pending::Key(Key { text, span }),
            None => Pending::Nowhere,
        });
    }

    /// Takes the value of the pending key. Only an alias of a mapping may be merged, not one of a sequence.
    pub(crate) fn set_value(
        &mut self,
        node: Node,
        alias: bool,
        problems: &mut Vec<Problem>,
    ) -> Result<(), Problem> {
        match self.pending.take() {
            None | Some(Pending::Nowhere) => Ok(()),
            Some(Pending::Merge(span)) => self.merge(node, alias, span),
            Some(Pending::Key(key)) => {
                self.insert(key, node, problems);
                Ok(())
            }
        }
    }

    pub(crate) fn insert(&mut self, key: Key, node: Node, problems: &mut Vec<Problem>) {
        match self.position(&key.text) {
            None => self.push(key, node),
            Some(at) if self.merged.remove(&at) => self.entries[at] = (key, node),
            Some(at) => {
                let first = self.entries[at].0.span.start;
                let message = format!("key `{}` is already set in line {}", shorten(&key.text), first.line);
                problems.push(Problem::new(&yaml::DUPLICATE_KEY, key.span, message));
                self.entries[at].1 = node;
            }
        }
    }

    fn merge(&mut self, node: Node, alias: bool, span: Span) -> Result<(), Problem> {
        let wrong = || Problem::new(&yaml::SYNTAX, span, "`<<` takes a map or a list of maps");
        match node.value {
            NodeValue::Mapping(entries) => self.merge_entries(entries),
            // The first of a list wins, so it is merged last.
            NodeValue::Sequence(items) if !alias => {
                for item in items.into_iter().rev() {
                    match item.value {
                        NodeValue::Mapping(entries) => self.merge_entries(entries),
                        _ => return Err(wrong()),
                    }
                }
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// What is merged replaces what stands before the `<<`, explicit or not: so does Kubernetes' reader.
    fn merge_entries(&mut self, entries: Vec<(Key, Node)>) {
        for (key, node) in entries {
            match self.position(&key.text) {
                Some(at) => self.entries[at].1 = node,
                None => {
                    self.merged.insert(self.entries.len());
                    self.push(key, node);
                }
            }
        }
    }

    fn push(&mut self, key: Key, node: Node) {
        if self.entries.len() >= INDEXED {
            if self.index.is_empty() {
                self.index = self.entries.iter().enumerate().map(|(i, (k, _))| (k.text.clone(), i)).collect();
            }
            self.index.insert(key.text.clone(), self.entries.len());
        }
        self.entries.push((key, node));
    }

    fn position(&self, text: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(|(key, _)| key.text == text);
        }
        self.index.get(text).copied()
    }
}

/// Keys may be secret-sized or secret-shaped: a message shows their beginning only.
fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(64) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

pub(crate) fn number_value(number: Number) -> NodeValue {
    let number = if let Number::Float(value) = number { through_json(value) } else { number };
    match number {
        Number::Int(value) => NodeValue::Int(value),
        Number::Uint(value) => NodeValue::Uint(value),
        Number::Float(value) => NodeValue::Float(value),
    }
}

pub(crate) fn scalar_value(
    scalar: Scalar,
    text: Cow<'_, str>,
    tag: Option<Tag>,
    span: Span,
    problems: &mut Vec<Problem>,
) -> Result<NodeValue, Problem> {
    Ok(match scalar {
        Scalar::Null => NodeValue::Null,
        Scalar::Bool(value) => NodeValue::Bool(value),
        Scalar::Number(number) => number_value(number),
        Scalar::NotFinite(name) => {
            let message = format!("JSON has no number {name}");
            problems.push(Problem::new(&yaml::VALUE_TYPE, span, message));
            NodeValue::Null
        }
        Scalar::Text if tag == Some(Tag::Binary) => NodeValue::String(binary(&text, span)?),
        Scalar::Timestamp | Scalar::Merge | Scalar::Text => NodeValue::String(text.into_owned()),
    })
}

/// The bytes as JSON text: Kubernetes replaces every byte that is not UTF-8.
pub(crate) fn binary(text: &str, span: Span) -> Result<String, Problem> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = LENIENT
        .decode(text)
        .map_err(|_| Problem::new(&yaml::SYNTAX, span, "`!!binary` holds something that is not base64"))?;
    Ok(bytes.utf8_chunks().fold(String::with_capacity(bytes.len()), |mut out, chunk| {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        out
    }))
}
