//! A stream of events leaves the HTTP server when its head is written: the server's two buffers are most of what a
//! connection costs, and a stream needs none of them.

use std::cell::Cell;
use std::fmt;

use super::deadlines::Answering;
use super::events::Events;
use crate::gzip::GzipStream;

/// Where a connection's task finds the stream of events that its server has begun.
#[derive(Default)]
pub(super) struct Handover(Cell<Option<Box<BegunStream>>>);

/// A stream whose head is in the server's hands.
#[derive(Debug)]
pub(super) struct BegunStream {
    pub(super) events: Events,
    pub(super) answering: Answering,
    /// Whether its pieces are chunks (RFC 9112 section 7.1); else the end of the connection is its end.
    pub(super) is_chunked: bool,
    /// Where it is compressed.
    pub(super) gzip: Option<GzipStream>,
}

impl Handover {
    pub(super) fn give(&self, stream: Box<BegunStream>) {
        stream.answering.wait_for_flush();
        self.0.set(Some(stream));
    }

    /// The stream, once its head is on its way.
    pub(super) fn take(&self) -> Option<Box<BegunStream>> {
        let stream = self.0.take()?;
        if stream.answering.is_flushed() {
            return Some(stream);
        }
        self.0.set(Some(stream));
        None
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handover")
    }
}
