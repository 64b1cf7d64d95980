//! The content of an answer, as it comes.

use bytes::{Bytes, BytesMut};

use super::TransportError;
use super::reader::Reader;
use crate::outbound::Stream;

/// Bytes of an answer that nobody wants which are read so that the connection can be kept.
const MAX_DISCARDED: u64 = 64 * 1024;

/// The content of a target, piece by piece.
#[derive(Debug)]
pub struct Body {
    /// The byte of the object that it starts with.
    pub start: u64,
    /// The bytes of the whole object, as the server says.
    pub length: Option<u64>,
    /// What distinguishes this state of the object from others; see [`super::Transport::target`].
    pub validator: Option<String>,
    pieces: Pieces,
}

#[derive(Debug)]
enum Pieces {
    Web(Box<Stream>),
    File(Reader),
}

impl Body {
    pub(super) fn web(stream: Stream, start: u64, length: Option<u64>, validator: Option<String>) -> Self {
        Self { start, length, validator, pieces: Pieces::Web(Box::new(stream)) }
    }

    pub(super) fn file(reader: Reader, start: u64, length: u64, validator: Option<String>) -> Self {
        Self { start, length: Some(length), validator, pieces: Pieces::File(reader) }
    }

    /// The next piece; `None` at the end. It is an error when the server ends before it said it would, or sends too
    /// little for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.pieces {
            Pieces::Web(stream) => Ok(stream.next().await?),
            Pieces::File(reader) => reader.next().await,
        }
    }

    /// All of it, when it is `most` bytes at most.
    pub(crate) async fn whole(mut self, most: u64) -> Result<Bytes, TransportError> {
        let too_large = |body: &Self| TransportError::TooLarge { place: body.place(), most };
        if self.length.is_some_and(|length| length > most) {
            return Err(too_large(&self));
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if (whole.len() as u64).saturating_add(piece.len() as u64) > most {
                return Err(too_large(&self));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Reads it to its end when that is near.
    pub(super) async fn discard(mut self) {
        let mut bytes = 0;
        while let Ok(Some(piece)) = self.next().await {
            bytes += piece.len() as u64;
            if bytes > MAX_DISCARDED {
                return;
            }
        }
    }

    fn place(&self) -> String {
        match &self.pieces {
            Pieces::Web(stream) => stream.place().to_owned(),
            Pieces::File(reader) => reader.place(),
        }
    }
}
