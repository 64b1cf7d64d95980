//! What a wall is made of: what the poller knows.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::link::Link;
use super::part::Part;
use super::snapshot::Snapshot;

/// What the poller knows.
#[derive(Debug, Clone)]
pub(crate) struct Wall {
    pub(crate) link: Link,
    pub(crate) snapshot: Snapshot,
    pub(crate) periods: Periods,
    /// When it was known.
    pub(crate) at: Instant,
    /// What the box's clock showed then; `None` while it is not believed.
    pub(crate) clock: Option<Timestamp>,
}

impl Wall {
    /// What the box's clock shows: between two answers time goes on.
    pub(crate) fn clock_at(&self, now: Instant) -> Option<Timestamp> {
        self.clock?.checked_add(now.saturating_duration_since(self.at)).ok()
    }
}

/// How often each part is asked for now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Periods {
    pub(crate) fast: Duration,
    /// Of parts that [`Part::is_slow`].
    pub(crate) slow: Duration,
    /// Of `erp.extra_paths`.
    pub(crate) extra: Duration,
}

impl Periods {
    pub(crate) fn of(self, part: Part) -> Duration {
        if part.is_slow() { self.slow } else { self.fast }
    }
}
