//! The bodies of answers: in memory already, so they are handed on, never copied; read from the disk piece by piece; or
//! events that come as they happen, which leave the server (see [`Handover`]).

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Version;
use http_body::{Frame, SizeHint};

use super::deadlines::Answering;
use super::disk_reads::FilePart;
use super::events::Events;
use super::handover::{BegunStream, Handover};
use crate::gzip::GzipStream;

/// An answer's body.
#[derive(Debug)]
pub(super) struct Body {
    content: Content,
    /// The connection is busy as long as this is here.
    answering: Option<Answering>,
}

/// What it holds.
#[derive(Debug)]
enum Content {
    Empty,
    Whole(Bytes),
    Pieces(VecDeque<Piece>),
    Events(Box<EventsToHandOver>),
    /// Events that are the connection's now.
    HandedOver,
}

/// Events whose head the server still has to write.
#[derive(Debug)]
struct EventsToHandOver {
    events: Events,
    handover: Rc<Handover>,
    is_chunked: bool,
    is_gzip: bool,
}

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// In memory.
    Bytes(Bytes),
    /// On the disk.
    File(FilePart),
}

impl Piece {
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File(part) => part.length(),
        }
    }
}

impl Body {
    /// None.
    pub(super) const EMPTY: Self = Self { content: Content::Empty, answering: None };

    /// One piece.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(bytes), answering: None }
    }

    /// Several pieces, one after the other.
    pub(super) fn pieces(pieces: VecDeque<Piece>) -> Self {
        Self { content: Content::Pieces(pieces), answering: None }
    }

    /// Events, as they come, which the connection itself writes to a peer that speaks this version.
    pub(super) fn events(events: Events, handover: Rc<Handover>, version: Version, is_gzip: bool) -> Self {
        let is_chunked = version >= Version::HTTP_11;
        let content = EventsToHandOver { events, handover, is_chunked, is_gzip };
        Self { content: Content::Events(Box::new(content)), answering: None }
    }

    /// Holds the connection busy until the body is handed over.
    pub(super) fn hold(&mut self, answering: Answering) {
        self.answering = Some(answering);
    }

    /// Gives events to their connection; nothing is left of them here.
    fn hand_over(&mut self) {
        if let Content::Events(content) = std::mem::replace(&mut self.content, Content::HandedOver)
            && let Some(answering) = self.answering.take()
        {
            let EventsToHandOver { events, handover, is_chunked, is_gzip } = *content;
            let gzip = is_gzip.then(GzipStream::default);
            handover.give(Box::new(BegunStream { events, answering, is_chunked, gzip }));
        }
    }

    #[cfg(test)]
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self.content {
            Content::Empty => Vec::new(),
            Content::Whole(bytes) => bytes.to_vec(),
            Content::Pieces(pieces) => {
                let bytes = pieces.into_iter().map(|piece| match piece {
                    Piece::Bytes(bytes) => bytes,
                    Piece::File(_) => unreachable!("no file is read in such a test"),
                });
                bytes.flatten().collect()
            }
            Content::Events(_) | Content::HandedOver => unreachable!("events have no end"),
        }
    }

    /// Bytes still to be sent, where that is known.
    fn length(&self) -> Option<u64> {
        match &self.content {
            Content::Empty => Some(0),
            Content::Whole(bytes) => Some(bytes.len() as u64),
            Content::Pieces(pieces) => Some(pieces.iter().map(|piece| piece.length() as u64).sum()),
            Content::Events(_) | Content::HandedOver => None,
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match &mut self.content {
            Content::Empty => None,
            Content::HandedOver => return Poll::Pending,
            Content::Pieces(pieces) => loop {
                match pieces.front_mut() {
                    Some(Piece::File(part)) => match ready!(part.poll_next(cx)) {
                        Some(Ok(piece)) => break Some(piece),
                        Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                        None => drop(pieces.pop_front()),
                    },
                    Some(Piece::Bytes(bytes)) => {
                        let bytes = std::mem::take(bytes);
                        pieces.pop_front();
                        break Some(bytes);
                    }
                    None => break None,
                }
            },
            Content::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.content = Content::Empty;
                Some(bytes)
            }
            Content::Events(_) => {
                self.hand_over();
                // The server flushes the head when there is nothing else to write.
                return Poll::Pending;
            }
        };
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.length() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length().map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}
