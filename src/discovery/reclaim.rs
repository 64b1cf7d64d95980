//! When a renamed box takes back the name that it wants.

use std::time::Duration;

use tokio::time::Instant;

/// Waits until the name has been free for long: its owner may only be restarting, and a box that
/// knows the name still has the owner's address in a cache.
#[derive(Debug)]
pub(super) struct Reclaim {
    after: Duration,
    free_since: Option<Instant>,
}

impl Reclaim {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, free_since: None }
    }

    /// Whether the time has come, now that somebody answers for the name or nobody.
    pub(super) fn is_due(&mut self, is_free: bool, now: Instant) -> bool {
        if !is_free {
            self.free_since = None;
            return false;
        }
        let is_due = now.saturating_duration_since(*self.free_since.get_or_insert(now)) >= self.after;
        if is_due {
            self.free_since = None;
        }
        is_due
    }

    /// Another network: nothing is known of it.
    pub(super) fn forget(&mut self) {
        self.free_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_that_comes_back_keeps_its_name() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut reclaim = Reclaim::new(Duration::from_secs(120));
        assert!(!reclaim.is_due(true, at(0)));
        assert!(!reclaim.is_due(true, at(119)));
        assert!(!reclaim.is_due(false, at(121)), "it is back");
        assert!(!reclaim.is_due(true, at(125)));
        assert!(!reclaim.is_due(true, at(244)));
        assert!(reclaim.is_due(true, at(245)));
        assert!(!reclaim.is_due(true, at(246)), "once");
    }
}
