//! How a screen is: a pure function of what was heard of its pages.

use std::time::Duration;

use serde::Serialize;

/// Without a report for so long a page is silent: its agent reports every 10 s.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(25);
/// A report of a shorter time says nothing of frames, and of a younger page nothing of its body.
pub(super) const MIN_OBSERVED: Duration = Duration::from_secs(5);
/// For so long an error makes a screen one with errors.
const ERRORS_FOR: Duration = Duration::from_secs(60);
/// What a page has, beyond the spread of the reloads, to become the version that the box serves.
const RELOAD_SLACK: Duration = Duration::from_secs(60);

/// How a screen is. The first that holds, in this order, is the state of a page; of several pages of a screen the last
/// counts, which is the one that a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScreenState {
    /// Nothing is heard of it.
    Offline,
    /// Another app or tab is in front.
    Hidden,
    /// Its page does not move: it is connected without reporting, or draws no frames.
    Frozen,
    /// Its page shows nothing.
    Blank,
    /// Its page had errors within the last minute.
    Errors,
    /// Its page is of another version than the box serves.
    Outdated,
    /// Its data are old.
    Stale,
    /// All is well.
    Showing,
}

/// Why a screen is in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No page of it was heard of since the box started.
    NeverHeard,
    /// Its last page said that it ends.
    Left,
    /// Its connection has ended, and no report comes.
    Silent,
    NotVisible,
    /// Its connection is open, but no report comes.
    NoReports,
    NoFrames,
    EmptyBody,
    ScriptErrors,
    OtherVersion,
    OldData,
    AllWell,
}

/// What is known of a page at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether its live channel is open.
    pub(super) has_channel: bool,
    /// Whether it said that it ends.
    pub(super) has_left: bool,
    /// Since its last report.
    pub(super) silence: Duration,
    /// From its start to its last report.
    pub(super) age: Duration,
    pub(super) is_visible: bool,
    /// Whether it drew frames, in the last report that says so.
    pub(super) drew: Option<bool>,
    pub(super) has_body: bool,
    /// Since its last script error, rejection or failed resource.
    pub(super) since_error: Option<Duration>,
    /// For how long it is of another version than the box serves.
    pub(super) outdated_for: Option<Duration>,
    /// Age of its data when it reported last.
    pub(super) data_age: Option<Duration>,
}

/// What the configuration says of states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Over which all screens reload.
    pub(super) reload_spread: Duration,
    /// Age from which on data are old.
    pub(super) stale: Duration,
}

impl ScreenState {
    /// All of them, the best first.
    pub(crate) const ALL: [Self; 8] = [
        Self::Showing,
        Self::Stale,
        Self::Frozen,
        Self::Blank,
        Self::Errors,
        Self::Hidden,
        Self::Outdated,
        Self::Offline,
    ];

    /// Its name in JSON and metrics.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Hidden => "hidden",
            Self::Frozen => "frozen",
            Self::Blank => "blank",
            Self::Errors => "errors",
            Self::Outdated => "outdated",
            Self::Stale => "stale",
            Self::Showing => "showing",
        }
    }
}

impl Facts {
    /// Whether somebody may still be there.
    pub(super) fn is_alive(&self) -> bool {
        !self.has_left && (self.has_channel || self.silence < SILENT_AFTER)
    }
}

/// How a page is, and why.
pub(super) fn state(facts: &Facts, limits: &Limits) -> (ScreenState, Reason) {
    let is_silent = facts.silence >= SILENT_AFTER;
    if facts.has_left {
        (ScreenState::Offline, Reason::Left)
    } else if !facts.is_alive() {
        (ScreenState::Offline, Reason::Silent)
    } else if !facts.is_visible {
        (ScreenState::Hidden, Reason::NotVisible)
    } else if is_silent {
        (ScreenState::Frozen, Reason::NoReports)
    } else if facts.drew == Some(false) {
        (ScreenState::Frozen, Reason::NoFrames)
    } else if !facts.has_body && facts.age >= MIN_OBSERVED {
        (ScreenState::Blank, Reason::EmptyBody)
    } else if facts.since_error.is_some_and(|since| since < ERRORS_FOR) {
        (ScreenState::Errors, Reason::ScriptErrors)
    } else if facts.outdated_for.is_some_and(|time| time > limits.reload_spread + RELOAD_SLACK) {
        (ScreenState::Outdated, Reason::OtherVersion)
    } else if facts.data_age.is_some_and(|age| age > limits.stale) {
        (ScreenState::Stale, Reason::OldData)
    } else {
        (ScreenState::Showing, Reason::AllWell)
    }
}
