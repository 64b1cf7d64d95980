//! When all screens load the page again: once a day, at a local time.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// Between two looks at the clock; after a longer time, or where the clock has been set meanwhile, the moment that has
/// passed is not made up for.
const MAX_STEP: Duration = Duration::from_secs(60);
/// A clock that is set back shows the same moment again.
const MIN_PERIOD: Duration = Duration::from_secs(12 * 60 * 60);

/// The daily moment.
#[derive(Debug)]
pub(super) struct Nightly {
    at: Time,
    zone: TimeZone,
    seen: Option<(Instant, Timestamp)>,
    fired: Option<Instant>,
}

impl Nightly {
    pub(super) fn new(at: Time, zone: TimeZone) -> Self {
        Self { at, zone, seen: None, fired: None }
    }

    /// Whether the moment has come since the last call. `wall` is the box's clock, where it is right.
    pub(super) fn is_due(&mut self, now: Instant, wall: Option<Timestamp>) -> bool {
        let last = std::mem::replace(&mut self.seen, wall.map(|wall| (now, wall)));
        let Some(((last, last_wall), wall)) = last.zip(wall) else { return false };
        let passed = now.saturating_duration_since(last);
        let shown = wall.duration_since(last_wall);
        // The clock has been set meanwhile.
        let is_set = Duration::try_from(shown).map_or(true, |shown| shown.abs_diff(passed) > MAX_STEP);
        if passed > MAX_STEP || is_set {
            return false;
        }
        let date = self.zone.to_datetime(wall).date();
        // Where the clocks go forward over it, it is as much later.
        let moment = self.zone.to_ambiguous_timestamp(date.to_datetime(self.at)).compatible();
        let is_now = moment.is_ok_and(|moment| last_wall < moment && moment <= wall);
        let is_rested = self.fired.is_none_or(|fired| now.saturating_duration_since(fired) >= MIN_PERIOD);
        if is_now && is_rested {
            self.fired = Some(now);
        }
        is_now && is_rested
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    /// Half past four in Madrid, by a clock that tests move.
    struct Box {
        nightly: Nightly,
        now: Instant,
        wall: Timestamp,
    }

    impl Box {
        fn new(at: Time, wall: &str) -> Self {
            let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
            Self { nightly: Nightly::new(at, zone), now: Instant::now(), wall: wall.parse().expect("a time") }
        }

        /// How often it is due within these hours, looked at every second.
        fn run(&mut self, hours: u64) -> usize {
            let seconds = 0..hours * 3600;
            seconds.filter(|_| self.pass(Duration::from_secs(1))).count()
        }

        fn pass(&mut self, time: Duration) -> bool {
            self.now += time;
            self.wall += time;
            self.nightly.is_due(self.now, Some(self.wall))
        }
    }

    #[test]
    fn it_is_due_once_a_day_at_its_time() {
        let mut one = Box::new(time(4, 30, 0, 0), "2026-11-29T03:29:58Z");
        assert!(!one.pass(Duration::from_secs(1)) && one.pass(Duration::from_secs(1)));
        assert_eq!(one.run(23), 0);
        assert_eq!(one.run(48), 2);
        let mut midnight = Box::new(time(0, 0, 0, 0), "2026-11-29T12:00:00Z");
        assert_eq!(midnight.run(48), 2);
    }

    #[test]
    fn what_was_missed_is_not_made_up_for() {
        // A start behind it.
        let mut one = Box::new(time(4, 30, 0, 0), "2026-11-29T03:30:00Z");
        assert_eq!(one.run(12), 0);
        // A clock that is set over it; one that was not right before.
        let mut one = Box::new(time(4, 30, 0, 0), "2026-11-29T01:00:00Z");
        one.run(1);
        one.wall += Duration::from_secs(3 * 3600);
        assert_eq!(one.run(12), 0);
        let mut one = Box::new(time(4, 30, 0, 0), "2026-11-29T03:29:59Z");
        assert!(!one.nightly.is_due(one.now, None) && !one.pass(Duration::from_secs(1)));
        // A box that slept.
        let mut one = Box::new(time(4, 30, 0, 0), "2026-11-29T03:00:00Z");
        one.run(0);
        assert!(!one.pass(Duration::from_secs(1)) && !one.pass(Duration::from_secs(3600)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_bring_it_again() {
        let mut one = Box::new(time(4, 30, 0, 0), "2026-11-29T03:00:00Z");
        assert_eq!(one.run(1), 1);
        one.wall -= Duration::from_secs(3600);
        assert_eq!(one.run(6), 0);
        // Back over a whole day.
        one.wall -= Duration::from_secs(24 * 3600);
        assert_eq!(one.run(48), 2);
    }

    #[test]
    fn it_follows_the_clocks_when_they_change() {
        // 2026-03-29, 02:00 becomes 03:00; 2026-10-25, 03:00 becomes 02:00.
        let mut spring = Box::new(time(2, 30, 0, 0), "2026-03-29T00:00:00Z");
        assert_eq!(spring.run(20), 1);
        let mut autumn = Box::new(time(2, 30, 0, 0), "2026-10-24T22:00:00Z");
        assert_eq!(autumn.run(20), 1);
    }
}
