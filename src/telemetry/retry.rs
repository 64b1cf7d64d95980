//! When a delivery that has failed is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);

/// How often it has failed in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Retry(u32);

impl Retry {
    /// It has failed once more: the wait until the next attempt, never more than `longest`.
    pub(crate) fn failed(&mut self, longest: Duration) -> Duration {
        let wait = FIRST.saturating_mul(2_u32.saturating_pow(self.0)).min(LONGEST);
        self.0 = self.0.saturating_add(1);
        wait.min(longest)
    }

    /// It has worked; whether it had failed before.
    pub(crate) fn worked(&mut self) -> bool {
        std::mem::take(&mut self.0) > 0
    }

    /// Whether the last attempt is the first one that has failed.
    pub(crate) fn is_first(self) -> bool {
        self.0 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_and_are_bounded() {
        let mut retry = Retry::default();
        let waits: Vec<_> = (0..9).map(|_| retry.failed(Duration::from_secs(600)).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(retry.failed(Duration::from_secs(60)).as_secs(), 60);
        assert!(retry.worked() && !retry.worked());
        assert_eq!(retry.failed(Duration::from_secs(60)).as_secs(), 5);
        assert!(retry.is_first());
    }
}
