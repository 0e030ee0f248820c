//! The events that a document is composed of.
use crate::resolve::Tag;
use mainstay_diagnostic::{Position, Span};
use std::borrow::Cow;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event<'a> {
    Scalar {
        text: Cow<'a, str>,
        /// Plain, so that its text decides about its type.
        plain: bool,
        tag: Option<Tag>,
        anchor: Option<Cow<'a, str>>,
    },
    Alias(Cow<'a, str>),
    SequenceStart(Option<Cow<'a, str>>),
    SequenceEnd,
    MappingStart(Option<Cow<'a, str>>),
    MappingEnd,
    DocumentStart,
    DocumentEnd,
    StreamEnd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: Position,
    pub(crate) message: String,
}

pub(crate) struct Parser<'a> {
    inner: saphyr_parser::Parser<'a, saphyr_parser::StrInput<'a>>,
    /// The line before the text's first.
    line: u32,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, first_line: u32) -> Self {
        Self { inner: saphyr_parser::Parser::new_from_str(text), line: first_line - 1 }
    }

    pub(crate) fn next(&mut self) -> Result<(Event<'a>, Span), SyntaxError> {
        use saphyr_parser::{Event as E, ScalarStyle};
        loop {
            let (event, span) = match self.inner.next_event() {
                None => return Ok((Event::StreamEnd, Span::point(self.line + 1, 1))),
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    return Err(SyntaxError {
                        at: self.position(*error.marker()),
                        message: error.info().to_owned(),
                    });
                }
            };
            let span = Span::new(self.position(span.start), self.position(span.end));
            let anchor = |id: usize| (id > 0).then(|| Cow::Owned(id.to_string()));
            let event = match event {
                E::Nothing | E::StreamStart => continue,
                E::StreamEnd => Event::StreamEnd,
                E::DocumentStart(_) => Event::DocumentStart,
                E::DocumentEnd => Event::DocumentEnd,
                E::Alias(id) => Event::Alias(Cow::Owned(id.to_string())),
                E::Scalar(text, style, id, tag) => Event::Scalar {
                    text,
                    plain: style == ScalarStyle::Plain,
                    tag: tag.map(|tag| Tag::of(&format!("{}{}", tag.handle, tag.suffix))),
                    anchor: anchor(id),
                },
                E::SequenceStart(id, _) => Event::SequenceStart(anchor(id)),
                E::SequenceEnd => Event::SequenceEnd,
                E::MappingStart(id, _) => Event::MappingStart(anchor(id)),
                E::MappingEnd => Event::MappingEnd,
            };
            return Ok((event, span));
        }
    }

    fn position(&self, marker: saphyr_parser::Marker) -> Position {
        let clamp = crate::decode::clamp;
        Position::new(self.line + clamp(marker.line()), clamp(marker.col() + 1))
    }
}
