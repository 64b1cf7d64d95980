//! The forms in which a binary travels: packed whole, or as the difference to another.

use std::io::{self, Cursor};

use qbsdiff::Bsdiff;

use super::error::ReleaseError;
use super::repository::sha256;
use crate::bounded_read::read_up_to;
use crate::update::stage::MAX_BINARY;

/// zstd's highest level. A binary is packed once and downloaded by every box; the window that it asks of a box is the
/// binary's own size.
const LEVEL: i32 = 22;

/// Packs a binary.
pub(super) fn full(bytes: &[u8]) -> Result<Vec<u8>, ReleaseError> {
    let pack = || -> io::Result<Vec<u8>> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        compressor.compress(bytes)
    };
    pack().map_err(|source| ReleaseError::File { operation: "pack", path: "zstd".into(), source })
}

/// The difference between two binaries, in bsdiff's form.
pub(super) fn delta(from: &[u8], to: &[u8]) -> Result<Vec<u8>, ReleaseError> {
    let mut patch = Vec::new();
    Bsdiff::new(from, to)
        .compression_level(9)
        .compare(Cursor::new(&mut patch))
        .map_err(|source| ReleaseError::File { operation: "compute", path: "bsdiff".into(), source })?;
    Ok(patch)
}

/// Unpacks a binary; `None` when it is not the one with this digest.
pub(super) fn unpack(packed: &[u8], raw_sha256: &str) -> Option<Vec<u8>> {
    let bytes = zstd::Decoder::new(packed).and_then(|decoder| read_up_to(decoder, MAX_BINARY)).ok()?;
    (hex::encode(sha256(&bytes)) == raw_sha256).then_some(bytes)
}

/// The name of a packed binary among the targets.
pub(super) fn full_name(version: &semver::Version, platform: &str) -> String {
    format!("workshop-edge-{version}-{platform}.zst")
}

/// The name of a difference among the targets.
pub(super) fn delta_name(version: &semver::Version, platform: &str, from_sha256: &str) -> String {
    let from = from_sha256.get(..16).unwrap_or(from_sha256);
    format!("workshop-edge-{version}-{platform}.from-{from}.qbsdiff")
}
