//! How long to wait for the next check: so that the boxes of all workshops do not ask at once, and a bucket in trouble
//! is left in peace.

use std::time::Duration;

/// The longest wait for a repository that does not answer. A bucket that could take all boxes before can take a tenth
/// of them while it is in trouble; longer, and they would hear of a rollback only hours after it is well again.
const UNANSWERED: Duration = Duration::from_secs(600);
/// The longest wait after versions that could not be brought here: each try may be a whole download.
const IN_VAIN: Duration = Duration::from_secs(3600);
/// Over how long boxes are spread that all wait for the same moment, where the interval is not shorter.
const SPREAD: Duration = Duration::from_secs(300);

/// The wait.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    /// Checks without an answer, one after another.
    unanswered: u32,
    /// Versions that could not be brought here, one after another: their checks were answered.
    in_vain: u32,
}

impl Pace {
    /// With the mean time between two checks.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self { every, unanswered: 0, in_vain: 0 }
    }

    /// The repository has answered.
    pub fn succeeded(&mut self) {
        self.unanswered = 0;
    }

    /// It has not, or not with what can be believed.
    pub fn failed(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// A version was brought here, or none is wanted.
    pub(crate) fn brought(&mut self) {
        self.in_vain = 0;
    }

    /// A version could not be brought here. An answer to the next check does not make that good.
    pub(crate) fn brought_in_vain(&mut self) {
        self.in_vain = self.in_vain.saturating_add(1);
    }

    /// The time until the next check: between half and one and a half of the interval. That doubles with each failure of
    /// a kind after the second: up to ten minutes without an answer, up to an hour when a version could not be brought
    /// here (or the interval itself where that is longer).
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait_at(fraction())
    }

    /// The same, where a version's time comes in `left`: soon after it, when that is sooner. A wave opens for all of
    /// its boxes in the same second, and so does the night for all workshops of a country: they come one after another.
    #[must_use]
    pub fn wait_for(&self, left: Duration) -> Duration {
        self.wait().min(self.after(left, fraction()))
    }

    fn after(&self, left: Duration, fraction: f64) -> Duration {
        let spread = self.every.min(SPREAD).mul_f64(fraction);
        // A time that has come is not asked for in a circle.
        left.saturating_add(spread).max(Duration::from_secs(1))
    }

    fn wait_at(&self, fraction: f64) -> Duration {
        let mean = |failures: u32, longest: Duration| {
            let doublings = failures.saturating_sub(2).min(16);
            self.every.saturating_mul(1 << doublings).min(longest.max(self.every))
        };
        mean(self.unanswered, UNANSWERED).max(mean(self.in_vain, IN_VAIN)).mul_f64(0.5 + fraction)
    }

    /// The time until the first check: soon, but not of all boxes at once when the current comes back to a street.
    #[must_use]
    pub fn first(&self) -> Duration {
        self.every.min(Duration::from_secs(20)).mul_f64(fraction())
    }
}

/// From 0 to 1. Without the kernel's random numbers, the middle.
fn fraction() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_spread_and_failures_slow_them_down() {
        let mut pace = Pace::new(Duration::from_secs(60));
        let waits = |pace: &Pace| (pace.wait_at(0.0).as_secs(), pace.wait_at(1.0).as_secs());
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
        let weekly = Pace { every: Duration::from_secs(604_800), unanswered: 50, in_vain: 50 };
        assert_eq!(weekly.wait_at(0.5).as_secs(), 604_800);
        assert!(pace.first() <= Duration::from_secs(20));
    }

    #[test]
    fn what_cannot_be_brought_here_is_tried_less_and_less_though_the_repository_answers() {
        let mut pace = Pace::new(Duration::from_secs(60));
        let mut seen = Vec::new();
        for _ in 0..9 {
            pace.succeeded();
            pace.brought_in_vain();
            seen.push(pace.wait_at(0.5).as_secs());
        }
        assert_eq!(seen, [60, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        pace.brought();
        assert_eq!(pace.wait_at(0.5).as_secs(), 60);
    }

    #[test]
    fn boxes_that_wait_for_the_same_moment_do_not_come_at_it() {
        let seconds = |every: u64, left: u64, fraction: f64| {
            Pace::new(Duration::from_secs(every)).after(Duration::from_secs(left), fraction).as_secs()
        };
        assert_eq!((seconds(60, 20, 0.0), seconds(60, 20, 0.5), seconds(60, 20, 1.0)), (20, 50, 80));
        assert_eq!((seconds(86_400, 20, 0.0), seconds(86_400, 20, 1.0)), (20, 320));
        assert_eq!(seconds(60, 0, 0.0), 1);
        // Never later than without it.
        let pace = Pace::new(Duration::from_secs(60));
        assert!((0..1000).all(|_| pace.wait_for(Duration::from_secs(3600)) <= Duration::from_secs(90)));
        let soon: Vec<_> = (0..1000).map(|_| pace.wait_for(Duration::from_secs(5))).collect();
        assert!(soon.iter().all(|wait| *wait >= Duration::from_secs(5)), "before the moment: {soon:?}");
        let most = (5..90).map(|second| soon.iter().filter(|wait| wait.as_secs() == second).count()).max();
        assert!(most.is_some_and(|most| most < 100), "{most:?} of 1000 in one second");
    }
}
