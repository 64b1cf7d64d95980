//! What distinguishes one content of a file from the next, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

/// What changes whenever the content of a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) length: u64,
    /// Seconds and nanoseconds.
    pub(super) modified: (i64, i64),
    /// Catches what sets the time of modification back: a copy, or a file renamed over another.
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether it is of the same content, as an open file sees it: the time of change moves with the last name of a file
    /// that is replaced, too, which leaves the open one as it is.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        (self.length, self.modified) == (other.length, other.modified)
    }
}
