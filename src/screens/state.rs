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
        self.has_channel || self.silence < SILENT_AFTER
    }
}

/// How a page is, and why.
pub(super) fn state(facts: &Facts, limits: &Limits) -> (ScreenState, Reason) {
    let is_silent = facts.silence >= SILENT_AFTER;
    if !facts.is_alive() {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { reload_spread: Duration::from_secs(60), stale: Duration::from_secs(120) };

    /// A page of which all is well.
    fn well() -> Facts {
        Facts {
            has_channel: true,
            silence: Duration::from_secs(5),
            age: Duration::from_secs(60),
            is_visible: true,
            drew: Some(true),
            has_body: true,
            since_error: None,
            outdated_for: None,
            data_age: Some(Duration::from_secs(3)),
        }
    }

    fn of(change: impl FnOnce(&mut Facts)) -> (ScreenState, Reason) {
        let mut facts = well();
        change(&mut facts);
        state(&facts, &LIMITS)
    }

    #[test]
    fn each_state_has_its_evidence_and_its_edge() {
        let second = Duration::from_secs;
        assert_eq!(of(|_| {}), (ScreenState::Showing, Reason::AllWell));
        let silent =
            |silence, has_channel| of(|page| (page.silence, page.has_channel) = (second(silence), has_channel));
        assert_eq!(silent(24, false).0, ScreenState::Showing);
        assert_eq!(silent(25, false), (ScreenState::Offline, Reason::Silent));
        assert_eq!(silent(24, true).0, ScreenState::Showing);
        assert_eq!(silent(25, true), (ScreenState::Frozen, Reason::NoReports));
        assert_eq!(of(|page| page.is_visible = false), (ScreenState::Hidden, Reason::NotVisible));
        assert_eq!(of(|page| page.drew = Some(false)), (ScreenState::Frozen, Reason::NoFrames));
        assert_eq!(of(|page| page.drew = None).0, ScreenState::Showing, "its engine does not say");
        let blank = |age| of(|page| (page.has_body, page.age) = (false, second(age)));
        assert_eq!((blank(4).0, blank(5)), (ScreenState::Showing, (ScreenState::Blank, Reason::EmptyBody)));
        let error = |since| of(|page| page.since_error = Some(second(since)));
        assert_eq!((error(59), error(60).0), ((ScreenState::Errors, Reason::ScriptErrors), ScreenState::Showing));
        let outdated = |time| of(|page| page.outdated_for = Some(second(time)));
        assert_eq!(
            (outdated(120).0, outdated(121)),
            (ScreenState::Showing, (ScreenState::Outdated, Reason::OtherVersion))
        );
        let old = |age| of(|page| page.data_age = Some(second(age)));
        assert_eq!((old(120).0, old(121)), (ScreenState::Showing, (ScreenState::Stale, Reason::OldData)));
        assert_eq!(of(|page| page.data_age = None).0, ScreenState::Showing, "a site without data");
    }

    #[test]
    fn names_are_those_of_the_wire() {
        let names: Vec<_> = ScreenState::ALL.map(ScreenState::name).into();
        assert_eq!(names, ["showing", "stale", "frozen", "blank", "errors", "hidden", "outdated", "offline"]);
        for state in ScreenState::ALL {
            assert_eq!(serde_json::to_value(state).expect("text"), state.name());
        }
    }

    fn seconds(max: u64) -> impl Strategy<Value = Duration> {
        (0..max * 1000).prop_map(Duration::from_millis)
    }

    fn facts() -> impl Strategy<Value = Facts> {
        let bools = proptest::array::uniform3(any::<bool>());
        let optional = |max| proptest::option::of(seconds(max));
        let times = (seconds(60), seconds(20), optional(120), optional(300), optional(300));
        (bools, proptest::option::of(any::<bool>()), times).prop_map(
            |([has_channel, is_visible, has_body], drew, (silence, age, since_error, outdated_for, data_age))| Facts {
                has_channel,
                silence,
                age,
                is_visible,
                drew,
                has_body,
                since_error,
                outdated_for,
                data_age,
            },
        )
    }

    /// The facts, made well where they would give an earlier state than this one.
    fn without_what_precedes(facts: &Facts, state: ScreenState) -> Facts {
        let (mut better, well) = (*facts, well());
        if state > ScreenState::Offline {
            better.has_channel = true;
        }
        if state > ScreenState::Hidden {
            better.is_visible = true;
        }
        if state > ScreenState::Frozen {
            better.silence = well.silence;
            better.drew = well.drew;
        }
        if state > ScreenState::Blank {
            better.has_body = true;
        }
        if state > ScreenState::Errors {
            better.since_error = None;
        }
        if state > ScreenState::Outdated {
            better.outdated_for = None;
        }
        if state > ScreenState::Stale {
            better.data_age = None;
        }
        better
    }

    proptest! {
        #[test]
        fn nothing_is_offline_but_what_is_silent_without_a_channel(facts in facts()) {
            let is_offline = !facts.has_channel && facts.silence >= SILENT_AFTER;
            prop_assert_eq!(state(&facts, &LIMITS).0 == ScreenState::Offline, is_offline);
            prop_assert_eq!(facts.is_alive(), !is_offline);
        }

        /// The first that holds: what follows a state changes nothing of it, and mending it leads to a later one.
        #[test]
        fn the_order_of_precedence_holds(facts in facts()) {
            let (first, _) = state(&facts, &LIMITS);
            for later in ScreenState::ALL {
                let (mended, _) = state(&without_what_precedes(&facts, later), &LIMITS);
                prop_assert!(mended >= later.min(ScreenState::Showing), "{later:?}: {mended:?}");
                if later <= first {
                    prop_assert_eq!(mended, first, "{:?}", later);
                }
            }
        }

        /// Time without a report makes no screen better, but that its errors are a while ago; nor does it make one anything
        /// but frozen or offline.
        #[test]
        fn silence_makes_nothing_better(facts in facts(), more in seconds(120)) {
            let facts = Facts { since_error: None, ..facts };
            let (before, _) = state(&facts, &LIMITS);
            let (after, _) = state(&Facts { silence: facts.silence + more, ..facts }, &LIMITS);
            prop_assert!(after <= before, "{before:?} {after:?}");
            prop_assert!(after == before || matches!(after, ScreenState::Frozen | ScreenState::Offline));
        }

        #[test]
        fn showing_says_that_a_person_sees_the_page(facts in facts()) {
            if state(&facts, &LIMITS).0 == ScreenState::Showing {
                prop_assert!(facts.is_visible && facts.silence < SILENT_AFTER && facts.drew != Some(false));
                prop_assert!(facts.data_age.is_none_or(|age| age <= LIMITS.stale));
            }
        }
    }
}
