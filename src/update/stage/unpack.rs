//! A binary from a verified download.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};

use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use thiserror::Error;

use super::sink::Sink;
use crate::bounded_read::read_bounded;
use crate::digest;
use crate::durable::{DurableError, Finished, Writer};
use crate::update::delta::{self, DeltaError};

/// Bytes that a packed binary may refer back to, of which memory is taken: a publisher packs within it.
pub(crate) const MAX_WINDOW: u64 = 32 * 1024 * 1024;
/// The permission bits of a binary.
const MODE: u32 = 0o755;
/// Bytes that are copied at once.
const PIECE: usize = 64 * 1024;

/// Why a download gives no binary.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// The file to read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The binary to write.
    #[error("cannot keep the new binary")]
    Write(#[from] DurableError),
    /// The packed binary.
    #[error("cannot unpack {}", path.display())]
    Zstd { path: PathBuf, source: FrameDecoderError },
    /// The same, in the middle; or the result cannot be written.
    #[error("cannot unpack {}", path.display())]
    Copy { path: PathBuf, source: io::Error },
    /// The difference.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// The binary that runs is not the one that the delta is made for.
    #[error("{} is not the binary that the delta starts from", .0.display())]
    Base(PathBuf),
    /// The result.
    #[error("what was unpacked is not the binary that the manifest names")]
    Digest,
}

impl UnpackError {
    /// Whether there was no room.
    pub(super) fn is_full(&self) -> bool {
        let is_full =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        match self {
            Self::Write(error) => error.is_full(),
            Self::Copy { source, .. } | Self::Delta(DeltaError::Apply(source)) => is_full(source),
            _ => false,
        }
    }
}

/// Unpacks a binary beside `new`.
pub(super) fn full(packed: &Path, new: &Path, sha256: &str, size: u64) -> Result<Finished, UnpackError> {
    let file = File::open(packed).map_err(|source| UnpackError::Read { path: packed.to_owned(), source })?;
    let decoder = StreamingDecoder::new_with_max_window_size(BufReader::new(file), MAX_WINDOW);
    let mut decoder = decoder.map_err(|source| UnpackError::Zstd { path: packed.to_owned(), source })?;
    into_file(new, sha256, size, |out| {
        let copy = |source| UnpackError::Copy { path: packed.to_owned(), source };
        let mut piece = vec![0; PIECE];
        loop {
            match decoder.read(&mut piece).map_err(copy)? {
                0 => return Ok(()),
                length => out.write_all(piece.get(..length).unwrap_or_default()).map_err(copy)?,
            }
        }
    })
}

/// Makes a binary beside `new` from another and the difference to it.
pub(super) fn delta(base: &Base, patch: &Path, new: &Path, sha256: &str, size: u64) -> Result<Finished, UnpackError> {
    let patch = read(patch, delta::MAX_PATCH)?;
    let bytes = read(&base.path, delta::MAX_BASE)?;
    if digest::of(&bytes) != base.sha256 {
        return Err(UnpackError::Base(base.path.clone()));
    }
    into_file(new, sha256, size, |out| Ok(delta::apply(&bytes, &patch, size, out)?))
}

/// The same binary from another file.
pub(super) fn copy(from: &Path, path: &Path, sha256: &str, size: u64) -> Result<Finished, UnpackError> {
    let read = |source| UnpackError::Read { path: from.to_owned(), source };
    let mut file = File::open(from).map_err(read)?;
    into_file(path, sha256, size, |out| {
        io::copy(&mut file, out).map_err(|source| UnpackError::Copy { path: from.to_owned(), source })?;
        Ok(())
    })
}

/// A binary that a delta starts from.
#[derive(Debug, Clone)]
pub struct Base {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its SHA-256, 64 lower-case hexadecimal digits.
    pub(crate) sha256: String,
}

fn into_file(
    path: &Path,
    sha256: &str,
    size: u64,
    fill: impl FnOnce(&mut Sink<Writer>) -> Result<(), UnpackError>,
) -> Result<Finished, UnpackError> {
    let mut sink = Sink::new(Writer::create(path, MODE)?, size);
    fill(&mut sink)?;
    match sink.finish() {
        Some((writer, digest)) if digest == sha256 => Ok(writer.finish()?),
        _ => Err(UnpackError::Digest),
    }
}

fn read(path: &Path, max: u64) -> Result<Vec<u8>, UnpackError> {
    read_bounded(path, max).map_err(|source| UnpackError::Read { path: path.to_owned(), source })
}
