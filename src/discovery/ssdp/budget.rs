//! How many searches are answered, so that nobody can make the box send much.

use std::time::Duration;

use tokio::time::Instant;

/// Searches answered in one second, from all peers together.
const PER_SECOND: u32 = 20;

/// What is left of this second.
#[derive(Debug)]
pub(super) struct Budget {
    since: Instant,
    left: u32,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, left: PER_SECOND }
    }

    /// Takes one answered search from it, if there is one left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_answers_and_no_more() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        let answered = |budget: &mut Budget, now| (0..100).filter(|_| budget.take(now)).count();
        assert_eq!(answered(&mut budget, start), 20);
        assert_eq!(answered(&mut budget, start + Duration::from_millis(999)), 0);
        assert_eq!(answered(&mut budget, start + Duration::from_secs(1)), 20);
    }
}
