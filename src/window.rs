//! When a box may change what it runs: hours of the day, on days of the week, of its time zone.
//!
//! ```text
//! 22:00-05:00 on fri, sat      Fri 22:00 ──open── Sat 05:00 … Sat 22:00 ──open── Sun 05:00
//! ```
//!
//! A window across midnight belongs to the day on which it opens. Where the clocks go forward over the opening, it
//! opens as much later; where they go back over the closing, it stays open until the second time that they show it. A
//! window of which the change leaves nothing is skipped that day.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use thiserror::Error;

/// Days after today that are searched for the next opening: a week, and as much again for one that is skipped.
const SEARCHED: i64 = 15;

/// The days of the week, as [`Days::parse`] reads them.
pub(crate) const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What is wrong with a window as it is written.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub(crate) enum WindowError {
    /// Not two times of the day.
    #[error("{0:?} is not a window: write it as 22:00-05:00")]
    Hours(String),
    /// It would never be open, or always.
    #[error("the window {0:?} closes when it opens: leave it empty for the whole day")]
    Empty(String),
    /// Not a day of the week.
    #[error("{0:?} is not a day: write mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// No such time zone on this machine.
    #[error("the time zone {0:?} is not known here: write it as Europe/Madrid")]
    Zone(String),
}

/// Hours of the day, as `22:00-05:00`; `24:00` is the day's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    opens: Time,
    closes: Time,
}

/// Days of the week; none are all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Days(Vec<Weekday>);

/// Hours on days, in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    hours: Hours,
    days: Days,
    zone: TimeZone,
}

/// What a window is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    /// Open.
    Open,
    /// Closed, and opens then.
    OpensAt(Timestamp),
}

impl Hours {
    /// The whole day.
    pub(crate) const DAY: Self = Self { opens: Time::midnight(), closes: Time::midnight() };

    /// From one whole hour to another, 0 to 24; the same one twice is the whole day. Others count as midnight.
    #[must_use]
    pub(crate) fn between(opens: u8, closes: u8) -> Self {
        let at = |hour| i8::try_from(hour).ok().and_then(|hour| Time::new(hour, 0, 0, 0).ok()).unwrap_or_default();
        if opens == closes { Self::DAY } else { Self { opens: at(opens), closes: at(closes) } }
    }
}

impl FromStr for Hours {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let wrong = || WindowError::Hours(text.to_owned());
        let (opens, closes) = text.split_once('-').ok_or_else(wrong)?;
        let opens = time_of_day(opens.trim()).ok_or_else(wrong)?;
        let closes = closes.trim();
        let closes_at_the_end = closes == "24:00";
        let closes = if closes_at_the_end { Time::midnight() } else { time_of_day(closes).ok_or_else(wrong)? };
        if opens == closes && !closes_at_the_end {
            return Err(WindowError::Empty(text.to_owned()));
        }
        Ok(Self { opens, closes })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}-", self.opens.hour(), self.opens.minute())?;
        if self.closes == Time::midnight() {
            out.write_str("24:00")
        } else {
            write!(out, "{:02}:{:02}", self.closes.hour(), self.closes.minute())
        }
    }
}

impl Days {
    /// Reads days by their names: `mon`, `tue`, …
    pub(crate) fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, WindowError> {
        names.into_iter().map(weekday).collect::<Result<_, _>>().map(Self)
    }

    /// Their names, as [`Days::parse`] reads them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let name = |day: &Weekday| DAYS.get(usize::try_from(day.to_monday_zero_offset()).ok()?).copied();
        self.0.iter().filter_map(name).collect()
    }

    fn include(&self, day: Weekday) -> bool {
        self.0.is_empty() || self.0.contains(&day)
    }
}

impl Window {
    /// A window.
    #[must_use]
    pub(crate) fn new(hours: Hours, days: Days, zone: TimeZone) -> Self {
        Self { hours, days, zone }
    }

    /// One that is always open.
    #[must_use]
    pub fn always() -> Self {
        Self::new(Hours::DAY, Days::default(), TimeZone::UTC)
    }

    /// Whether it is open, and when it opens if it is not.
    #[must_use]
    pub(crate) fn state(&self, now: Timestamp) -> WindowState {
        // Without an edge there is nothing to compute, and no change of the clocks to fall into.
        if self.hours == Hours::DAY && self.days.0.is_empty() {
            return WindowState::Open;
        }
        let today = self.zone.to_datetime(now).date();
        // From two days before: one that crosses midnight, and the day that a zone leaves out when it changes sides of
        // the date line.
        for offset in -2..=SEARCHED {
            let Ok(date) = today.checked_add(Span::new().days(offset)) else { continue };
            match self.opening(date) {
                Some((opens, closes)) if opens <= now && now < closes => return WindowState::Open,
                Some((opens, _)) if opens > now => return WindowState::OpensAt(opens),
                _ => {}
            }
        }
        // Only at the end of the calendar: a window is not to hold updates up for ever.
        WindowState::Open
    }

    /// From when until when it is open that belongs to a day.
    fn opening(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.include(date.weekday()) {
            return None;
        }
        let Hours { opens, closes } = self.hours;
        let last = if closes <= opens { date.checked_add(1.day()).ok()? } else { date };
        let opens = self.zone.to_ambiguous_timestamp(date.to_datetime(opens)).compatible().ok()?;
        let closes = self.zone.to_ambiguous_timestamp(last.to_datetime(closes)).later().ok()?;
        (opens < closes).then_some((opens, closes))
    }
}

/// A time zone by its name in the IANA database; without a name the machine's.
pub(crate) fn zone(name: Option<&str>) -> Result<TimeZone, WindowError> {
    name.map_or_else(
        || Ok(TimeZone::system()),
        |name| TimeZone::get(name).map_err(|_| WindowError::Zone(name.to_owned())),
    )
}

/// `H:MM` or `HH:MM`.
pub(crate) fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn weekday(name: &str) -> Result<Weekday, WindowError> {
    Ok(match name.trim().to_ascii_lowercase().as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return Err(WindowError::Day(name.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Central European time, by its rule, so that no database is needed.
    fn madrid() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule")
    }

    fn window(hours: &str, days: &[&str]) -> Window {
        let hours = if hours.is_empty() { Hours::DAY } else { hours.parse().expect("hours") };
        Window::new(hours, Days::parse(days.iter().copied()).expect("days"), madrid())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn opens(text: &str) -> WindowState {
        WindowState::OpensAt(at(text))
    }

    #[test]
    fn hours_and_days_are_read_and_wrong_ones_named() {
        assert_eq!("9:00-17:30".parse::<Hours>().expect("hours").to_string(), "09:00-17:30");
        let between = |opens, closes| Ok(Hours::between(opens, closes));
        assert_eq!("06:00-22:00".parse(), between(6, 22));
        assert_eq!("22:00-06:00".parse(), between(22, 6));
        assert_eq!("06:00-24:00".parse(), between(6, 24));
        assert_eq!((between(6, 6), between(0, 24), between(24, 0)), (Ok(Hours::DAY), Ok(Hours::DAY), Ok(Hours::DAY)));
        assert_eq!("00:00-24:00".parse(), Ok(Hours::DAY));
        for wrong in ["", "22:00", "22-5", "22:00-5:0", "25:00-05:00", "22:60-05:00", "24:00-05:00", "+2:00-05:00"] {
            assert_eq!(wrong.parse::<Hours>(), Err(WindowError::Hours(wrong.into())), "{wrong}");
        }
        assert_eq!("05:00-05:00".parse::<Hours>(), Err(WindowError::Empty("05:00-05:00".into())));
        assert_eq!(Days::parse(["lun"]), Err(WindowError::Day("lun".into())));
        assert!(Days::parse(["Mon", " sun"]).is_ok());
        assert_eq!(Days::parse(DAYS.iter().copied()).expect("days").names(), DAYS);
        let error = zone(Some("Europe/Nowhere")).expect_err("no zone").to_string();
        assert!(error.contains("Europe/Nowhere"), "{error}");
    }

    #[test]
    fn across_midnight_it_belongs_to_the_day_on_which_it_opens() {
        // 2026-11-27 is a Friday; Madrid is an hour ahead.
        let window = window("22:00-05:00", &["fri"]);
        assert_eq!(window.state(at("2026-11-27T20:59:59Z")), opens("2026-11-27T21:00:00Z"));
        assert_eq!(window.state(at("2026-11-27T21:00:00Z")), WindowState::Open);
        assert_eq!(window.state(at("2026-11-28T03:59:59Z")), WindowState::Open);
        assert_eq!(window.state(at("2026-11-28T04:00:00Z")), opens("2026-12-04T21:00:00Z"));
        // Friday's small hours are Thursday's.
        assert_eq!(window.state(at("2026-11-27T01:00:00Z")), opens("2026-11-27T21:00:00Z"));
    }

    #[test]
    fn without_hours_it_is_open_all_day_and_without_days_every_day() {
        let saturday = window("", &["sat"]);
        assert_eq!(saturday.state(at("2026-11-27T22:59:59Z")), opens("2026-11-27T23:00:00Z"));
        assert_eq!(saturday.state(at("2026-11-27T23:00:00Z")), WindowState::Open);
        assert_eq!(saturday.state(at("2026-11-28T23:00:00Z")), opens("2026-12-04T23:00:00Z"));
        assert_eq!(window("", &[]).state(Timestamp::MAX), WindowState::Open);
        assert_eq!(Window::always().state(Timestamp::MIN), WindowState::Open);
    }

    #[test]
    fn it_follows_the_clocks_when_they_change() {
        // 2026-03-29, 02:00 becomes 03:00: an opening in between is as much later.
        let night = window("02:30-05:00", &[]);
        assert_eq!(night.state(at("2026-03-29T01:00:00Z")), opens("2026-03-29T01:30:00Z"));
        assert_eq!(night.state(at("2026-03-29T02:59:59Z")), WindowState::Open);
        // One of which nothing is left is the next day's.
        assert_eq!(window("02:30-03:15", &[]).state(at("2026-03-29T00:00:00Z")), opens("2026-03-30T00:30:00Z"));
        // 2026-10-25, 03:00 becomes 02:00: it closes at the second 02:30.
        let evening = window("22:00-02:30", &[]);
        assert_eq!(evening.state(at("2026-10-25T01:29:59Z")), WindowState::Open);
        assert_eq!(evening.state(at("2026-10-25T01:30:00Z")), opens("2026-10-25T21:00:00Z"));
        // And opens at the first.
        assert_eq!(night.state(at("2026-10-25T00:30:00Z")), WindowState::Open);
    }

    fn zones() -> impl Strategy<Value = TimeZone> {
        const RULES: [&str; 5] = [
            "UTC0",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "EST5EDT,M3.2.0,M11.1.0",
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            "<-12>12",
        ];
        proptest::sample::select(&RULES[..]).prop_map(|rule| TimeZone::posix(rule).expect("a rule"))
    }

    proptest! {
        #[test]
        fn when_it_is_closed_it_opens_later_and_no_sooner(
            minutes in (0_u16..1440, 0_u16..1440).prop_filter("some length", |(opens, closes)| opens != closes),
            days in proptest::sample::subsequence(DAYS, 0..=7),
            zone in zones(),
            now in 1_700_000_000_i64..1_900_000_000,
        ) {
            let text = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let hours: Hours = format!("{}-{}", text(minutes.0), text(minutes.1)).parse().expect("hours");
            let window = Window::new(hours, Days::parse(days.iter().copied()).expect("days"), zone);
            let now = Timestamp::from_second(now).expect("a time");
            if let WindowState::OpensAt(opening) = window.state(now) {
                prop_assert!(opening > now);
                prop_assert_eq!(window.state(opening), WindowState::Open);
                // Until then it stays closed, and keeps its word.
                let before = opening - jiff::SignedDuration::from_secs(1);
                if before >= now {
                    prop_assert_eq!(window.state(before), WindowState::OpensAt(opening));
                }
                let halfway = Timestamp::from_second(i64::midpoint(now.as_second(), opening.as_second())).expect("a time");
                if halfway >= now && halfway < opening {
                    prop_assert_eq!(window.state(halfway), WindowState::OpensAt(opening));
                }
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,12}", times in "[0-9:-]{0,12}") {
            let _ = text.parse::<Hours>();
            if let Ok(hours) = times.parse::<Hours>() {
                prop_assert_eq!(hours.to_string().parse::<Hours>(), Ok(hours));
            }
        }
    }
}
