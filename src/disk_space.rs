//! The room on a file system.

use std::path::Path;

use rustix::fs::{StatVfs, statvfs};
use rustix::io::Errno;

/// The room on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskSpace {
    /// Bytes that it holds.
    pub(crate) total_bytes: u64,
    /// Bytes that the box may still write: what is kept for root is not among them.
    pub(crate) free_bytes: u64,
}

impl DiskSpace {
    /// On the file system of a path. One that a dead server has may never answer.
    pub(crate) fn at(path: &Path) -> Result<Self, Errno> {
        statvfs(path).map(|figures| Self::of(&figures))
    }

    /// What statvfs(3) says: blocks are counted in units of `f_frsize`, or of `f_bsize` where a file system reports none.
    pub(crate) fn of(figures: &StatVfs) -> Self {
        let unit = if figures.f_frsize == 0 { figures.f_bsize } else { figures.f_frsize };
        Self { total_bytes: figures.f_blocks.saturating_mul(unit), free_bytes: figures.f_bavail.saturating_mul(unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_counted_in_fragments_or_else_in_blocks() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut figures = statvfs(directory.path()).expect("a file system");
        (figures.f_blocks, figures.f_bfree, figures.f_bavail) = (100, 50, 40);
        (figures.f_bsize, figures.f_frsize) = (4096, 512);
        assert_eq!(DiskSpace::of(&figures), DiskSpace { total_bytes: 51_200, free_bytes: 20_480 });
        figures.f_frsize = 0;
        assert_eq!(DiskSpace::of(&figures), DiskSpace { total_bytes: 409_600, free_bytes: 163_840 });
        figures.f_bavail = u64::MAX;
        assert_eq!(DiskSpace::of(&figures).free_bytes, u64::MAX);
        assert_eq!(DiskSpace::at(&directory.path().join("gone")), Err(Errno::NOENT));
    }
}
