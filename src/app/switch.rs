//! Choosing the moment to become another version: one in which nobody waits for an answer.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::metrics::Metrics;

/// Nothing was sent for this long: no answer is under way, and none was a moment ago.
const QUIET: Duration = Duration::from_millis(200);
/// Waits for a quiet moment, `most` at most: a box that is never quiet is switched all the same, and the drain lets
/// answers finish. What follows is the restart that there is: it drains, closes streams that
/// have no end of their own, and becomes the launcher.
pub(super) async fn quiet_moment(metrics: &Metrics, most: Duration) {
    quiet(|| metrics.sent_so_far(), most).await;
}

async fn quiet(sent: impl Fn() -> u64, most: Duration) {
    let start = Instant::now();
    let mut before = sent();
    while start.elapsed() < most {
        sleep(QUIET).await;
        let now = sent();
        if now == before {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MAX: Duration = Duration::from_secs(10);

    fn waited(sent: impl Fn() -> u64) -> Duration {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let start = Instant::now();
            quiet(sent, MAX).await;
            start.elapsed()
        })
    }

    #[test]
    fn a_quiet_moment_is_waited_for_and_not_for_ever() {
        assert_eq!(waited(|| 7), QUIET);
        let sent = Cell::new(0);
        let busy_at_first = || {
            sent.set((sent.get() + 1).min(5));
            sent.get()
        };
        assert_eq!(waited(busy_at_first), QUIET * 5);
        let sent = Cell::new(0);
        assert_eq!(waited(|| sent.replace(sent.get() + 1)), MAX);
    }
}
