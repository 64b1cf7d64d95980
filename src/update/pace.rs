//! How long to wait for the next check: so that the boxes of all workshops do not ask at once, and a bucket in trouble
//! is left in peace.

use std::time::Duration;

/// The longest wait for a repository that does not answer. A bucket that could take all boxes before can take a tenth
/// of them while it is in trouble; a longer wait would delay a rollback by hours after it has recovered.
const UNANSWERED: Duration = Duration::from_secs(600);
/// Over how long boxes are spread that all wait for the same moment, where the interval is not shorter.
const SPREAD: Duration = Duration::from_secs(300);

/// The wait.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    /// Checks without an answer, one after another.
    unanswered: u32,
}

impl Pace {
    /// With the mean time between two checks.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self { every, unanswered: 0 }
    }

    /// The repository has answered.
    pub fn succeeded(&mut self) {
        self.unanswered = 0;
    }

    /// It has not, or not with what can be believed.
    pub fn failed(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// The time until the next check: between half and one and a half of the interval, by `jitter` (0 to 1). That
    /// doubles with each failure after the second, up to ten minutes (or the interval itself where that is longer).
    #[must_use]
    pub fn wait(&self, jitter: f64) -> Duration {
        backoff(self.every, self.unanswered, UNANSWERED).mul_f64(0.5 + jitter)
    }

    /// The time until a check that is due for a version whose time comes in `left`: soon after it. A wave opens for all
    /// of its boxes in the same second, and so does the night for all workshops of a country: they come one after
    /// another.
    #[must_use]
    pub fn after(&self, left: Duration, jitter: f64) -> Duration {
        let spread = self.every.min(SPREAD).mul_f64(jitter);
        // A time that has come is not asked for in a circle.
        left.saturating_add(spread).max(Duration::from_secs(1))
    }

    /// The time until the first check: soon, but not of all boxes at once when power returns to a street.
    #[must_use]
    pub fn first(&self, jitter: f64) -> Duration {
        self.every.min(Duration::from_secs(20)).mul_f64(jitter)
    }
}

/// The mean wait after so many failures, one after another: `every`, doubled with each after the second, up to `max`
/// (or `every` where that is longer).
pub(super) fn backoff(every: Duration, failures: u32, max: Duration) -> Duration {
    let doublings = failures.saturating_sub(2).min(16);
    every.saturating_mul(1 << doublings).min(max.max(every))
}

/// From 0 to 1. Without the kernel's random numbers, the middle.
#[must_use]
pub fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_spread_and_failures_slow_them_down() {
        let mut pace = Pace::new(Duration::from_secs(60));
        let waits = |pace: &Pace| (pace.wait(0.0).as_secs(), pace.wait(1.0).as_secs());
        assert_eq!(waits(&pace), (30, 90));
        let mut seen = Vec::new();
        for _ in 0..8 {
            pace.failed();
            seen.push(waits(&pace).0);
        }
        assert_eq!(seen, [30, 30, 60, 120, 240, 300, 300, 300]);
        for _ in 0..100 {
            pace.failed();
        }
        assert_eq!(waits(&pace), (300, 900));
        pace.succeeded();
        assert_eq!(waits(&pace), (30, 90));
        let weekly = Pace { every: Duration::from_secs(604_800), unanswered: 50 };
        assert_eq!(weekly.wait(0.5).as_secs(), 604_800);
        assert_eq!(pace.first(1.0), Duration::from_secs(20));
    }

    #[test]
    fn boxes_that_wait_for_the_same_moment_do_not_come_at_it() {
        let seconds = |every: u64, left: u64, fraction: f64| {
            Pace::new(Duration::from_secs(every)).after(Duration::from_secs(left), fraction).as_secs()
        };
        assert_eq!((seconds(60, 20, 0.0), seconds(60, 20, 0.5), seconds(60, 20, 1.0)), (20, 50, 80));
        assert_eq!((seconds(86_400, 20, 0.0), seconds(86_400, 20, 1.0)), (20, 320));
        assert_eq!(seconds(60, 0, 0.0), 1);
        let pace = Pace::new(Duration::from_secs(60));
        let soon: Vec<_> = (0..1000).map(|_| pace.after(Duration::from_secs(5), jitter())).collect();
        assert!(soon.iter().all(|wait| *wait >= Duration::from_secs(5)), "before the moment: {soon:?}");
        let most = (5..90).map(|second| soon.iter().filter(|wait| wait.as_secs() == second).count()).max();
        assert!(most.is_some_and(|most| most < 100), "{most:?} of 1000 in one second");
    }
}
