//! One partition onto another disk, byte by byte, and read back.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use ring::digest::{Context, Digest, SHA256};
use rustix::fs::{Advice, fadvise};

use super::gpt::SECTOR;

/// Bytes at once.
const PIECE: usize = 1 << 20;

/// Bytes of a disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// From where on.
    pub(super) at: u64,
    /// How many.
    pub(super) bytes: u64,
}

/// Copies, with another serial number for the FAT that is in it; returns the digest of what was written. `done` is
/// called with the bytes of each piece.
pub(super) fn copy(
    from: (&File, Extent),
    to: (&File, u64),
    serial: [u8; 4],
    mut done: impl FnMut(u64),
) -> io::Result<Digest> {
    let ((source, extent), (target, target_at)) = (from, to);
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    let mut paths: &[u64] = &[];
    let mut at = 0;
    while at < extent.bytes {
        let length = usize::try_from(extent.bytes - at).unwrap_or(PIECE).min(PIECE);
        let bytes = piece.get_mut(..length).unwrap_or_default();
        source.read_exact_at(bytes, extent.at + at)?;
        if at == 0 {
            paths = serial_places(bytes);
        }
        for place in paths.iter().filter_map(|place| place.checked_sub(at)) {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            if let Some(here) = bytes.get_mut(place..place.saturating_add(4)) {
                here.copy_from_slice(&serial);
            }
        }
        target.write_all_at(bytes, target_at + at)?;
        context.update(bytes);
        at += length as u64;
        done(length as u64);
    }
    Ok(context.finish())
}

/// The digest of what is on a disk, not of what is in memory of it.
pub(super) fn read_back(disk: &File, extent: Extent, mut done: impl FnMut(u64)) -> io::Result<Digest> {
    // Only what is on the disk already can be dropped from memory: the caller has synced it.
    fadvise(disk, extent.at, std::num::NonZeroU64::new(extent.bytes), Advice::DontNeed)?;
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    while at < extent.bytes {
        let length = usize::try_from(extent.bytes - at).unwrap_or(PIECE).min(PIECE);
        let bytes = piece.get_mut(..length).unwrap_or_default();
        disk.read_exact_at(bytes, extent.at + at)?;
        context.update(bytes);
        at += length as u64;
        done(length as u64);
    }
    Ok(context.finish())
}

/// Where a FAT keeps its serial number (Microsoft's FAT specification, sections 3.2 and 3.3): in its first sector, and
/// that of FAT32 in the copy of the first sector too.
fn serial_places(bytes: &[u8]) -> &'static [u64] {
    const FAT16: &[u64] = &[39];
    const FAT32: &[u64] = &[67, 6 * SECTOR + 67];
    if bytes.get(54..59) == Some(b"FAT16") {
        FAT16
    } else if bytes.get(82..87) == Some(b"FAT32") {
        FAT32
    } else {
        &[]
    }
}
