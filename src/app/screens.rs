//! The screens at work: what is due for them, second by second, and what health and metrics say of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::display::Shift;
use crate::health::{Health, Probe};
use crate::lang::Text;
use crate::metrics::Metrics;
use crate::screens::{Screens, Settings, Summary};
use crate::site::Current;
use crate::window::{Hours, Window, WindowState};

const TICK: Duration = Duration::from_secs(1);
/// How long the disk may take for what is kept last: a box whose disk hangs still stops, and still restarts.
const DISK: Duration = Duration::from_secs(5);
/// For so long screens may be missing before health says so: they reload, and they restart.
const PATIENCE: Duration = Duration::from_secs(60);
/// For so long a screen is off before somebody misses it whom nobody has told how many there should be: a workshop takes its time to
/// switch all of them on.
const OFF: Duration = Duration::from_secs(15 * 60);

/// The task that looks after them, as it runs.
pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Who hears how the screens are.
pub(super) struct Observers {
    metrics: Arc<Metrics>,
    health: Health,
    /// There is one once screens are expected or missed.
    probe: Option<Probe>,
    shortage: Shortage,
    absence: Absence,
}

impl Observers {
    /// `shift`: the working hours of the display.
    pub(super) fn new(settings: &Settings, shift: Shift, health: &Health, metrics: &Arc<Metrics>) -> Self {
        let shift = Hours::between(shift.start_hour, shift.end_hour);
        Self {
            metrics: Arc::clone(metrics),
            health: health.clone(),
            probe: (settings.agent && settings.expected > 0).then(|| health.probe(PART)),
            shortage: Shortage::default(),
            absence: Absence { hours: settings.working_hours(shift), since: None },
        }
    }

    fn report(&mut self, screens: &Screens, wall: Option<Timestamp>, now: Instant) {
        let summary = screens.summary();
        let states = summary.counts.iter().map(|(state, count)| (state.name(), count));
        self.metrics.screens(states, summary.expected, summary.is_within_hours);
        for ((order, result), total) in screens.ended_orders() {
            self.metrics.screen_orders(order, result, total);
        }
        let fault = match summary.expected {
            0 => self.absence.fault(&summary, wall, now),
            _ => self.shortage.fault(&summary, now),
        };
        if fault.is_some() {
            self.probe.get_or_insert_with(|| self.health.probe(PART));
        }
        if let Some(probe) = &self.probe {
            probe.degraded(fault);
        }
    }
}

/// Its name in health.
const PART: &str = "screens";

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
                kept.keep_last(now);
                return None;
            }
            if let Some(version) = site.load().version() {
                kept.set_site(version, now);
            }
            let wall = clock.believed(now.saturating_duration_since(started));
            let wall = wall.and_then(|wall| Timestamp::try_from(wall).ok());
            kept.tick(now, wall);
            wall
        });
        let wall = done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the screens cannot be looked after");
            None
        });
        if is_last {
            return;
        }
        observers.report(&screens, wall, Instant::now());
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

/// Since when the workshop works: by its hours, and by a screen that shows the page. On a holiday no screen does.
struct Absence {
    hours: Window,
    since: Option<Instant>,
}

impl Absence {
    /// Which named screens are off, once the workshop works and they have been off for a while. By a clock that is not right, none is.
    fn fault(&mut self, summary: &Summary, wall: Option<Timestamp>, now: Instant) -> Option<Text> {
        let is_open = wall.is_some_and(|wall| self.hours.state(wall) == WindowState::Open);
        if !is_open || summary.lit() == 0 {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        let is_lasting = now.saturating_duration_since(since) >= OFF;
        summary.off_for(OFF).filter(|_| is_lasting)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::screens::fixture::summary;
    use crate::screens::{ScreenState, ScreenSummary};

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

    fn settings(hours: Option<Hours>) -> Settings {
        Settings {
            agent: true,
            expected: 0,
            hours,
            reload_at: None,
            reload_spread: PATIENCE,
            stale: PATIENCE,
            keep_awake: false,
        }
    }

    #[test]
    fn a_named_screen_is_missed_while_the_workshop_works() {
        let at = |text: &str| -> Option<Timestamp> {
            let time: jiff::civil::DateTime = text.parse().expect("a time");
            Some(time.to_zoned(TimeZone::system()).expect("in the zone").timestamp())
        };
        let (work, night) = (at("2026-11-24T10:00"), at("2026-11-24T23:00"));
        let (start, minutes) = (Instant::now(), |minutes: u64| Duration::from_secs(60 * minutes));
        let screen = |name: &'static str, state, since_s| {
            move |screen: &mut ScreenSummary| {
                (screen.name, screen.state, screen.since_s) = (Some(name.into()), state, since_s);
            }
        };
        let others = |state| {
            let nave = screen("Nave", ScreenState::Offline, 50_000);
            summary(&[&screen("Oficina", state, 10), &nave, &screen("Prensa", ScreenState::Offline, 899)])
        };
        let shift = Hours::between(6, 22);
        let (on, holiday) = (others(ScreenState::Stale), others(ScreenState::Offline));
        let mut absence = Absence { hours: settings(None).working_hours(shift), since: None };
        assert_eq!(absence.fault(&on, work, start), None, "somebody may be switching them on");
        assert_eq!(absence.fault(&on, work, start + minutes(14)), None);
        let fault = absence.fault(&on, work, start + minutes(15)).expect("a fault");
        assert!(fault.es.contains(": Nave. ") && fault.en.contains(": Nave. "), "{fault:?}");
        for (summary, wall) in [(&holiday, work), (&on, night), (&on, None)] {
            assert_eq!(absence.fault(summary, wall, start + minutes(20)), None);
            assert_eq!(absence.fault(&on, work, start + minutes(20)), None, "it begins anew");
            assert!(absence.fault(&on, work, start + minutes(35)).is_some());
        }
        // The hours of the screens go before those of the shift.
        let own = settings(Some(Hours::between(11, 12)));
        let mut absence = Absence { hours: own.working_hours(shift), since: None };
        absence.fault(&on, work, start);
        assert_eq!(absence.fault(&on, work, start + minutes(60)), None);
    }
}
