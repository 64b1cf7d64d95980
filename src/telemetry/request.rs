//! What is posted to a receiver of OTLP, before it is compressed.

use bytes::Bytes;

use crate::gzip::Compressible;

/// The body of a request, and of how many figures or spans it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) items: u64,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Adds what is in another one behind it: all fields of these messages repeat, so one after the other is a message, too
    /// (<https://protobuf.dev/programming-guides/encoding/#last-one-wins>).
    pub(super) fn append(&mut self, other: &Self) {
        self.items += other.items;
        self.body.extend_from_slice(&other.body);
    }

    pub(super) fn gzip(self) -> Compressed {
        Compressed { items: self.items, body: Compressible::new(self.body).gzip().clone() }
    }
}

/// A body as it is posted: gzip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compressed {
    pub(super) items: u64,
    pub(super) body: Bytes,
}
