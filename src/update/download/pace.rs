//! How fast a download may go: the workshop's line is for work first.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A bucket of tokens that holds none: who took bytes waits for as long as they cost.
#[derive(Debug)]
pub(super) struct Pace {
    bytes_per_second: Option<u64>,
    free_at: Instant,
}

impl Pace {
    /// A pace in KiB/s; `None` is any.
    pub(super) fn new(kib_per_second: Option<NonZeroU32>) -> Self {
        let bytes_per_second = kib_per_second.map(|rate| u64::from(rate.get()) * 1024);
        Self { bytes_per_second, free_at: Instant::now() }
    }

    /// Waits until the next bytes may be taken, after these.
    pub(super) async fn took(&mut self, bytes: u64) {
        let Some(rate) = self.bytes_per_second else { return };
        let cost = Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / rate);
        self.free_at = self.free_at.max(Instant::now()) + cost;
        sleep_until(self.free_at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_take_their_time() {
        let began = Instant::now();
        let mut pace = Pace::new(NonZeroU32::new(10));
        for _ in 0..100 {
            pace.took(1024).await;
        }
        let took = began.elapsed();
        assert!((9900..=10_200).contains(&took.as_millis()), "{took:?}");
        let mut pace = Pace::new(None);
        pace.took(u64::MAX).await;
        assert_eq!(began.elapsed(), took);
    }
}
