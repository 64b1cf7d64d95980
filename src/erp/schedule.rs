//! When which path is asked for: a pure function of what was answered, and of whether anybody looks.
//!
//! ```text
//! closed ──two failures in a row, or one of the whole upstream──> open ──pause──> one probe ──answer──> closed, everything due
//!                                                                  ^───────pause doubled─────failure──┘
//! ```
//!
//! There is one circuit breaker for the upstream: however many paths and displays there are, an ERP in trouble gets
//! one request a pause.

use std::time::{Duration, Instant};

use super::reason::Reason;

/// How often the hourly parts are asked for while somebody looks, and the counts while nobody does.
const MINUTE: Duration = Duration::from_secs(60);
/// How often the rest is asked for while nobody looks.
const UNWATCHED: Duration = Duration::from_secs(300);
/// The first pause of an open breaker.
const MIN_PAUSE: Duration = Duration::from_secs(5);
/// Pauses and periods grow up to this.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// Without another complaint for so long, the ERP is asked as often as before.
const FORGIVEN: Duration = Duration::from_secs(120);
/// Failures in a row that open the breaker: one alone may be a path that is broken by itself.
const MAX_FAILURES: u32 = 2;

/// How often a path is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// What the counts are made from: every minute at least.
    Counted,
    /// What changes by the second.
    Fast,
    /// What changes by the hour.
    Slow,
}

/// One path.
#[derive(Debug, Clone, Copy)]
struct Slot {
    pace: Pace,
    due: Instant,
    /// How many times in a row it failed by itself.
    failures: u32,
}

/// The circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaker {
    Closed { failures: u32 },
    Open { until: Instant, pause: Duration },
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// This path now.
    Ask(usize),
    /// Nothing before then.
    Wait(Instant),
}

/// When which path is asked for.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    poll: Duration,
    slots: Vec<Slot>,
    breaker: Breaker,
    /// From which the periods' grid is counted.
    start: Instant,
    is_watched: bool,
    /// By which the period is multiplied after 429 and 503.
    slowdown: u32,
    complained: Option<Instant>,
}

impl Schedule {
    /// Everything is due at once, in this order.
    pub(super) fn new(poll: Duration, paces: impl IntoIterator<Item = Pace>, now: Instant) -> Self {
        let slots = paces.into_iter().map(|pace| Slot { pace, due: now, failures: 0 }).collect();
        let breaker = Breaker::Closed { failures: 0 };
        Self { poll, slots, breaker, start: now, is_watched: false, slowdown: 1, complained: None }
    }

    /// Somebody looks, or nobody does any more. What is due sooner by it is due at once.
    pub(super) fn watch(&mut self, is_watched: bool, now: Instant) {
        if is_watched && !self.is_watched {
            for slot in &mut self.slots {
                slot.due = slot.due.min(now);
            }
        }
        self.is_watched = is_watched;
    }

    /// What is next.
    pub(super) fn next(&self, now: Instant) -> Next {
        let Some((index, slot)) = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.due) else {
            return Next::Wait(now + MAX_PAUSE);
        };
        match self.breaker {
            Breaker::Open { until, .. } if until > now => Next::Wait(until),
            Breaker::Closed { .. } if slot.due > now => Next::Wait(slot.due),
            // Of an open breaker, the probe.
            Breaker::Open { .. } | Breaker::Closed { .. } => Next::Ask(index),
        }
    }

    /// Whether the upstream is asked by probes alone.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.breaker, Breaker::Open { .. })
    }

    /// How long it is between two answers of a path, without faults.
    pub(super) fn period(&self, index: usize) -> Duration {
        let Some(slot) = self.slots.get(index) else { return MAX_PAUSE };
        let period = match (slot.pace, self.is_watched) {
            (Pace::Fast | Pace::Counted, true) => self.poll,
            (Pace::Slow, true) | (Pace::Counted, false) => MINUTE.max(self.poll),
            (Pace::Fast | Pace::Slow, false) => UNWATCHED.max(self.poll),
        };
        if self.slowdown > 1 { (period * self.slowdown).min(MAX_PAUSE.max(period)) } else { period }
    }

    /// It was answered.
    pub(super) fn answered(&mut self, index: usize, now: Instant) {
        if self.complained.is_some_and(|at| now.saturating_duration_since(at) >= FORGIVEN) {
            self.slowdown /= 2;
            self.complained = (self.slowdown > 1).then_some(now);
            self.slowdown = self.slowdown.max(1);
        }
        if self.is_open() {
            for slot in &mut self.slots {
                slot.due = slot.due.min(now);
            }
        }
        self.breaker = Breaker::Closed { failures: 0 };
        let due = self.on_grid(index, now);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.failures = 0;
            slot.due = due;
        }
    }

    /// It was not. `jitter` is at most a tenth of a pause.
    pub(super) fn failed(
        &mut self,
        index: usize,
        reason: &Reason,
        now: Instant,
        jitter: impl Fn(Duration) -> Duration,
    ) {
        let period = self.period(index);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.failures = slot.failures.saturating_add(1);
            slot.due = now + doubled(period, slot.failures);
        }
        let retry_after = match reason {
            Reason::Overloaded { retry_after, .. } => {
                self.slowdown = self.slowdown.saturating_mul(2).min(16);
                self.complained = Some(now);
                retry_after.unwrap_or_default()
            }
            _ => Duration::ZERO,
        };
        let pause = match self.breaker {
            Breaker::Closed { failures } if !is_of_upstream(reason) && failures + 1 < MAX_FAILURES => {
                self.breaker = Breaker::Closed { failures: failures + 1 };
                return;
            }
            Breaker::Closed { .. } => MIN_PAUSE.max(self.poll).min(MAX_PAUSE),
            Breaker::Open { pause, .. } => (pause * 2).min(MAX_PAUSE),
        };
        let wait = (pause + jitter(pause / 10)).max(retry_after);
        self.breaker = Breaker::Open { until: now + wait, pause };
    }

    /// The next place of a path on its grid, on which the paths are spread over the period.
    fn on_grid(&self, index: usize, now: Instant) -> Instant {
        let period = self.period(index);
        let places = u32::try_from(self.slots.len()).unwrap_or(1).max(1);
        let offset = period * u32::try_from(index).unwrap_or(0) / places;
        let passed = (now + period / 2).saturating_duration_since(self.start + offset);
        let periods = passed.as_nanos() / period.as_nanos().max(1) + 1;
        self.start + offset + period * u32::try_from(periods).unwrap_or(u32::MAX)
    }
}

/// Whether it concerns the whole ERP rather than the path that was asked for.
fn is_of_upstream(reason: &Reason) -> bool {
    match reason {
        Reason::Outbound(_)
        | Reason::LoginRefused
        | Reason::WrongPrefix
        | Reason::Redirect(_)
        | Reason::Overloaded { .. }
        | Reason::Settings(_) => true,
        Reason::Timeout
        | Reason::Truncated
        | Reason::TooLarge
        | Reason::Unauthorized
        | Reason::Forbidden
        | Reason::NotFound
        | Reason::Html(_)
        | Reason::Status(_)
        | Reason::NotJson
        | Reason::Shape(_) => false,
    }
}

fn doubled(period: Duration, failures: u32) -> Duration {
    period.saturating_mul(1 << failures.min(6)).min(MAX_PAUSE.max(period))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLL: Duration = Duration::from_secs(5);
    const PACES: [Pace; 4] = [Pace::Counted, Pace::Fast, Pace::Fast, Pace::Slow];

    /// Lets time pass for so long; gives how often each path was asked for.
    fn run(schedule: &mut Schedule, from: Instant, seconds: u64, ask: impl Fn(usize) -> Option<Reason>) -> [u32; 4] {
        let mut asked = [0; 4];
        let mut now = from;
        while now < from + Duration::from_secs(seconds) {
            match schedule.next(now) {
                Next::Wait(until) => now = until,
                Next::Ask(index) => {
                    asked[index] += 1;
                    now += Duration::from_millis(50);
                    match ask(index) {
                        None => schedule.answered(index, now),
                        Some(reason) => schedule.failed(index, &reason, now, |_| Duration::ZERO),
                    }
                }
            }
        }
        asked
    }

    #[test]
    fn each_path_has_its_period_and_everything_is_asked_at_once_when_somebody_looks() {
        let now = Instant::now();
        let mut schedule = Schedule::new(POLL, PACES, now);
        assert_eq!(run(&mut schedule, now, 600, |_| None), [10, 2, 2, 2]);
        let now = now + Duration::from_secs(600);
        schedule.watch(true, now);
        assert_eq!(run(&mut schedule, now, 1, |_| None), [1, 1, 1, 1]);
        let asked = run(&mut schedule, now + Duration::from_secs(1), 60, |_| None);
        assert!(asked[..3].iter().all(|asked| (11..=13).contains(asked)) && asked[3] <= 1, "{asked:?}");
    }

    #[test]
    fn the_paths_are_spread_over_the_period() {
        let now = Instant::now();
        let mut schedule = Schedule::new(POLL, [Pace::Fast; 4], now);
        schedule.watch(true, now);
        run(&mut schedule, now, 10, |_| None);
        let mut dues: Vec<_> = schedule.slots.iter().map(|slot| slot.due).collect();
        dues.sort_unstable();
        assert!(dues.windows(2).all(|pair| pair[1] - pair[0] == POLL / 4), "{dues:?}");
    }

    #[test]
    fn an_upstream_in_trouble_gets_one_probe_a_pause_and_everything_is_due_when_it_answers() {
        let now = Instant::now();
        let mut schedule = Schedule::new(POLL, PACES, now);
        schedule.watch(true, now);
        let asked: u32 = run(&mut schedule, now, 600, |_| Some(Reason::Status(500))).iter().sum();
        assert!((12..=16).contains(&asked), "{asked}");
        assert!(schedule.is_open());
        let later = now + Duration::from_secs(700);
        assert_eq!(run(&mut schedule, later, 1, |_| None), [1, 1, 1, 1]);
    }

    #[test]
    fn one_path_that_is_broken_by_itself_neither_stops_the_others_nor_is_hammered() {
        let now = Instant::now();
        let mut schedule = Schedule::new(POLL, PACES, now);
        schedule.watch(true, now);
        let asked = run(&mut schedule, now, 600, |index| (index == 1).then_some(Reason::Status(500)));
        assert!(asked[0] >= 118 && asked[2] >= 118, "{asked:?}");
        assert!((10..=14).contains(&asked[1]), "{asked:?}");
        assert!(!schedule.is_open());
    }

    #[test]
    fn what_it_says_of_when_to_come_again_is_honoured_and_the_period_grows() {
        let now = Instant::now();
        let mut schedule = Schedule::new(POLL, PACES, now);
        schedule.watch(true, now);
        let busy = Reason::Overloaded { status: 429, retry_after: Some(Duration::from_secs(90)) };
        schedule.failed(0, &busy, now, |_| Duration::ZERO);
        assert_eq!(schedule.next(now), Next::Wait(now + Duration::from_secs(90)));
        assert_eq!(schedule.period(1), POLL * 2);
        for _ in 0..9 {
            schedule.failed(0, &busy, now, |_| Duration::ZERO);
        }
        assert_eq!(schedule.period(1), MAX_PAUSE);
        run(&mut schedule, now, 3600, |_| None);
        assert_eq!(schedule.period(1), POLL);
    }

    proptest! {
        /// Whatever is answered, no minute has more requests than a healthy one, but for the round that follows an answer.
        #[test]
        fn no_fault_makes_more_requests_than_health(faults in proptest::collection::vec(0_u8..4, 400), watched: bool) {
            let start = Instant::now();
            let mut schedule = Schedule::new(POLL, PACES, start);
            schedule.watch(watched, start);
            let (mut now, mut asked) = (start, 0_u32);
            for fault in faults {
                match schedule.next(now) {
                    Next::Wait(until) => {
                        prop_assert!(until > now);
                        now = until;
                    }
                    Next::Ask(index) => {
                        asked += 1;
                        now += Duration::from_millis(20);
                        match fault {
                            0 => schedule.failed(index, &Reason::Status(500), now, |_| Duration::ZERO),
                            1 => schedule.failed(index, &Reason::Timeout, now, |_| Duration::ZERO),
                            _ => schedule.answered(index, now),
                        }
                    }
                }
            }
            let periods = u32::try_from((now - start).as_secs() / POLL.as_secs()).expect("small") + 2;
            prop_assert!(asked <= 2 * 4 * periods, "{asked} in {periods} periods");
        }
    }
}
