//! An answer's content for a parser that reads: it is decoded, bounded, and looked at for a page, as it arrives.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc::Receiver;

/// Bytes of an answer at most, decoded: a hundred times a large shop's.
pub(super) const MAX_BODY: u64 = 8 << 20;

/// How the content is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

/// Why there is nothing to parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    TooLarge,
    /// It begins as a page does.
    Html,
}

/// The content.
pub(super) struct Body {
    content: Box<dyn Read + Send>,
    left: u64,
    has_begun: bool,
    fault: Option<BodyFault>,
}

impl Body {
    /// Of the pieces that arrive; their end is the end of the channel.
    pub(super) fn new(pieces: Receiver<Bytes>, coding: Coding) -> Self {
        let arriving = Arriving { pieces, piece: Bytes::new() };
        let content: Box<dyn Read + Send> = match coding {
            Coding::Identity => Box::new(arriving),
            Coding::Gzip => Box::new(MultiGzDecoder::new(arriving)),
        };
        Self { content, left: MAX_BODY, has_begun: false, fault: None }
    }

    /// Why reading ended before the end.
    pub(super) fn fault(&self) -> Option<BodyFault> {
        self.fault
    }

    fn fail(&mut self, fault: BodyFault) -> io::Error {
        self.fault = Some(fault);
        io::Error::other("the answer is of no use")
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = self.fault {
            return Err(self.fail(fault));
        }
        let count = self.content.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(self.fail(BodyFault::TooLarge)),
        }
        if !self.has_begun {
            let first = buffer.iter().take(count).find(|byte| !byte.is_ascii_whitespace());
            self.has_begun = first.is_some();
            if first == Some(&b'<') {
                return Err(self.fail(BodyFault::Html));
            }
        }
        Ok(count)
    }
}

/// The pieces as one.
struct Arriving {
    pieces: Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        if let Some(part) = buffer.get_mut(..count) {
            self.piece.copy_to_slice(part);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;
    use tokio::sync::mpsc;

    use super::*;

    fn read(pieces: &[&[u8]], coding: Coding) -> (io::Result<Vec<u8>>, Option<BodyFault>) {
        let (sender, receiver) = mpsc::channel(pieces.len().max(1));
        for piece in pieces {
            sender.try_send(Bytes::copy_from_slice(piece)).expect("room");
        }
        drop(sender);
        let mut body = Body::new(receiver, coding);
        let mut bytes = Vec::new();
        let end = body.read_to_end(&mut bytes);
        (end.map(|_| bytes), body.fault())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed")
    }

    #[test]
    fn pieces_become_one_whatever_their_coding() {
        let text = b"{\"total\": 3}".repeat(1000);
        for size in [1, 7, 4096] {
            let pieces: Vec<_> = text.chunks(size).collect();
            assert_eq!(read(&pieces, Coding::Identity).0.expect("read"), text);
            let packed = gzip(&text);
            let pieces: Vec<_> = packed.chunks(size).collect();
            assert_eq!(read(&pieces, Coding::Gzip).0.expect("read"), text);
        }
        assert!(read(&[&gzip(&text)[..40]], Coding::Gzip).0.is_err());
        assert_eq!(read(&[], Coding::Identity).0.expect("read"), b"");
    }

    #[test]
    fn more_than_there_may_be_is_refused_packed_too() {
        let most = vec![b' '; 8 << 20];
        assert_eq!(read(&[&most], Coding::Identity).0.expect("read").len(), most.len());
        let (end, fault) = read(&[&most, b" "], Coding::Identity);
        assert!(end.is_err());
        assert_eq!(fault, Some(BodyFault::TooLarge));
        let (end, fault) = read(&[&gzip(&vec![b' '; 100 << 20])], Coding::Gzip);
        assert!(end.is_err());
        assert_eq!(fault, Some(BodyFault::TooLarge));
    }

    #[test]
    fn a_page_is_known_by_its_beginning() {
        for pieces in [&[b"<!DOCTYPE html>".as_slice()][..], &[b" \r\n", b"\t<html>"]] {
            let (end, fault) = read(pieces, Coding::Identity);
            assert!(end.is_err());
            assert_eq!(fault, Some(BodyFault::Html));
        }
        assert_eq!(read(&[b"[\"<\"]"], Coding::Identity).1, None);
    }
}
