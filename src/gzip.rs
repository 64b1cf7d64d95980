//! gzip (RFC 1952) of what many get: compressed once, also where it is a piece of streams that began at different moments.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of a member's header without name (RFC 1952 section 2.3).
const HEADER: usize = 10;
/// Of a checksum and a length.
const TRAILER: usize = 8;
/// A last block (RFC 1951 section 3.2.6) with nothing in it.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Bytes that are sent as they are, or compressed.
#[derive(Debug)]
pub(crate) struct Compressible {
    plain: Bytes,
    /// Once somebody has asked for it.
    member: OnceLock<Member>,
}

/// A whole gzip file, whose last block is empty: what is before that is a piece of any stream.
#[derive(Debug)]
struct Member {
    bytes: Bytes,
    checksum: Hasher,
}

impl Compressible {
    pub(crate) fn new(plain: impl Into<Bytes>) -> Arc<Self> {
        Arc::new(Self { plain: plain.into(), member: OnceLock::new() })
    }

    pub(crate) fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// As a whole gzip file.
    pub(crate) fn gzip(&self) -> &Bytes {
        &self.member().bytes
    }

    fn member(&self) -> &Member {
        self.member.get_or_init(|| Member::of(&self.plain))
    }
}

impl Member {
    fn of(plain: &[u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::default());
        // The flush ends what is before it on the boundary of a byte, and nothing is left for the last block.
        let bytes = encoder.write_all(plain).and_then(|()| encoder.flush()).and_then(|()| encoder.finish());
        let mut checksum = Hasher::new();
        checksum.update(plain);
        // A vector takes everything.
        Self { bytes: bytes.unwrap_or_default().into(), checksum }
    }

    /// The blocks before the last, with the header where a stream begins with them.
    fn piece(&self, is_first: bool) -> Bytes {
        let begin = if is_first { 0 } else { HEADER };
        let end = self.bytes.len().saturating_sub(LAST_BLOCK.len() + TRAILER);
        self.bytes.slice(begin.min(end)..end)
    }
}

/// One gzip file that grows by pieces which others get too.
#[derive(Debug, Default)]
pub(crate) struct GzipStream {
    is_begun: bool,
    checksum: Hasher,
    /// Of all that was appended, modulo 2^32.
    length: u32,
}

impl GzipStream {
    /// What is sent of a piece. No block of it refers to an earlier piece, so it is the same for every stream.
    pub(crate) fn append(&mut self, piece: &Compressible) -> Bytes {
        let member = piece.member();
        let bytes = member.piece(!std::mem::replace(&mut self.is_begun, true));
        self.checksum.combine(&member.checksum);
        let length = u32::try_from(piece.plain.len() & 0xffff_ffff).unwrap_or_default();
        self.length = self.length.wrapping_add(length);
        bytes
    }

    /// What ends it; nothing where it never began.
    pub(crate) fn end(&mut self) -> Bytes {
        if !self.is_begun {
            return Bytes::new();
        }
        let checksum = self.checksum.clone().finalize();
        [&LAST_BLOCK[..], &checksum.to_le_bytes(), &self.length.to_le_bytes()].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    use super::*;

    fn decoded(bytes: &[u8]) -> Vec<u8> {
        let (mut decoder, mut plain) = (GzDecoder::new(bytes), Vec::new());
        decoder.read_to_end(&mut plain).expect("a whole file with the right checksum");
        assert!(decoder.into_inner().is_empty(), "nothing is behind it");
        plain
    }

    fn pieces(texts: &[Vec<u8>]) -> Vec<Arc<Compressible>> {
        texts.iter().cloned().map(Compressible::new).collect()
    }

    #[test]
    fn whoever_joins_later_gets_the_same_bytes() {
        let pieces = pieces(&[b"retry: 2000\n\n".to_vec(), b"data: 1\n\n".repeat(100), b"data: 2\n\n".to_vec()]);
        let (mut early, mut late) = (GzipStream::default(), GzipStream::default());
        early.append(&pieces[0]);
        early.append(&pieces[1]);
        late.append(&pieces[0]);
        assert_eq!(early.append(&pieces[2]), late.append(&pieces[2]));
        assert_ne!(early.end(), late.end(), "they have had different pieces");
        assert!(GzipStream::default().end().is_empty());
    }

    proptest! {
        #[test]
        fn pieces_are_readable_at_once_and_make_a_whole_file(texts in prop::collection::vec(prop::collection::vec(0_u8..9, 0..300), 1..6)) {
            let (mut stream, mut inflate) = (GzipStream::default(), Decompress::new(false));
            let mut file = Vec::new();
            for (index, piece) in pieces(&texts).iter().enumerate() {
                prop_assert_eq!(decoded(piece.gzip()), piece.plain().to_vec());
                let bytes = stream.append(piece);
                let mut plain = Vec::with_capacity(1000);
                let blocks = &bytes[if index == 0 { HEADER } else { 0 }..];
                inflate.decompress_vec(blocks, &mut plain, FlushDecompress::Sync).expect("blocks");
                prop_assert_eq!(&plain, &texts[index], "before the next piece");
                file.extend_from_slice(&bytes);
            }
            file.extend_from_slice(&stream.end());
            prop_assert_eq!(decoded(&file), texts.concat());
        }
    }
}
