//! How much may be written to flash: a bucket that fills by the day's share and from which each write takes.

use std::time::{Duration, Instant};

/// Bytes that come into it in a day.
const PER_DAY: u64 = 14_000_000;
/// Bytes that it holds: after a quiet night, changes are written as fast as they may be for a while.
const CAPACITY: u64 = 4_000_000;
/// Bytes in it at a start, so that a box that starts again and again does not write more.
const AT_START: u64 = 500_000;
/// What a file system writes besides: a block that is not full, and the names with their journal.
const BLOCK: u64 = 4096;
const NAMES: u64 = 2 * BLOCK;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// At most 20 MB in any 24 hours, of one run: what it holds, what comes in, and a record that has grown meanwhile.
#[derive(Debug)]
pub(crate) struct WriteBudget {
    /// What was in it `since`.
    held: u64,
    since: Instant,
    /// What the last write took; the next is expected to take as much.
    last: u64,
}

impl WriteBudget {
    pub(crate) fn new(now: Instant) -> Self {
        Self { held: AT_START, since: now, last: 0 }
    }

    /// Whether there is enough for a write like the last.
    pub(crate) fn has_room(&self, now: Instant) -> bool {
        let held = self.held_at(now);
        held > 0 && held >= self.last.min(CAPACITY)
    }

    /// Takes a file of so many bytes from it.
    pub(crate) fn spend(&mut self, bytes: u64, now: Instant) {
        self.last = cost(bytes);
        self.held = self.held_at(now).saturating_sub(self.last);
        self.since = now;
    }

    fn held_at(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.since).as_millis();
        let filled = u128::from(PER_DAY) * passed / DAY.as_millis();
        self.held.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX)).min(CAPACITY)
    }
}

/// What a file of so many bytes costs on the disk.
fn cost(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).saturating_mul(BLOCK).saturating_add(NAMES)
}
