//! When the disk of the data directory is nearly full.

use crate::disk_space::DiskSpace;

/// An update takes up to 40 MiB while it is unpacked, and leaves 64 MiB to all else that the box writes: with less than this, the next
/// one may find no room.
const LOW: u64 = 128 * 1024 * 1024;
/// On a small disk, this part of it instead.
const SHARE: u64 = 10;

/// Whether there is little room, which ends only when there is half as much again: a disk at the edge does not flap.
#[derive(Debug, Default)]
pub(crate) struct LowSpace {
    is_low: bool,
}

impl LowSpace {
    /// Takes the newest figures; `Some` with the bytes that should be free while there is less.
    pub(crate) fn judge(&mut self, space: DiskSpace) -> Option<u64> {
        let DiskSpace { total_bytes, free_bytes } = space;
        let low = LOW.min(total_bytes / SHARE);
        let enough = if self.is_low { low + low / 2 } else { low };
        self.is_low = free_bytes < enough;
        self.is_low.then_some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_large_disk_is_low_below_128_mib_and_until_there_are_192() {
        let mut low = LowSpace::default();
        let mut judge = |free| low.judge(DiskSpace { total_bytes: 30_000 * MIB, free_bytes: free });
        assert_eq!(judge(128 * MIB), None);
        assert_eq!(judge(128 * MIB - 1), Some(128 * MIB));
        assert_eq!(judge(192 * MIB - 1), Some(128 * MIB));
        assert_eq!(judge(192 * MIB), None);
        assert_eq!(judge(128 * MIB), None);
    }

    #[test]
    fn a_small_disk_is_low_below_a_tenth_and_one_without_a_size_never() {
        let mut low = LowSpace::default();
        assert_eq!(low.judge(DiskSpace { total_bytes: 64 * MIB, free_bytes: 7 * MIB }), None);
        assert_eq!(low.judge(DiskSpace { total_bytes: 60 * MIB, free_bytes: 5 * MIB }), Some(6 * MIB));
        assert_eq!(low.judge(DiskSpace { total_bytes: 0, free_bytes: 0 }), None);
    }
}
