//! How long to wait before another responder is started.

use std::time::Duration;

use tokio::time::Instant;

/// From the second start in a row.
const FIRST: Duration = Duration::from_secs(2);
const LAST: Duration = Duration::from_secs(300);
/// After so long without a fresh start, the next one is the first of a row again. It is longer than
/// the longest wait, so that trouble that comes back each time is never met without one.
const CALM: Duration = Duration::from_secs(600);

/// No wait for the first fresh start, then ever longer ones.
#[derive(Debug)]
pub(super) struct BackOff {
    next: Duration,
    not_before: Instant,
}

impl BackOff {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: Duration::ZERO, not_before: now }
    }

    /// A responder has ended against our will, or could not be started.
    pub(super) fn ended(&mut self, now: Instant) {
        if now.saturating_duration_since(self.not_before) >= CALM {
            self.next = Duration::ZERO;
        }
        self.not_before = now + self.next;
        self.next = (self.next * 2).clamp(FIRST, LAST);
    }

    /// When another may be started.
    pub(super) fn not_before(&self) -> Instant {
        self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_that_comes_back_is_met_ever_later() {
        let mut now = Instant::now();
        let mut back_off = BackOff::new(now);
        let waits: Vec<u64> = (0..11)
            .map(|_| {
                // It works for a minute, and then it does not.
                now = back_off.not_before() + Duration::from_secs(60);
                back_off.ended(now);
                (back_off.not_before() - now).as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn a_calm_time_is_forgiven() {
        let mut now = Instant::now();
        let mut back_off = BackOff::new(now);
        back_off.ended(now);
        back_off.ended(now);
        now = back_off.not_before() + CALM;
        back_off.ended(now);
        assert_eq!(back_off.not_before(), now);
    }
}
