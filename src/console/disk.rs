//! The room on the file system of the data directory.

use super::status::Disk;

impl Disk {
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
    fn a_few_written_files_are_no_news() {
        let disk = |free_bytes| Disk { total_bytes: 32_000_000_000, free_bytes };
        assert!(disk(27_900_000_000).is_about(disk(27_800_000_000)));
        assert!(!disk(27_900_000_000).is_about(disk(27_500_000_000)));
        assert!(!disk(5).is_about(Disk { total_bytes: 31_000_000_000, free_bytes: 5 }));
    }
}
