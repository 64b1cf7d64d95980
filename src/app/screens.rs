//! The screens at work: what is due for them, second by second, and what health and metrics say of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::health::{Health, Probe};
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::screens::{Screens, Settings, Summary};
use crate::site::Current;

const TICK: Duration = Duration::from_secs(1);
/// How long the disk may take for what is kept last: a box whose disk hangs still stops, and still restarts.
const DISK: Duration = Duration::from_secs(5);
/// For so long screens may be missing before health says so: they reload, and they restart.
const PATIENCE: Duration = Duration::from_secs(60);

/// The task that looks after them, as it runs.
pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Who hears how the screens are.
pub(super) struct Observers {
    metrics: Arc<Metrics>,
    /// Where none is expected, none is missed.
    probe: Option<Probe>,
    shortage: Shortage,
}

impl Observers {
    pub(super) fn new(settings: &Settings, health: &Health, metrics: &Arc<Metrics>) -> Self {
        let probe = (settings.agent && settings.expected > 0).then(|| health.probe("screens"));
        Self { metrics: Arc::clone(metrics), probe, shortage: Shortage::default() }
    }

    fn report(&mut self, screens: &Screens, now: Instant) {
        let summary = screens.summary();
        let states = summary.counts.iter().map(|(state, count)| (state.name(), count));
        self.metrics.screens(states, summary.expected);
        for ((order, result), total) in screens.ended_orders() {
            self.metrics.screen_orders(order, result, total);
        }
        if let Some(probe) = &self.probe {
            probe.degraded(self.shortage.fault(&summary, now));
        }
    }
}

/// What the console shows of them; nothing where the pages carry no agent.
pub(super) fn shown(screens: &Screens, settings: &Settings) -> Box<dyn Fn() -> Option<Arc<Summary>> + Send> {
    let (screens, has_agent) = (screens.clone(), settings.agent);
    Box::new(move || has_agent.then(|| screens.summary()))
}

/// Starts to look after them.
pub(super) fn start(screens: Screens, site: Arc<Current>, observers: Observers) -> Running {
    let stop = CancellationToken::new();
    Running { task: tokio::task::spawn_local(run(screens, site, observers, stop.clone())), stop }
}

impl Running {
    /// Ends it; what is not kept yet goes to the disk.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        match timeout(DISK, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the task that looks after the screens has failed"),
            Err(_) => tracing::warn!("the disk takes too long: what is new of the screens may not be kept"),
        }
    }
}

async fn run(screens: Screens, site: Arc<Current>, mut observers: Observers, stop: CancellationToken) {
    let (clock, started) = (Clock::default(), Instant::now());
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        let (kept, site, clock) = (screens.clone(), Arc::clone(&site), clock.clone());
        // It may wait for the disk.
        let done = spawn_blocking(move || {
            let now = Instant::now();
            if is_last {
                return kept.keep_last(now);
            }
            if let Some(version) = site.load().version() {
                kept.set_site(version, now);
            }
            let wall = clock.believed(now.saturating_duration_since(started));
            kept.tick(now, wall.and_then(|wall| Timestamp::try_from(wall).ok()));
        });
        if let Err(error) = done.await {
            tracing::error!(%error, "the screens cannot be looked after");
        }
        if is_last {
            return;
        }
        observers.report(&screens, Instant::now());
    }
}

/// Since when too few screens show the page.
#[derive(Default)]
struct Shortage {
    since: Option<Instant>,
}

impl Shortage {
    /// What is wrong, once it has been for a while.
    fn fault(&mut self, summary: &Summary, now: Instant) -> Option<Text> {
        let Some(fault) = summary.fault() else {
            self.since = None;
            return None;
        };
        let since = *self.since.get_or_insert(now);
        let is_lasting = now.saturating_duration_since(since) >= PATIENCE;
        is_lasting.then(|| summary.missing().map_or_else(|| fault.clone(), |missing| fault.and(&missing)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_waits_a_minute_before_it_misses_a_screen() {
        let (mut shortage, start) = (Shortage::default(), Instant::now());
        let dark = Summary { expected: 2, is_within_hours: true, ..Summary::default() };
        assert_eq!(shortage.fault(&dark, start), None);
        assert_eq!(shortage.fault(&dark, start + PATIENCE / 2), None);
        let fault = shortage.fault(&dark, start + PATIENCE).expect("a fault");
        assert!(fault.es.contains("/_edge/screens") && fault.en.contains("Only 0 of the 2"), "{fault:?}");
        // Outside the hours nobody misses it, and the minute begins again.
        let night = Summary { is_within_hours: false, ..dark.clone() };
        assert_eq!(shortage.fault(&night, start + 2 * PATIENCE), None);
        assert_eq!(shortage.fault(&dark, start + 3 * PATIENCE), None);
        assert!(shortage.fault(&dark, start + 4 * PATIENCE).is_some());
    }
}
