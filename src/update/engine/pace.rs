//! How long to wait for the next check: so that the boxes of all workshops do not ask at once, and a bucket in trouble
//! is left in peace.

use std::time::Duration;

/// The longest wait after failures.
const LONGEST: Duration = Duration::from_secs(3600);

/// The wait.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    failures: u32,
}

impl Pace {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, failures: 0 }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub(super) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// The time until the next check: between half and one and a half of the interval, which doubles with each failure
    /// after the second, up to an hour (or the interval itself where that is longer).
    pub(super) fn wait(&self) -> Duration {
        self.wait_at(fraction())
    }

    fn wait_at(&self, fraction: f64) -> Duration {
        let doublings = self.failures.saturating_sub(2).min(16);
        let mean = self.every.saturating_mul(1 << doublings).min(LONGEST.max(self.every));
        mean.mul_f64(0.5 + fraction)
    }

    /// The time until the first check: soon, but not of all boxes at once when the current comes back to a street.
    pub(super) fn first(&self) -> Duration {
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
        for _ in 0..10 {
            pace.failed();
            seen.push(waits(&pace).0);
        }
        assert_eq!(seen, [30, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        for _ in 0..100 {
            pace.failed();
        }
        assert_eq!(waits(&pace), (1800, 5400));
        pace.succeeded();
        assert_eq!(waits(&pace), (30, 90));
        let weekly = Pace { every: Duration::from_secs(604_800), failures: 50 };
        assert_eq!(weekly.wait_at(0.5).as_secs(), 604_800);
        assert!(pace.first() <= Duration::from_secs(20));
    }
}
