//! Where an unpacked binary goes: never more than it has, and its digest with it.

use std::io::{self, Write};

use crate::digest::Sha256;

/// Writes on, up to a number of bytes.
pub(super) struct Sink<W> {
    inner: W,
    digest: Sha256,
    left: u64,
}

impl<W: Write> Sink<W> {
    pub(super) fn new(inner: W, size: u64) -> Self {
        Self { inner, digest: Sha256::new(), left: size }
    }

    /// Where it was written to, and the digest, when all the bytes came.
    pub(super) fn finish(self) -> Option<(W, String)> {
        (self.left == 0).then(|| (self.inner, self.digest.finish()))
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more bytes than the binary has"));
        }
        let written = self.inner.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.left = self.left.saturating_sub(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_all_and_no_more() {
        let mut sink = Sink::new(Vec::new(), 3);
        sink.write_all(b"ab").expect("room");
        assert!(sink.write_all(b"cd").is_err());
        assert!(Sink::new(Vec::new(), 1).finish().is_none());
        sink.write_all(b"c").expect("room");
        let (bytes, digest) = sink.finish().expect("whole");
        assert_eq!((bytes.as_slice(), digest), (b"abc".as_slice(), crate::digest::of(b"abc")));
    }
}
