//! Room on the disk. An update leaves some to everything else that the box writes.

use std::path::Path;

use thiserror::Error;

use crate::disk_space::DiskSpace;

/// Bytes that stay free.
pub(crate) const RESERVE: u64 = 64 * 1024 * 1024;
/// On a small file system, this part of it stays free instead.
const SHARE: u64 = 20;

/// There is not enough room.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("not enough room on the disk: {} MiB more have to be freed", missing.div_ceil(1024 * 1024))]
pub struct NoSpace {
    /// Bytes.
    pub(crate) missing: u64,
}

/// Whether this many bytes can be written below a directory, or the nearest one above it that exists, and the reserve
/// still be free. A file system that does not report it is taken to have room: writing fails then.
pub(crate) fn check(directory: &Path, needed: u64) -> Result<(), NoSpace> {
    let space = directory.ancestors().find_map(|directory| DiskSpace::at(directory).ok());
    space.map_or(Ok(()), |space| missing(space.total_bytes, space.free_bytes, needed))
}

/// What is missing when writing has already failed for want of room.
#[must_use]
pub(crate) fn ran_out(directory: &Path, needed: u64) -> NoSpace {
    check(directory, needed).err().unwrap_or(NoSpace { missing: needed.max(1) })
}

fn missing(total: u64, free: u64, needed: u64) -> Result<(), NoSpace> {
    let reserve = RESERVE.min(total / SHARE);
    match needed.saturating_add(reserve).saturating_sub(free) {
        0 => Ok(()),
        missing => Err(NoSpace { missing }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn the_reserve_stays_free() {
        assert_eq!(missing(8192 * MIB, 100 * MIB, 36 * MIB), Ok(()));
        assert_eq!(missing(8192 * MIB, 100 * MIB, 36 * MIB + 1), Err(NoSpace { missing: 1 }));
        assert_eq!(missing(100 * MIB, 10 * MIB, 5 * MIB), Ok(()));
        assert_eq!(missing(100 * MIB, 0, u64::MAX), Err(NoSpace { missing: u64::MAX }));
        let words = NoSpace { missing: 3 * MIB + 1 }.to_string();
        assert_eq!(words, "not enough room on the disk: 4 MiB more have to be freed");
    }

    #[test]
    fn the_nearest_directory_tells() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(check(&directory.path().join("not/yet/there"), 1), Ok(()));
        assert!(check(directory.path(), u64::MAX / 2).is_err());
    }
}
