//! Tokens to the events that a document is composed of.
use crate::resolve::Tag;
use crate::scan::{Kind, Scanner, Token};
use mainstay_diagnostic::{Position, Span};
use std::borrow::Cow;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event<'a> {
    Scalar {
        text: Cow<'a, str>,
        /// Plain, so that its text decides about its type.
        plain: bool,
        tag: Option<Tag>,
        anchor: Option<&'a str>,
    },
    Alias(&'a str),
    SequenceStart(Option<&'a str>),
    SequenceEnd,
    MappingStart(Option<&'a str>),
    MappingEnd,
    DocumentEnd,
    /// Also in place of a document that holds nothing.
    StreamEnd,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: Position,
    pub(crate) message: String,
}

type Next<'a> = Result<(Event<'a>, Span), SyntaxError>;

/// Reads one document. What is open is a stack, so no input makes it recurse.
pub(crate) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    outer: Vec<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    /// Items of a block sequence.
    Items,
    /// Items of a block sequence that is at the column of its key.
    IndentlessItems,
    Key,
    Value,
    /// `first` item of a flow sequence, which needs no comma.
    FlowItems(bool),
    /// A pair within a flow sequence, as in `[a: b]`.
    PairKey,
    PairValue,
    PairEnd,
    FlowKey(bool),
    FlowValue,
    FlowNoValue,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, first_line: u32) -> Self {
        Self { scanner: Scanner::new(text, first_line), state: State::DocumentStart, outer: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> Next<'a> {
        match self.state {
            State::DocumentStart => self.document_start(),
            State::DocumentEnd => self.document_end(),
            State::StreamEnd => self.stream_end(),
            State::Items => self.items(),
            State::IndentlessItems => self.indentless_items(),
            State::Key => self.key(),
            State::Value => self.value(),
            State::FlowItems(first) => self.flow_items(first),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.state = State::FlowItems(false);
                let at = self.scanner.peek()?.start;
                Ok((Event::MappingEnd, Span::new(at, at)))
            }
            State::FlowKey(first) => self.flow_key(first),
            State::FlowValue => self.flow_value(),
            State::FlowNoValue => {
                let at = self.scanner.peek()?.start;
                self.empty(State::FlowKey(false), at)
            }
        }
    }

    fn document_start(&mut self) -> Next<'a> {
        if self.scanner.peek()?.kind == Kind::StreamEnd {
            return self.stream_end();
        }
        self.node(State::DocumentEnd, true, false)
    }

    fn document_end(&mut self) -> Next<'a> {
        self.state = State::StreamEnd;
        let token = self.scanner.peek()?;
        let span = Span::new(token.start, token.end);
        while self.scanner.peek()?.kind == Kind::DocumentEnd {
            self.scanner.take()?;
        }
        Ok((Event::DocumentEnd, span))
    }

    fn stream_end(&mut self) -> Next<'a> {
        self.state = State::StreamEnd;
        let token = self.scanner.peek()?;
        if token.kind == Kind::StreamEnd {
            return Ok((Event::StreamEnd, Span::new(token.start, token.end)));
        }
        Err(SyntaxError { at: token.start, message: "content behind the end of the document".to_owned() })
    }

    /// A node, after which the parser is in `then`.
    fn node(&mut self, then: State, block: bool, indentless: bool) -> Next<'a> {
        self.outer.push(then);
        let start = self.scanner.peek()?.start;
        let (mut anchor, mut tag, mut end) = (None, None, start);
        loop {
            match &self.scanner.peek()?.kind {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(*name),
                Kind::Tag(found) if tag.is_none() => tag = Some(*found),
                _ => break,
            }
            end = self.scanner.take()?.end;
        }
        let token = self.scanner.peek()?;
        let span = Span::new(start, token.end);
        let (event, state) = match &token.kind {
            Kind::Alias(name) if anchor.is_none() && tag.is_none() => {
                let event = Event::Alias(name);
                self.scanner.take()?;
                self.leave();
                return Ok((event, span));
            }
            Kind::Scalar { .. } => {
                self.leave();
                let Token { kind: Kind::Scalar { text, plain }, .. } = self.scanner.take()? else {
                    return self.unexpected("expected a value");
                };
                return Ok((Event::Scalar { text, plain, tag, anchor }, span));
            }
            Kind::Entry if indentless => {
                self.state = State::IndentlessItems;
                return Ok((Event::SequenceStart(anchor), span));
            }
            Kind::FlowSequenceStart => (Event::SequenceStart(anchor), State::FlowItems(true)),
            Kind::FlowMappingStart => (Event::MappingStart(anchor), State::FlowKey(true)),
            Kind::BlockSequenceStart if block => (Event::SequenceStart(anchor), State::Items),
            Kind::BlockMappingStart if block => (Event::MappingStart(anchor), State::Key),
            _ if anchor.is_some() || tag.is_some() => {
                self.leave();
                let event = Event::Scalar { text: "".into(), plain: tag.is_none(), tag, anchor };
                return Ok((event, Span::new(start, end)));
            }
            _ => return self.unexpected("expected a value"),
        };
        self.scanner.take()?;
        self.state = state;
        Ok((event, span))
    }

    fn items(&mut self) -> Next<'a> {
        let token = self.scanner.take()?;
        match token.kind {
            Kind::Entry => match self.scanner.peek()?.kind {
                Kind::Entry | Kind::BlockEnd => self.empty(State::Items, token.end),
                _ => self.node(State::Items, true, false),
            },
            Kind::BlockEnd => self.end(Event::SequenceEnd, &token),
            _ => wrong(&token, "expected `- ` at the column of the list's other items"),
        }
    }

    fn indentless_items(&mut self) -> Next<'a> {
        let token = self.scanner.peek()?;
        if token.kind != Kind::Entry {
            let at = token.start;
            self.leave();
            return Ok((Event::SequenceEnd, Span::new(at, at)));
        }
        let at = self.scanner.take()?.end;
        match self.scanner.peek()?.kind {
            Kind::Entry | Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(State::IndentlessItems, at),
            _ => self.node(State::IndentlessItems, true, false),
        }
    }

    fn key(&mut self) -> Next<'a> {
        let token = self.scanner.take()?;
        match token.kind {
            Kind::Key => match self.scanner.peek()?.kind {
                Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(State::Value, token.end),
                _ => self.node(State::Value, true, true),
            },
            Kind::BlockEnd => self.end(Event::MappingEnd, &token),
            _ => wrong(&token, "expected a key at the column of the map's other keys"),
        }
    }

    fn value(&mut self) -> Next<'a> {
        let token = self.scanner.peek()?;
        if token.kind != Kind::Value {
            let at = token.start;
            return self.empty(State::Key, at);
        }
        let at = self.scanner.take()?.end;
        match self.scanner.peek()?.kind {
            Kind::Key | Kind::Value | Kind::BlockEnd => self.empty(State::Key, at),
            _ => self.node(State::Key, true, true),
        }
    }

    fn flow_items(&mut self, first: bool) -> Next<'a> {
        if !first && self.scanner.peek()?.kind != Kind::FlowSequenceEnd {
            let token = self.scanner.take()?;
            if token.kind != Kind::Comma {
                return wrong(&token, "expected `,` or `]`");
            }
        }
        match self.scanner.peek()?.kind {
            Kind::FlowSequenceEnd => {
                let token = self.scanner.take()?;
                self.end(Event::SequenceEnd, &token)
            }
            Kind::Key => {
                let token = self.scanner.take()?;
                self.state = State::PairKey;
                Ok((Event::MappingStart(None), Span::new(token.start, token.end)))
            }
            _ => self.node(State::FlowItems(false), false, false),
        }
    }

    fn pair_key(&mut self) -> Next<'a> {
        let token = self.scanner.peek()?;
        match token.kind {
            Kind::Value | Kind::Comma | Kind::FlowSequenceEnd => {
                let at = token.end;
                self.scanner.take()?;
                self.empty(State::PairValue, at)
            }
            _ => self.node(State::PairValue, false, false),
        }
    }

    fn pair_value(&mut self) -> Next<'a> {
        if self.scanner.peek()?.kind == Kind::Value {
            self.scanner.take()?;
            if !matches!(self.scanner.peek()?.kind, Kind::Comma | Kind::FlowSequenceEnd) {
                return self.node(State::PairEnd, false, false);
            }
        }
        let at = self.scanner.peek()?.start;
        self.empty(State::PairEnd, at)
    }

    fn flow_key(&mut self, first: bool) -> Next<'a> {
        if !first && self.scanner.peek()?.kind != Kind::FlowMappingEnd {
            let token = self.scanner.take()?;
            if token.kind != Kind::Comma {
                return wrong(&token, "expected `,` or `}`");
            }
        }
        match self.scanner.peek()?.kind {
            Kind::FlowMappingEnd => {
                let token = self.scanner.take()?;
                self.end(Event::MappingEnd, &token)
            }
            Kind::Key => {
                self.scanner.take()?;
                let token = self.scanner.peek()?;
                match token.kind {
                    Kind::Value | Kind::Comma | Kind::FlowMappingEnd => {
                        let at = token.start;
                        self.empty(State::FlowValue, at)
                    }
                    _ => self.node(State::FlowValue, false, false),
                }
            }
            _ => self.node(State::FlowNoValue, false, false),
        }
    }

    fn flow_value(&mut self) -> Next<'a> {
        if self.scanner.peek()?.kind == Kind::Value {
            self.scanner.take()?;
            if !matches!(self.scanner.peek()?.kind, Kind::Comma | Kind::FlowMappingEnd) {
                return self.node(State::FlowKey(false), false, false);
            }
        }
        let at = self.scanner.peek()?.start;
        self.empty(State::FlowKey(false), at)
    }

    fn empty(&mut self, then: State, at: Position) -> Next<'a> {
        self.state = then;
        Ok((Event::Scalar { text: "".into(), plain: true, tag: None, anchor: None }, Span::new(at, at)))
    }

    fn end(&mut self, event: Event<'a>, token: &Token<'a>) -> Next<'a> {
        self.leave();
        Ok((event, Span::new(token.start, token.end)))
    }

    fn leave(&mut self) {
        self.state = self.outer.pop().unwrap_or(State::StreamEnd);
    }

    fn unexpected(&mut self, message: &str) -> Next<'a> {
        wrong(self.scanner.peek()?, message)
    }
}

fn wrong<'a>(token: &Token<'_>, message: &str) -> Next<'a> {
    Err(SyntaxError { at: token.start, message: message.to_owned() })
}
