//! What the box tells the display: the body of `/_edge/display.json`.

use serde::Serialize;

/// The display's settings; every field is always present.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Settings {
    /// The workshop's name.
    pub(crate) title: String,
    /// The line or area that this display is for.
    pub(crate) line: String,
    /// ISO 639-1: `es` or `en`.
    pub(crate) language: &'static str,
    /// Play demonstration data, marked as such.
    pub(crate) demo: bool,
    /// Whether there is an ERP to take data from; without one the display says so instead of waiting.
    pub(crate) erp: bool,
    /// Seconds between two looks at the data.
    pub(crate) refresh_s: u64,
    /// What the figures are held against.
    pub(crate) targets: Targets,
    /// The hours that the bar chart shows, local time.
    pub(crate) shift: Shift,
}

/// What the figures are held against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Targets {
    /// Pieces a day.
    pub(crate) daily: u32,
    /// Overall equipment effectiveness, percent.
    pub(crate) oee_percent: f64,
    /// Rejects, percent; above it is bad.
    pub(crate) reject_percent: f64,
}

/// Working hours, `start_hour` included, `end_hour` not. An end that is not after the start is on the next day: the same hour
/// twice is around the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Shift {
    /// 0 to 23.
    pub(crate) start_hour: u8,
    /// 0 to 24.
    pub(crate) end_hour: u8,
}

impl Settings {
    /// The settings as JSON.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}
