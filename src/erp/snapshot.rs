//! What the box knows of the ERP: one value, swapped whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::answer::Answer;
use super::counts::DayCounts;
use super::part::Part;

/// Periods without an answer after which a part is late, and what is added for the answer's own way.
const PERIODS: u32 = 3;
const GRACE: Duration = Duration::from_secs(10);

/// The moment that an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf(Moment);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Of this run, by the monotonic clock: the box's clock may be wrong, and may be set at any time.
    Seen(Instant),
    /// Of an earlier run, by the box's clock; `None` where that was not believed.
    Kept { wall: Option<Timestamp>, opened: Instant },
}

/// An answer and its moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held<T> {
    pub(crate) value: Arc<T>,
    pub(crate) as_of: AsOf,
}

/// What is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Snapshot {
    parts: [Option<Held<Answer>>; Part::ALL.len()],
    /// Completed orders by hour of the day of work.
    pub(crate) counts: Option<DayCounts>,
    /// `erp.extra_paths`, in the order of the configuration: the body as it came.
    pub(crate) extra: Vec<Option<Held<bytes::Bytes>>>,
}

impl Snapshot {
    pub(crate) fn part(&self, part: Part) -> Option<&Held<Answer>> {
        self.parts.get(part as usize).and_then(Option::as_ref)
    }

    pub(crate) fn set(&mut self, part: Part, held: Held<Answer>) {
        if let Some(place) = self.parts.get_mut(part as usize) {
            *place = Some(held);
        }
    }
}

impl<T> Held<T> {
    /// Of this moment.
    pub(crate) fn new(value: T, now: Instant) -> Self {
        Self { value: Arc::new(value), as_of: AsOf::seen(now) }
    }

    /// The same value, seen again.
    pub(crate) const fn again(value: Arc<T>, now: Instant) -> Self {
        Self { value, as_of: AsOf::seen(now) }
    }

    /// Whether it is older than a part that is asked for once in `period` should be, or of unknown age.
    pub(crate) fn is_late(&self, now: Instant, wall: Option<Timestamp>, period: Duration) -> bool {
        let most = period.saturating_mul(PERIODS).saturating_add(GRACE);
        self.as_of.age(now, wall).is_none_or(|age| age > most)
    }

    /// Whether it is too old to be shown. Where the age is unknown, it is what this run has had it for, at least.
    pub(crate) fn is_expired(&self, now: Instant, wall: Option<Timestamp>, max_stale: Duration) -> bool {
        self.as_of.age(now, wall).unwrap_or_else(|| self.as_of.min_age(now)) > max_stale
    }
}

impl AsOf {
    /// Of this run.
    pub(crate) const fn seen(at: Instant) -> Self {
        Self(Moment::Seen(at))
    }

    /// Of an earlier run, read at `opened`; `None` where the box's clock was not believed when it was written.
    pub(crate) const fn kept(wall: Option<Timestamp>, opened: Instant) -> Self {
        Self(Moment::Kept { wall, opened })
    }

    /// How long ago it was; `None` where no clock can tell: kept from an earlier run, and the box's clock was not or is
    /// not believed (`wall` is then `None`), or shows an earlier time.
    pub(crate) fn age(&self, now: Instant, wall: Option<Timestamp>) -> Option<Duration> {
        match self.0 {
            Moment::Seen(at) => Some(now.saturating_duration_since(at)),
            Moment::Kept { wall: then, .. } => Duration::try_from(wall?.duration_since(then?)).ok(),
        }
    }

    /// When it was, by the box's clock of today, to the second; `None` as for [`AsOf::age`].
    pub(crate) fn wall(&self, now: Instant, wall: Option<Timestamp>) -> Option<Timestamp> {
        let moment = wall?.checked_sub(self.age(now, wall)?).ok()?;
        Timestamp::from_second(moment.as_second()).ok()
    }

    /// What is written to the disk: the moment by the box's clock, `None` where that is not believed.
    pub(crate) fn to_keep(self, now: Instant, wall: Option<Timestamp>) -> Option<Timestamp> {
        match self.0 {
            Moment::Seen(_) => self.wall(now, wall),
            // What was known then is not known better now.
            Moment::Kept { wall: then, .. } => then,
        }
    }

    fn min_age(&self, now: Instant) -> Duration {
        let (Moment::Seen(since) | Moment::Kept { opened: since, .. }) = self.0;
        now.saturating_duration_since(since)
    }
}
