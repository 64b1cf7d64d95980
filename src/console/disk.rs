//! The room on the file system of the data directory.

use std::path::Path;

use super::status::Disk;

impl Disk {
    /// Asks the file system that holds `directory`, or that will when the directory is made.
    #[must_use]
    pub fn of(directory: &Path) -> Option<Self> {
        directory.ancestors().find_map(|directory| {
            let answer = rustix::fs::statvfs(directory).ok()?;
            // POSIX statvfs: block counts are in units of f_frsize; f_bavail is what is left for others than root.
            Some(Self {
                total_bytes: answer.f_blocks.saturating_mul(answer.f_frsize),
                free_bytes: answer.f_bavail.saturating_mul(answer.f_frsize),
            })
        })
    }

    /// Whether the figures are the same to a hundredth of the whole: a disk that is written to has others every second,
    /// which is no news.
    pub(super) fn is_about(self, other: Self) -> bool {
        self.total_bytes == other.total_bytes && self.free_bytes.abs_diff(other.free_bytes) <= self.total_bytes / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_not_there_yet_is_measured_by_its_parent() {
        let parent = tempfile::tempdir().expect("a directory");
        let disk = Disk::of(parent.path()).expect("a file system");
        assert!(disk.total_bytes > 0 && disk.free_bytes <= disk.total_bytes);
        let child = Disk::of(&parent.path().join("data/deep")).expect("a file system");
        assert_eq!(child.total_bytes, disk.total_bytes);
    }

    #[test]
    fn a_few_written_files_are_no_news() {
        let disk = |free_bytes| Disk { total_bytes: 32_000_000_000, free_bytes };
        assert!(disk(27_900_000_000).is_about(disk(27_800_000_000)));
        assert!(!disk(27_900_000_000).is_about(disk(27_500_000_000)));
        assert!(!disk(5).is_about(Disk { total_bytes: 31_000_000_000, free_bytes: 5 }));
    }
}
