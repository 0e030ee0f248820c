use crate::core::Items;
use bytes::Bytes;
use futures::Stream;
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A response's body: whole, a list piece by piece, or a watch's frames as they are pulled.
pub struct Body(Kind);

/// What of a list is copied at a time.
const PIECE: usize = 64 << 10;

enum Kind {
    Whole(Full<Bytes>),
    Pieces { first: Bytes, items: Items },
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Body {
    pub(super) fn pieces(first: Vec<u8>, items: Items) -> Self {
        Self(Kind::Pieces { first: first.into(), items })
    }

    pub(super) fn stream(frames: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Stream(Box::pin(frames)))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Whole(Full::new(bytes.into())))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().0 {
            Kind::Whole(body) => Pin::new(body).poll_frame(cx),
            Kind::Pieces { first, items } => {
                let piece = if first.is_empty() {
                    items.next_piece(PIECE).map(Bytes::from)
                } else {
                    Some(std::mem::take(first))
                };
                Poll::Ready(piece.map(|b| Ok(Frame::data(b))))
            }
            Kind::Stream(frames) => frames.as_mut().poll_next(cx).map(|f| f.map(|b| Ok(Frame::data(b)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(body) => body.is_end_stream(),
            Kind::Pieces { first, items } => first.is_empty() && items.is_empty(),
            Kind::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(body) => body.size_hint(),
            Kind::Pieces { first, items } => {
                SizeHint::with_exact(u64::try_from(first.len() + items.len()).unwrap_or(u64::MAX))
            }
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Kind::Whole(_) => "Body(whole)",
            Kind::Pieces { .. } => "Body(pieces)",
            Kind::Stream(_) => "Body(stream)",
        })
    }
}
