use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The text of an object as it is stored: a JSON object that is not empty.
///
/// Which fields a manager owns is a third to a half of it, and the same for all objects that one client made alike: it
/// is kept once, and a zero byte, which JSON text never has, stands where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    own: Arc<[u8]>,
    /// What stands for the zero bytes, in their order.
    shared: Option<Arc<Shared>>,
}

type Shared = Box<[Box<[u8]>]>;

const KEY: &[u8] = b"\"fieldsV1\":{";
/// Less is not worth a reference.
const SHORTEST: usize = 48;

/// What the texts of one store share.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    known: BTreeSet<Arc<Shared>>,
    /// As many as there were when those that nobody uses any more were last forgotten.
    kept: usize,
}

impl Sharing {
    pub(super) fn text(&mut self, whole: &[u8]) -> Text {
        let (mut own, mut parts, mut from) = (Vec::new(), Vec::new(), 0);
        for part in parts_of(whole) {
            own.extend_from_slice(&whole[from..part.start]);
            own.push(0);
            parts.push(Box::from(&whole[part.clone()]));
            from = part.end;
        }
        if parts.is_empty() {
            return Text { own: whole.into(), shared: None };
        }
        own.extend_from_slice(&whole[from..]);
        let parts: Arc<Shared> = Arc::new(parts.into());
        let shared = match self.known.get(&parts) {
            Some(known) => known.clone(),
            None => {
                self.forget();
                self.known.insert(parts.clone());
                parts
            }
        };
        Text { own: own.into(), shared: Some(shared) }
    }

    fn forget(&mut self) {
        if self.known.len() > 2 * self.kept + 16 {
            self.known.retain(|shared| Arc::strong_count(shared) > 1);
            self.kept = self.known.len();
        }
    }
}

/// Where sets of owned fields stand in a text.
fn parts_of(whole: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    // In a string the quotes of the key would be escaped.
    while let Some(next) = whole.get(at..).and_then(|rest| find(rest, KEY)) {
        let start = at + next + KEY.len() - 1;
        let Some(end) = end_of(whole, start) else { break };
        if end - start >= SHORTEST {
            found.push(start..end);
        }
        at = end;
    }
    found
}

fn find(text: &[u8], key: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(|byte| *byte == key[0])?;
        if text.get(at..)?.starts_with(key) {
            return Some(at);
        }
        at += 1;
    }
}

/// The end of the object that begins at `start`.
fn end_of(text: &[u8], start: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

impl Text {
    pub fn len(&self) -> usize {
        let shared = self.shared.iter().flat_map(|shared| shared.iter());
        self.own.len() + shared.map(|part| part.len() - 1).sum::<usize>()
    }

    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// Bytes that are this text's alone.
    pub fn weight(&self) -> usize {
        self.own.len()
    }

    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if self.shared.is_none() {
            return Cow::Borrowed(&self.own);
        }
        let mut whole = Vec::with_capacity(self.len());
        self.write_after(0, &mut whole);
        Cow::Owned(whole)
    }

    /// Writes what follows the first `skipped` bytes, none of which is shared: a text begins with a key.
    pub(super) fn ends_with(&self, byte: u8) -> bool {
        self.own.last() == Some(&byte)
    }

    pub(super) fn write_after(&self, skipped: usize, out: &mut Vec<u8>) {
        let mut own = self.own.get(skipped..).unwrap_or_default();
        for part in self.shared.iter().flat_map(|shared| shared.iter()) {
            let at = own.iter().position(|byte| *byte == 0).unwrap_or(own.len());
            out.extend_from_slice(&own[..at]);
            out.extend_from_slice(part);
            own = own.get(at + 1..).unwrap_or_default();
        }
        out.extend_from_slice(own);
    }
}

/// With nothing to share.
impl From<Vec<u8>> for Text {
    fn from(whole: Vec<u8>) -> Self {
        Self { own: whole.into(), shared: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = r#"{"f:data":{"f:a \"}\" b":{},"f:level":{}},"f:metadata":{"f:labels":{}}}"#;

    fn object(name: &str, managers: usize) -> Vec<u8> {
        let entry = format!(r#"{{"fieldsV1":{FIELDS},"manager":"m"}}"#);
        let managed = vec![entry; managers].join(",");
        format!(r#"{{"data":{{"a":"\"fieldsV1\":{{"}},"metadata":{{"managedFields":[{managed}],"name":"{name}"}}}}"#)
            .into_bytes()
    }

    #[test]
    fn a_text_is_what_it_was_whatever_it_shares() {
        let mut sharing = Sharing::default();
        for whole in
            [object("a", 0), object("a", 1), object("b", 3), b"{\"fieldsV1\":{".to_vec(), b"{}".to_vec()]
        {
            let text = sharing.text(&whole);
            assert_eq!((text.bytes().into_owned(), text.len()), (whole.clone(), whole.len()));
            let mut rest = Vec::new();
            text.write_after(1, &mut rest);
            assert_eq!(rest, whole[1..]);
        }
    }

    #[test]
    fn objects_made_alike_keep_their_owned_fields_once() {
        let mut sharing = Sharing::default();
        let texts: Vec<Text> = (0..100).map(|i| sharing.text(&object(&i.to_string(), 2))).collect();
        assert_eq!(sharing.known.len(), 1);
        assert!(texts.iter().all(|text| text.weight() < text.len() - 2 * FIELDS.len() + 4));
    }

    #[test]
    fn what_nobody_shares_any_more_is_forgotten() {
        let mut sharing = Sharing::default();
        for i in 0..1000 {
            let whole =
                String::from_utf8(object("a", 1)).unwrap().replace("f:level", &format!("f:level-{i}"));
            sharing.text(whole.as_bytes());
        }
        assert!(sharing.known.len() < 50, "{}", sharing.known.len());
    }
}
