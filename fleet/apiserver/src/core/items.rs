use crate::core::text::Text;

/// The items of a list and the end of its text, not yet copied out of the store: a list of ten thousand costs ten
/// thousand references until it is sent. They are what they were when the list was made, however late they are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Items {
    /// The last one first, so that each is let go once it is taken.
    left: Vec<Text>,
    /// Takes the place of each item's opening brace: kind and version of custom resources.
    opening: Vec<u8>,
    length: usize,
    begun: bool,
}

const OPENING: &[u8] = b"{";
const END: &[u8] = b"]}";

impl Items {
    /// Bodies as they are stored: JSON objects that are not empty.
    pub(crate) fn new(mut bodies: Vec<Text>, opening: Option<Vec<u8>>) -> Self {
        let opening = opening.unwrap_or_else(|| OPENING.to_vec());
        let length = bodies.iter().map(|b| b.len() - OPENING.len() + opening.len()).sum::<usize>()
            + bodies.len().saturating_sub(1)
            + END.len();
        bodies.reverse();
        Self { left: bodies, opening, length, begun: false }
    }

    /// Bytes that are still to come.
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The next bytes: about `size`, at least one item.
    pub fn next_piece(&mut self, size: usize) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let mut piece = Vec::with_capacity(size.min(self.length));
        while piece.len() < size {
            let Some(body) = self.left.pop() else {
                piece.extend_from_slice(END);
                break;
            };
            if std::mem::replace(&mut self.begun, true) {
                piece.push(b',');
            }
            piece.extend_from_slice(&self.opening);
            body.write_after(OPENING.len(), &mut piece);
        }
        self.length = self.length.saturating_sub(piece.len());
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bodies: &[&str], opening: Option<&str>, size: usize) -> (String, Vec<usize>) {
        let bodies = bodies.iter().map(|b| b.as_bytes().to_vec().into()).collect();
        let mut items = Items::new(bodies, opening.map(|o| o.as_bytes().to_vec()));
        let mut out = Vec::new();
        let mut left = vec![items.len()];
        while let Some(piece) = items.next_piece(size) {
            out.extend(piece);
            left.push(items.len());
        }
        (String::from_utf8(out).unwrap(), left)
    }

    #[test]
    fn pieces_of_any_size_make_the_same_text() {
        for size in [1, 7, 8, 9, 100] {
            assert_eq!(text(&[r#"{"a":1}"#, r#"{"b":2}"#], None, size).0, r#"{"a":1},{"b":2}]}"#, "{size}");
            assert_eq!(text(&[r#"{"a":1}"#], Some(r#"{"kind":"A","#), size).0, r#"{"kind":"A","a":1}]}"#);
            assert_eq!(text(&[], None, size).0, "]}");
        }
    }

    #[test]
    fn the_length_is_known_before_the_text() {
        let (text, left) = text(&[r#"{"a":1}"#, r#"{"b":2}"#], Some(r#"{"kind":"A","#), 10);
        assert_eq!(left.first(), Some(&text.len()));
        assert_eq!(left.last(), Some(&0));
    }
}
