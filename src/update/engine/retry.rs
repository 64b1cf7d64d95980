//! When an operating system that could not be brought, or that root has refused, is tried again: less and less often, and
//! the program has its turn first.

use std::time::Duration;

use tokio::time::Instant;

use crate::update::pace::Pace;

/// The wait.
pub(super) struct Retry {
    every: Duration,
    pace: Pace,
    /// SHA-256 of what it is about.
    of: Option<String>,
    /// When it may be tried again.
    at: Option<Instant>,
    /// It was in vain the last time that it was looked at.
    is_fresh: bool,
}

impl Retry {
    /// With the mean time between two checks.
    pub(super) fn new(every: Duration) -> Self {
        Self { every, pace: Pace::new(every), of: None, at: None, is_fresh: false }
    }

    /// It is about this file now; what was in vain with another is no matter of this one's.
    pub(super) fn about(&mut self, sha256: &str) {
        if self.of.as_deref() != Some(sha256) {
            *self = Self { of: Some(sha256.to_owned()), ..Self::new(self.every) };
        }
    }

    /// It was in vain.
    pub(super) fn in_vain(&mut self) {
        self.pace.brought_in_vain();
        self.at = Some(Instant::now() + self.pace.wait());
        self.is_fresh = true;
    }

    /// Whether it is left alone for now.
    pub(super) fn rests(&self) -> bool {
        self.is_fresh || self.at.is_some_and(|at| Instant::now() < at)
    }

    /// Everything else has had its turn.
    pub(super) fn passed(&mut self) {
        self.is_fresh = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_in_vain_rests_longer_and_longer_unless_it_is_another() {
        let mut retry = Retry::new(Duration::from_secs(60));
        retry.about("one");
        assert!(!retry.rests());
        let mut rested = Vec::new();
        for _ in 0..12 {
            retry.in_vain();
            assert!(retry.rests(), "for the program's turn");
            retry.passed();
            let since = Instant::now();
            while retry.rests() {
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            rested.push(since.elapsed().as_secs());
            retry.about("one");
        }
        assert!(rested.iter().all(|seconds| (30..=5401).contains(seconds)), "{rested:?}");
        assert!(rested.last().is_some_and(|seconds| *seconds >= 1800), "{rested:?}");
        retry.in_vain();
        retry.about("another");
        assert!(!retry.rests());
    }
}
