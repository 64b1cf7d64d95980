//! How much may be written to flash: a bucket that fills by the day's share and from which each write takes.

use std::time::{Duration, Instant};

/// How much one of those who write may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteShare {
    /// Bytes that come into the bucket in a day.
    per_day: u64,
    /// Bytes that it holds: after a quiet night, changes are written as fast as they may be for a while.
    capacity: u64,
    /// Bytes in it at a start, so that a box that starts again and again does not write more.
    at_start: u64,
}

impl WriteShare {
    /// Of what changes all day: at most 20 MB in any 24 hours, of one run.
    const CHANGES: Self = Self { per_day: 14_000_000, capacity: 4_000_000, at_start: 500_000 };
    /// Of what is written only while something else fails: at most 3 MB in any 24 hours, of one run.
    pub(crate) const EXCEPTION: Self = Self { per_day: 2_500_000, capacity: 400_000, at_start: 100_000 };
}

/// What a file system writes besides: a block that is not full, and the names with their journal.
const BLOCK: u64 = 4096;
const NAMES: u64 = 2 * BLOCK;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What it holds, what comes in, and a record that has grown meanwhile.
#[derive(Debug)]
pub(crate) struct WriteBudget {
    share: WriteShare,
    /// What was in it `since`; less than nothing after a write that took more than it held, which those after it wait for.
    held: i64,
    since: Instant,
    /// What the last write took; the next is expected to take as much.
    last: u64,
}

impl WriteBudget {
    pub(crate) fn new(now: Instant) -> Self {
        Self::of(WriteShare::CHANGES, now)
    }

    pub(crate) fn of(share: WriteShare, now: Instant) -> Self {
        Self { share, held: share.at_start.cast_signed(), since: now, last: 0 }
    }

    /// Whether there is enough for a write like the last.
    pub(crate) fn has_room(&self, now: Instant) -> bool {
        let held = self.held_at(now);
        held > 0 && held.cast_unsigned() >= self.last.min(self.share.capacity)
    }

    /// Takes a file of so many bytes from it.
    pub(crate) fn spend(&mut self, bytes: u64, now: Instant) {
        self.last = cost(bytes);
        self.take(self.last, now);
    }

    /// Takes the removal of a file from it.
    pub(crate) fn spend_removal(&mut self, now: Instant) {
        self.take(NAMES, now);
    }

    fn take(&mut self, bytes: u64, now: Instant) {
        self.held = self.held_at(now).saturating_sub_unsigned(bytes);
        self.since = now;
    }

    fn held_at(&self, now: Instant) -> i64 {
        let passed = now.saturating_duration_since(self.since).as_millis();
        let filled = u128::from(self.share.per_day) * passed / DAY.as_millis();
        let held = self.held.saturating_add_unsigned(u64::try_from(filled).unwrap_or(u64::MAX));
        held.min(self.share.capacity.cast_signed())
    }
}

/// What a file of so many bytes costs on the disk.
fn cost(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).saturating_mul(BLOCK).saturating_add(NAMES)
}
