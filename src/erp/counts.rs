//! Completed orders by local hour, from the increments that the box sees.
//!
//! The ERP counts from the server's midnight, which may be in the middle of a shift. The box adds what each observation
//! shows more than the one before to the hour in which it saw it. Hours are kept by their moment and not by the day
//! that the clock shows, so that a clock that goes wrong for a while begins no day and ends none.
//!
//! ```text
//! server    …  23  24  │   0   1  …        its midnight: another startDate
//! box       …  +1  +1  │  +0  +1  …        of the hour in which it was seen
//! ```
//!
//! The most that the server's day has shown counts: an order that is opened again and finished again counts once.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

const HOUR: i64 = 3600;
/// The same, for ranges.
const STEP: usize = 3600;
/// Between two observations; after a longer time nobody knows in which of two hours an order was completed.
const MAX_PAUSE: SignedDuration = SignedDuration::from_mins(3);
/// A step of the box's clock that another witness must confirm.
const MAX_STEP: SignedDuration = SignedDuration::from_hours(26);
/// How much the server's clock and the box's may differ.
const MAX_SKEW: SignedDuration = SignedDuration::from_hours(2);
/// For how long a clock that has stepped, and which the server contradicts, has to go on evenly.
const PROBATION: Duration = Duration::from_secs(3600);
/// What an even clock may be off in that time.
const EVEN: SignedDuration = SignedDuration::from_secs(60);
/// Seconds, before and after now, of which hours are kept: two days of work.
const KEPT: i64 = 48 * HOUR;
/// A smaller fall within the server's day is of orders that were opened again.
const MIN_FALL: u64 = 5;

/// The box's clocks at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// By the monotonic clock.
    pub(crate) at: Instant,
    /// By the box's clock, in the workshop's zone.
    pub(crate) local: Zoned,
    /// Whether the box's clock is believed.
    pub(crate) is_believed: bool,
}

/// What was seen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counts {
    /// The date of the server's `startDate`, as it gives it.
    server_day: Option<String>,
    /// The most that it has shown in that day.
    high: u64,
    /// Increments that were seen while the box's clock was not believed.
    pending: u64,
    /// By the start of the hour, in seconds since 1970.
    hours: BTreeMap<i64, Hour>,
    /// The last observation by a clock that was believed.
    seen: Option<Timestamp>,
    /// The same, where it was in this run.
    #[serde(skip)]
    seen_at: Option<Instant>,
    /// Since when the clock shows a time that nobody confirms.
    #[serde(skip)]
    stepped: Option<(Instant, Timestamp)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Hour {
    completed: u64,
    /// Seen in this hour, completed in this or in one before it.
    unplaced: u64,
    gap: bool,
}

/// The day of work as a wall shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DayCounts {
    /// Its local date, that of its first hour: `2026-11-29`.
    pub(crate) day: String,
    /// Orders completed in it, as far as the box knows.
    pub(crate) completed: u64,
    /// Of them, those whose hour is not known.
    pub(crate) unplaced: u64,
    /// One for each hour that has begun, from the first.
    pub(crate) hours: Vec<HourCount>,
}

/// One hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct HourCount {
    /// 0 to 23, local.
    pub(crate) hour: u8,
    pub(crate) completed: u64,
    /// Whether nobody saw a part of it.
    pub(crate) gap: bool,
}

impl Counts {
    /// Takes the dashboard's `production.completed` and `startDate`, seen now. `day_starts`: the local hour at which the
    /// day of work begins.
    pub(crate) fn observe(&mut self, completed: u64, start: &str, now: &Moment, day_starts: u8) {
        let Some(increment) = self.increment(completed, start, now) else { return };
        self.pending = self.pending.saturating_add(increment);
        if self.confirms(start, now) {
            self.place(now, day_starts);
        }
    }

    /// The present day of work; `None` before the first observation by a clock that is believed. While the clock is not
    /// believed, or has stepped, it is the day of the last observation.
    pub(crate) fn shown(&self, now: &Moment, day_starts: u8) -> Option<DayCounts> {
        let seen = self.seen?;
        let is_held = !now.is_believed || self.has_stepped(now);
        let local = if is_held { seen.to_zoned(now.local.time_zone().clone()) } else { now.local.clone() };
        let (begins, ends) = day_of_work(&local, day_starts)?;
        let unseen = self.unseen(&local);
        let mut counts = DayCounts { day: begins.date().to_string(), completed: 0, unplaced: 0, hours: Vec::new() };
        let zone = begins.time_zone();
        let (mut at, ends) = (begins.timestamp().as_second(), ends.timestamp().as_second());
        let of_day = self.hours.range(at..ends).map(|(_, hour)| hour.completed.saturating_add(hour.unplaced));
        counts.completed = of_day.fold(0, u64::saturating_add);
        let mut placed: u64 = 0;
        while at <= local.timestamp().as_second() && at < ends {
            let next = at.saturating_add(HOUR);
            let of_hour = || self.hours.range(at..next).map(|(_, hour)| hour);
            let completed = of_hour().map(|hour| hour.completed).fold(0, u64::saturating_add);
            let is_unseen = unseen.as_ref().is_some_and(|hours| hours.contains(&at));
            let hour = Timestamp::from_second(at).ok()?.to_zoned(zone.clone()).hour();
            counts.hours.push(HourCount {
                hour: u8::try_from(hour).ok()?,
                completed,
                gap: is_unseen || of_hour().any(|hour| hour.gap),
            });
            placed = placed.saturating_add(completed);
            at = next;
        }
        counts.unplaced = counts.completed.saturating_sub(placed);
        Some(counts)
    }

    /// Whether a wall would show the same: only the moment of the last observation may differ.
    pub(crate) fn has_same_figures(&self, other: &Self) -> bool {
        let figures = |counts: &Self| (counts.high, counts.pending);
        self.server_day == other.server_day && figures(self) == figures(other) && self.hours == other.hours
    }

    /// The last observation by a clock that was believed.
    pub(crate) fn seen(&self) -> Option<Timestamp> {
        self.seen
    }

    /// What this shows more than all before; `None` where it shows nothing that counts.
    fn increment(&mut self, completed: u64, start: &str, now: &Moment) -> Option<u64> {
        let day = start.get(..10).unwrap_or(start);
        let Some(known) = &self.server_day else {
            // What was completed before the box looked is not its to place.
            self.server_day = Some(day.to_owned());
            self.high = completed;
            return Some(0);
        };
        if day < known.as_str() {
            if !is_in_future(known, now) {
                // An answer of yesterday, which came late or from another server.
                return None;
            }
            // The server's clock was wrong.
            self.server_day = Some(day.to_owned());
            self.high = completed;
            return Some(0);
        }
        let has_fallen = completed < self.high / 2 && self.high.saturating_sub(completed) >= MIN_FALL;
        if day != known || has_fallen {
            self.server_day = Some(day.to_owned());
            self.high = completed;
            return Some(completed);
        }
        let increment = completed.saturating_sub(self.high);
        self.high = self.high.max(completed);
        Some(increment)
    }

    /// Whether the box's clock can be used.
    fn confirms(&mut self, start: &str, now: &Moment) -> bool {
        let is_confirmed =
            now.is_believed && (!self.has_stepped(now) || agrees(start, &now.local) || self.has_been_even(now));
        if is_confirmed || !now.is_believed {
            self.stepped = None;
        }
        is_confirmed
    }

    /// Whether the box's clock has gone on by another time than has passed. From one run to the next nobody knows
    /// what has passed.
    fn has_stepped(&self, now: &Moment) -> bool {
        let Some(seen) = self.seen else { return false };
        let passed = self.seen_at.map_or(Duration::ZERO, |at| now.at.saturating_duration_since(at));
        is_off(seen, now.local.timestamp(), passed, MAX_STEP)
    }

    fn has_been_even(&mut self, now: &Moment) -> bool {
        let wall = now.local.timestamp();
        if let Some((since, then)) = self.stepped {
            let passed = now.at.saturating_duration_since(since);
            if !is_off(then, wall, passed, EVEN) {
                return passed >= PROBATION;
            }
        }
        self.stepped = Some((now.at, wall));
        false
    }

    /// Gives what is pending its hour, or to the day alone where nobody knows the hour.
    fn place(&mut self, now: &Moment, day_starts: u8) {
        let Some(hour) = hour_of(&now.local) else { return };
        let pending = std::mem::take(&mut self.pending);
        let since_start = || {
            let (begins, _) = day_of_work(&now.local, day_starts)?;
            Some(hour_of(&begins)?..=hour)
        };
        let unseen = if self.seen.is_some() { self.unseen(&now.local) } else { since_start() };
        match unseen {
            Some(hours) => {
                for at in hours.step_by(STEP) {
                    self.hours.entry(at).or_default().gap = true;
                }
                let seen_in = self.hours.entry(hour).or_default();
                seen_in.unplaced = seen_in.unplaced.saturating_add(pending);
            }
            None if pending > 0 => {
                let seen_in = self.hours.entry(hour).or_default();
                seen_in.completed = seen_in.completed.saturating_add(pending);
            }
            None => {}
        }
        self.hours.retain(|at, _| at.abs_diff(hour) <= KEPT.unsigned_abs());
        self.seen = Some(now.local.timestamp());
        self.seen_at = Some(now.at);
    }

    /// The hours since the last observation, both ends included, where that is too long ago to know which is which.
    fn unseen(&self, local: &Zoned) -> Option<RangeInclusive<i64>> {
        let seen = self.seen?;
        let (first, last) = (hour_of(&seen.to_zoned(local.time_zone().clone()))?, hour_of(local)?);
        let is_long = local.timestamp().duration_since(seen) > MAX_PAUSE && first < last;
        // Whole hours before the last, whatever has become of the zone.
        let hours = last.saturating_sub(first).min(KEPT) / HOUR;
        is_long.then(|| last.saturating_sub(hours * HOUR)..=last)
    }
}

/// Whether from one to the other the clock has gone on by another time than `passed`, by more than `most`.
fn is_off(from: Timestamp, to: Timestamp, passed: Duration, most: SignedDuration) -> bool {
    let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    to.duration_since(from).saturating_sub(passed).abs() > most
}

/// Whether the server's day, which began then, may be the present one.
fn agrees(start: &str, local: &Zoned) -> bool {
    let Ok(start) = start.parse::<Timestamp>() else { return false };
    let since = local.timestamp().duration_since(start);
    since >= -MAX_SKEW && since <= SignedDuration::from_hours(24) + MAX_SKEW
}

/// Whether a date is after tomorrow's, by a clock that is believed.
fn is_in_future(date: &str, now: &Moment) -> bool {
    now.is_believed && now.local.date().tomorrow().is_ok_and(|tomorrow| date > tomorrow.to_string().as_str())
}

/// The start of the hour, in seconds since 1970.
fn hour_of(local: &Zoned) -> Option<i64> {
    let start = local.with().minute(0).second(0).subsec_nanosecond(0).build().ok()?;
    Some(start.timestamp().as_second())
}

/// The day of work that this belongs to, and the beginning of the next.
fn day_of_work(local: &Zoned, day_starts: u8) -> Option<(Zoned, Zoned)> {
    let starts = i8::try_from(day_starts.min(23)).ok()?;
    let date = if local.hour() < starts { local.date().yesterday().ok()? } else { local.date() };
    let at = |date: jiff::civil::Date| date.at(starts, 0, 0, 0).to_zoned(local.time_zone().clone()).ok();
    Some((at(date)?, at(date.tomorrow().ok()?)?))
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use proptest::prelude::*;

    use super::*;

    /// The hour at which the day of work begins in these tests.
    const DAY_STARTS: u8 = 6;

    /// A box in Buenos Aires, whose server is in UTC: there the ERP's day begins at 21:00.
    #[derive(Debug)]
    struct Shop {
        counts: Counts,
        now: Zoned,
        at: Instant,
    }

    impl Shop {
        fn at(time: &str) -> Self {
            let now = format!("{time}[America/Argentina/Buenos_Aires]").parse().expect("a moment");
            Self { counts: Counts::default(), now, at: Instant::now() }
        }

        fn pass(&mut self, seconds: i64) -> &mut Self {
            self.now = &self.now + seconds.seconds();
            self.at += Duration::from_secs(seconds.unsigned_abs());
            self
        }

        fn moment(&self) -> Moment {
            Moment { at: self.at, local: self.now.clone(), is_believed: true }
        }

        /// The server's midnight before now.
        fn start(&self) -> String {
            let utc = self.now.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
            format!("{}T00:00:00.000Z", utc.date())
        }

        fn see(&mut self, completed: u64) -> &mut Self {
            let (start, moment) = (self.start(), self.moment());
            self.counts.observe(completed, &start, &moment, DAY_STARTS);
            self
        }

        /// Sees it by a clock that shows another time.
        fn see_at(&mut self, completed: u64, time: &str, is_believed: bool) -> &mut Self {
            let (start, at) = (self.start(), self.at);
            let local = format!("{time}[America/Argentina/Buenos_Aires]").parse().expect("a moment");
            self.counts.observe(completed, &start, &Moment { at, local, is_believed }, DAY_STARTS);
            self
        }

        fn restart(&mut self) -> &mut Self {
            let kept = serde_json::to_string(&self.counts).expect("JSON");
            self.counts = serde_json::from_str(&kept).expect("read");
            self.at += Duration::from_secs(1_000_000);
            self
        }

        /// Day, completed, unplaced, and the hours: `6:0~` is one with a gap.
        fn shown(&self) -> String {
            let Some(day) = self.counts.shown(&self.moment(), DAY_STARTS) else { return "nothing".into() };
            let hour =
                |hour: &HourCount| format!("{}:{}{}", hour.hour, hour.completed, if hour.gap { "~" } else { "" });
            let hours: Vec<_> = day.hours.iter().map(hour).collect();
            format!("{} {}/{} {}", day.day, day.completed, day.unplaced, hours.join(" "))
        }
    }

    #[test]
    fn increments_go_to_their_hours_and_what_was_before_to_none() {
        let mut one = Shop::at("2026-11-27T07:58:00-03:00");
        assert_eq!(one.shown(), "nothing");
        one.see(12);
        assert_eq!(one.shown(), "2026-11-27 0/0 6:0~ 7:0~", "nobody saw the day's beginning");
        one.pass(60).see(13).pass(90).see(15);
        assert_eq!(one.shown(), "2026-11-27 3/0 6:0~ 7:1~ 8:2");
        one.pass(3600 - 30);
        for _ in 0..60 {
            one.pass(60).see(16);
        }
        assert_eq!(one.shown(), "2026-11-27 4/1 6:0~ 7:1~ 8:2~ 9:0~ 10:0", "an hour without a sight");
    }

    #[test]
    fn the_servers_midnight_is_in_the_middle_of_a_day_of_work() {
        let mut one = Shop::at("2026-11-27T20:59:00-03:00");
        one.see(30).pass(30).see(31).pass(60).see(0).pass(60).see(2);
        assert!(one.shown().starts_with("2026-11-27 3/0 "), "{}", one.shown());
        assert!(one.shown().ends_with(" 20:1~ 21:2"), "{}", one.shown());
        // A late answer of the day before changes nothing.
        let yesterday = "2026-11-27T00:00:00.000Z";
        let moment = one.moment();
        one.counts.observe(31, yesterday, &moment, DAY_STARTS);
        one.pass(5).see(2);
        assert!(one.shown().starts_with("2026-11-27 3/0 "), "{}", one.shown());
        // The night belongs to the day before, until work begins.
        while one.now.hour() != 5 {
            one.pass(120).see(2);
        }
        assert!(one.shown().starts_with("2026-11-27 3/0 6:0~ "), "{}", one.shown());
        assert!(one.shown().ends_with(" 20:1~ 21:2 22:0 23:0 0:0 1:0 2:0 3:0 4:0 5:0"), "{}", one.shown());
        while one.now.hour() != 6 {
            one.pass(120).see(3);
        }
        assert_eq!(one.shown(), "2026-11-28 0/0 6:0");
    }

    #[test]
    fn an_order_that_is_opened_again_counts_once() {
        let mut one = Shop::at("2026-11-27T08:00:00-03:00");
        for completed in [3, 4, 3, 4, 5, 1, 5, 6] {
            one.pass(5).see(completed);
        }
        assert_eq!(one.shown(), "2026-11-27 3/0 6:0~ 7:0~ 8:3~");
        // The ERP's data were set back: from there on it counts anew.
        one.pass(5).see(30).pass(5).see(2).pass(5).see(3);
        assert_eq!(one.shown(), "2026-11-27 30/0 6:0~ 7:0~ 8:30~");
    }

    #[test]
    fn a_restart_within_the_hour_loses_nothing_and_a_longer_one_shows_a_gap() {
        let mut one = Shop::at("2026-11-27T06:00:00-03:00");
        one.see(0).pass(60).see(1).restart().pass(1200).see(4);
        assert_eq!(one.shown(), "2026-11-27 4/0 6:4~");
        one.restart().pass(2 * 3600);
        assert_eq!(one.shown(), "2026-11-27 4/0 6:4~ 7:0~ 8:0~", "nobody has looked yet");
        one.see(6);
        assert_eq!(one.shown(), "2026-11-27 6/2 6:4~ 7:0~ 8:0~");
        one.pass(60).see(7);
        assert_eq!(one.shown(), "2026-11-27 7/2 6:4~ 7:0~ 8:1~");
    }

    /// From Friday to Monday the box had no power.
    #[test]
    fn a_long_time_without_power_begins_another_day() {
        let mut one = Shop::at("2026-11-27T17:59:00-03:00");
        one.see(40).pass(30).see(41).restart().pass(61 * 3600);
        assert!(one.shown().starts_with("2026-11-27 1/0 "), "nobody has confirmed the clock yet: {}", one.shown());
        one.see(2);
        assert_eq!(one.shown(), "2026-11-30 2/2 6:0~");
    }

    #[test]
    fn a_wrong_clock_begins_no_day_and_loses_none() {
        for (wrong, is_believed) in [
            ("1970-01-01T00:00:10-03:00", false),
            ("1970-01-01T00:00:10-03:00", true),
            ("2101-03-04T05:06:07-03:00", false),
            ("2101-03-04T05:06:07-03:00", true),
            ("2026-11-27T08:30:00-03:00", false),
        ] {
            for is_restarted in [false, true] {
                let mut one = Shop::at("2026-11-27T08:00:00-03:00");
                one.see(10).pass(30).see(11);
                if is_restarted {
                    one.restart();
                }
                one.pass(5).see_at(12, wrong, is_believed).pass(5).see_at(13, wrong, is_believed);
                let moment = Moment { at: one.at, local: one.now.clone(), is_believed: false };
                let held = one.counts.shown(&moment, DAY_STARTS).expect("a day");
                assert_eq!((held.day.as_str(), held.completed), ("2026-11-27", 1), "{wrong}");
                one.pass(5).see(13);
                assert_eq!(one.shown(), "2026-11-27 3/0 6:0~ 7:0~ 8:3~", "{wrong} {is_believed} {is_restarted}");
            }
        }
    }

    /// A server without a right clock confirms none; the box's own is taken when it goes on evenly.
    #[test]
    fn a_clock_that_goes_on_evenly_is_taken_in_the_end() {
        let mut one = Shop::at("2026-11-27T08:00:00-03:00");
        let see = |one: &mut Shop, completed| {
            let moment = one.moment();
            one.counts.observe(completed, "2020-01-01T00:00:00.000Z", &moment, DAY_STARTS);
        };
        see(&mut one, 1);
        one.restart().pass(70 * 3600);
        for minute in 0..60 {
            see(&mut one, 2);
            assert!(one.shown().starts_with("2026-11-27 "), "after {minute} minutes");
            one.pass(60);
        }
        see(&mut one, 2);
        assert_eq!(one.shown(), "2026-11-30 1/1 6:0~ 7:0~");
    }

    #[test]
    fn an_hour_that_the_clocks_show_twice_is_two_hours() {
        let night = |time: &str| format!("{time}[Europe/Madrid]").parse::<Zoned>().expect("a moment");
        let (mut counts, at) = (Counts::default(), Instant::now());
        let mut now = night("2026-10-24T22:00:00+02:00");
        let mut completed = 0;
        while now < night("2026-10-25T04:00:00+01:00") {
            let moment = Moment { at, local: now.clone(), is_believed: true };
            counts.observe(completed, "2026-10-24T00:00:00.000Z", &moment, 22);
            completed += u64::from(now.minute() == 30);
            now = &now + 1.minute();
        }
        let shown = counts.shown(&Moment { at, local: now, is_believed: true }, 22).expect("a day");
        let hours: Vec<_> = shown.hours.iter().map(|hour| (hour.hour, hour.completed)).collect();
        assert_eq!(hours, [(22, 1), (23, 1), (0, 1), (1, 1), (2, 1), (2, 1), (3, 1), (4, 0)]);
        assert_eq!((shown.day.as_str(), shown.completed, shown.unplaced), ("2026-10-24", 7, 0));
    }

    #[test]
    fn the_moment_of_an_observation_is_no_figure() {
        let mut one = Shop::at("2026-11-27T08:00:00-03:00");
        let before = one.see(10).counts.clone();
        one.pass(5).see(10);
        assert!(before.has_same_figures(&one.counts) && before != one.counts);
        one.pass(5).see(11);
        assert!(!before.has_same_figures(&one.counts));
    }

    /// What happens in a workshop, to its ERP and to its box.
    #[derive(Debug, Clone)]
    enum Happening {
        Complete(u64),
        Reopen(u64),
        Midnight,
        Wait(i64),
        See,
        SeeWrong { seconds: i64, is_believed: bool },
        Restart,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        let wrong = prop_oneof![Just(-1_700_000_000), Just(2_350_000_000), -20_000i64..20_000];
        prop_oneof![
            3 => (0u64..9).prop_map(Happening::Complete),
            1 => (0u64..4).prop_map(Happening::Reopen),
            1 => Just(Happening::Midnight),
            2 => (1i64..5400).prop_map(Happening::Wait),
            4 => Just(Happening::See),
            2 => (wrong, any::<bool>())
                .prop_map(|(seconds, is_believed)| Happening::SeeWrong { seconds, is_believed }),
            1 => Just(Happening::Restart),
        ]
    }

    proptest! {
        /// Every increment is in an hour, or beside them, or waits for a clock: once.
        #[test]
        fn no_increment_is_lost_or_doubled(happenings in prop::collection::vec(happening(), 1..30)) {
            let mut one = Shop::at("2026-11-27T08:00:00-03:00");
            // The server's day, what it shows, the most that the box has seen of it, and what it should have counted.
            let (mut day, mut completed, mut high, mut counted) = ("2026-11-27".parse::<jiff::civil::Date>().expect("a date"), 20u64, 20u64, 0u64);
            let mut seen_day = day;
            let mut last_right = one.at;
            one.see(completed);
            for happening in happenings {
                let (seconds, is_believed) = match happening {
                    Happening::Complete(number) => { completed += number; continue }
                    // Fewer than would be data that were set back.
                    Happening::Reopen(number) => { completed = completed.saturating_sub(number).max(high.saturating_sub(MIN_FALL - 1)); continue }
                    Happening::Midnight => {
                        day = day.tomorrow().expect("a date");
                        (completed, high) = (0, 0);
                        continue;
                    }
                    Happening::Wait(seconds) => { one.pass(seconds); continue }
                    Happening::Restart => { one.restart(); last_right = one.at; continue }
                    Happening::See => (0, true),
                    // A clock that goes on for long is taken for right, and forgets the days before.
                    Happening::SeeWrong { .. } if one.at - last_right > PROBATION / 2 => (0, true),
                    Happening::SeeWrong { seconds, is_believed } => (seconds, is_believed),
                };
                if seconds == 0 {
                    last_right = one.at;
                }
                let moment = Moment { at: one.at, local: &one.now + seconds.seconds(), is_believed };
                one.counts.observe(completed, &format!("{day}T00:00:00.000Z"), &moment, DAY_STARTS);
                if day != seen_day {
                    (seen_day, high) = (day, 0);
                }
                counted += completed.saturating_sub(high);
                high = high.max(completed);
                let hours = one.counts.hours.values().map(|hour| hour.completed + hour.unplaced).sum::<u64>();
                prop_assert_eq!(hours + one.counts.pending, counted, "{:?}", one.counts);
                // The sum of what is shown is that of the day.
                if let Some(shown) = one.counts.shown(&one.moment(), DAY_STARTS) {
                    let hours = shown.hours.iter().map(|hour| hour.completed).sum::<u64>();
                    prop_assert_eq!(hours + shown.unplaced, shown.completed);
                    prop_assert!(shown.hours.len() <= 25);
                }
            }
        }
    }
}
