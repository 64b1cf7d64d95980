//! The files of a directory that are not served, and why: one bad name must not take the others with it.

use std::io;

/// How many of them are named.
const MAX_NAMED: usize = 20;

/// Why a file is skipped. The words are in `words`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SkipReason {
    /// URL paths are text.
    NotUtf8,
    /// No request is that long.
    TooLong,
    /// The box answers there itself.
    Reserved,
    /// The box answers there itself while an ERP is configured.
    OfErp,
    /// A link that leads out of the directory would publish files that nobody meant to.
    LinkOut,
    /// A link to nothing.
    BrokenLink,
    /// A link to a directory.
    LinkToDirectory,
    /// A socket, a FIFO or a device.
    NoFile,
    /// More large files than the process may keep open.
    TooManyOpen,
    /// It was written to or replaced while it was read.
    Changing,
    /// It could not be read.
    Read(io::ErrorKind),
}

impl From<io::Error> for SkipReason {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Changing,
            kind => Self::Read(kind),
        }
    }
}

/// What is skipped: all are counted, the first are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    total: usize,
    named: Vec<(String, SkipReason)>,
}

impl LeftOut {
    pub(super) fn new(mut all: Vec<(String, SkipReason)>) -> Self {
        let total = all.len();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.truncate(MAX_NAMED);
        Self { total, named: all }
    }

    /// Together with more.
    pub(super) fn and(&self, more: Vec<(String, SkipReason)>) -> Self {
        let total = self.total.saturating_add(more.len());
        Self { total, ..Self::new(self.named.iter().cloned().chain(more).collect()) }
    }

    /// How many.
    #[must_use]
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The first of them by their URL paths.
    #[must_use]
    pub(crate) fn named(&self) -> &[(String, SkipReason)] {
        &self.named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_are_named() {
        let many = |prefix: &str| (0..15).map(|number| (format!("/{prefix}{number:02}"), SkipReason::NoFile)).collect();
        let left_out = LeftOut::new(many("b")).and(many("a"));
        assert_eq!(left_out.total(), 30);
        assert_eq!(left_out.named().len(), MAX_NAMED);
        assert_eq!(left_out.named()[0].0, "/a00");
        assert_eq!(left_out.named()[19].0, "/b04");
    }
}
