//! Anchors, aliases and tags.
use super::{Kind, Scanner, Token};
use crate::event::SyntaxError;
use crate::resolve::Tag;

impl<'a> Scanner<'a> {
    pub(super) fn property(&mut self, indicator: u8) -> Result<Token<'a>, SyntaxError> {
        let start = self.cursor.place();
        let kind = match indicator {
            b'*' => Kind::Alias(self.name()?),
            b'&' => Kind::Anchor(self.name()?),
            _ => Kind::Tag(self.tag()?),
        };
        Ok(Token { kind, start, end: self.cursor.place() })
    }

    fn name(&mut self) -> Result<&'a str, SyntaxError> {
        self.cursor.skip(1);
        let from = self.cursor.at();
        self.cursor.skip_while(is_word);
        let name = self.cursor.slice(from, self.cursor.at());
        let ends = matches!(
            self.cursor.peek(),
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`')
        );
        if name.is_empty() || !ends {
            return Err(self.error("expected the name of an anchor: letters, digits, `_` and `-`"));
        }
        Ok(name)
    }

    fn tag(&mut self) -> Result<Tag, SyntaxError> {
        self.cursor.skip(1);
        let tag = if self.cursor.peek() == Some(b'<') {
            self.cursor.skip(1);
            let uri = self.uri()?;
            if self.cursor.peek() != Some(b'>') {
                return Err(self.error("expected `>` at the end of a tag"));
            }
            self.cursor.skip(1);
            Tag::of(uri)
        } else {
            let from = self.cursor.at();
            self.cursor.skip_while(is_word);
            let handle = self.cursor.slice(from, self.cursor.at());
            if self.cursor.peek() != Some(b'!') {
                // A local tag, or none at all: a string in any case.
                self.cursor.skip_while(is_uri);
                Tag::Other
            } else if handle.is_empty() {
                self.cursor.skip(1);
                Tag::of_core(self.uri()?)
            } else {
                return Err(self.error("a tag with a handle that is not defined"));
            }
        };
        if self.cursor.is_blank_or_end(0) {
            Ok(tag)
        } else {
            Err(self.error("expected a blank behind a tag"))
        }
    }

    fn uri(&mut self) -> Result<&'a str, SyntaxError> {
        let from = self.cursor.at();
        self.cursor.skip_while(is_uri);
        let uri = self.cursor.slice(from, self.cursor.at());
        if uri.is_empty() { Err(self.error("expected a tag")) } else { Ok(uri) }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_uri(byte: u8) -> bool {
    // No `%`: no tag that matters has an escape.
    is_word(byte) || b";/?:@&=+$.,!~*'()[]".contains(&byte)
}
