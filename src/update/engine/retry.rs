//! When a version that could not be had, or that root has refused, is tried again: less and less often.

use std::time::Duration;

use tokio::time::Instant;

use super::event::Moment;
use crate::update::pace::backoff;

/// The longest mean wait: each attempt may be a whole download.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The failed attempts at one version.
#[derive(Debug)]
pub(super) struct Retry {
    every: Duration,
    /// SHA-256 of the version.
    sha256: Option<String>,
    /// One after another.
    failures: u32,
    not_before: Option<Instant>,
    /// The last attempt failed, and nothing else has had its turn since.
    is_fresh: bool,
}

impl Retry {
    /// With the mean time between two checks.
    pub(super) fn new(every: Duration) -> Self {
        Self { every, sha256: None, failures: 0, not_before: None, is_fresh: false }
    }

    /// Counts for this file from now on: the failures of another say nothing about it.
    pub(super) fn about(&mut self, sha256: &str) {
        if self.sha256.as_deref() != Some(sha256) {
            *self = Self { sha256: Some(sha256.to_owned()), ..Self::new(self.every) };
        }
    }

    /// An attempt has failed.
    pub(super) fn failed(&mut self, now: Moment) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now.monotonic + self.wait(now.jitter));
        self.is_fresh = true;
    }

    /// There is nothing to try again.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.every);
    }

    /// Whether it is left alone for now.
    pub(super) fn rests(&self, now: Moment) -> bool {
        self.is_fresh || self.not_before.is_some_and(|at| now.monotonic < at)
    }

    /// Everything else has had its turn.
    pub(super) fn passed(&mut self) {
        self.is_fresh = false;
    }

    /// The wait that follows the failures so far: without any, that of every check.
    pub(super) fn wait(&self, jitter: f64) -> Duration {
        backoff(self.every, self.failures, MAX_WAIT).mul_f64(0.5 + jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_fails_rests_longer_and_longer_unless_it_is_another() {
        let mut now = Moment { monotonic: Instant::now(), wall: jiff::Timestamp::UNIX_EPOCH, jitter: 0.5 };
        let mut retry = Retry::new(Duration::from_secs(60));
        retry.about("one");
        assert!(!retry.rests(now));
        let mut rested = Vec::new();
        for _ in 0..9 {
            retry.failed(now);
            assert!(retry.rests(now), "for the other's turn");
            retry.passed();
            let since = now.monotonic;
            while retry.rests(now) {
                now.monotonic += Duration::from_secs(1);
            }
            rested.push(now.monotonic.duration_since(since).as_secs());
            retry.about("one");
        }
        assert_eq!(rested, [60, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        retry.failed(now);
        retry.about("another");
        assert!(!retry.rests(now));
        assert_eq!(retry.wait(0.5).as_secs(), 60);
    }
}
