//! The screens at work: what is due for them, second by second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::screens::Screens;
use crate::site::Current;

const TICK: Duration = Duration::from_secs(1);

/// The task that looks after them, as it runs.
pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts to look after them.
pub(super) fn start(screens: Screens, site: Arc<Current>) -> Running {
    let stop = CancellationToken::new();
    Running { task: tokio::task::spawn_local(run(screens, site, stop.clone())), stop }
}

impl Running {
    /// Ends it; what is not kept yet goes to the disk.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that looks after the screens has failed");
        }
    }
}

async fn run(screens: Screens, site: Arc<Current>, stop: CancellationToken) {
    let (clock, started) = (Clock::default(), Instant::now());
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        let (screens, site, clock) = (screens.clone(), Arc::clone(&site), clock.clone());
        // It may wait for the disk.
        let done = spawn_blocking(move || {
            let now = Instant::now();
            if is_last {
                return screens.keep_last(now);
            }
            if let Some(version) = site.load().version() {
                screens.set_site(version, now);
            }
            let wall = clock.believed(now.saturating_duration_since(started));
            screens.tick(now, wall.and_then(|wall| Timestamp::try_from(wall).ok()));
        });
        if let Err(error) = done.await {
            tracing::error!(%error, "the screens cannot be looked after");
        }
        if is_last {
            return;
        }
    }
}
