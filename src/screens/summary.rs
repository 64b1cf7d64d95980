//! The screens as others see them, at one moment.

use std::net::IpAddr;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::device::Device;
use super::identity::ScreenId;
use super::orders::{LastOrder, OrderKind};
use super::screen::Screen;
use super::state::ScreenState;
use super::words;
use crate::lang::Text;

/// All screens.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub(crate) struct Summary {
    /// Named ones first, by their names; then those without one, the newest first.
    pub(crate) screens: Vec<ScreenSummary>,
    /// How many are in which state.
    pub(crate) counts: Counts,
    /// `screens.expected`.
    pub(crate) expected: usize,
    /// Whether the screens should show the page now, by `screens.hours`.
    pub(crate) is_within_hours: bool,
    /// Whether the box has not run for long enough to have heard of every screen.
    pub(crate) is_starting: bool,
}

/// One screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ScreenSummary {
    /// Who it is.
    pub(crate) id: ScreenId,
    /// What a person calls it; at most 40 characters.
    pub(crate) name: Option<String>,
    /// Four signs by which a person finds a screen that has no name; `None` once it has one.
    pub(crate) code: Option<String>,
    /// Whether the screen itself shows the code.
    pub(crate) is_code_shown: bool,
    /// How it is.
    pub(crate) state: ScreenState,
    /// For how many seconds it has been so.
    pub(crate) since_s: u64,
    /// Why.
    pub(crate) reason: Text,
    /// Where it was heard of last.
    pub(crate) address: Option<IpAddr>,
    /// What it is.
    pub(crate) device: Device,
    /// The path to which a page at `/` goes.
    pub(crate) view: Option<String>,
    /// Whether it is kept awake: its own setting, or that of all.
    pub(crate) keep_awake: bool,
    /// Its own setting; `None`: that of all.
    pub(crate) own_keep_awake: Option<bool>,
    /// When it was seen first; `None` where the clock was not right.
    pub(crate) first_seen: Option<Timestamp>,
    /// When it was heard of last; `None` where the clock was not right.
    pub(crate) last_seen: Option<Timestamp>,
    /// Seconds since its last report; `None`: none since the box started.
    pub(crate) heard_s: Option<u64>,
    /// Pages of it that are there: 0 to 4. What follows is of the one that a person sees.
    pub(crate) pages: usize,
    /// The version of the site that it shows.
    pub(crate) version: Option<String>,
    /// The path that it shows.
    pub(crate) path: Option<String>,
    /// Frames drawn per second; `None` where its engine does not say, or nobody sees it.
    pub(crate) frames_per_second: Option<f64>,
    /// Age of its data in seconds, when it reported last.
    pub(crate) data_age_s: Option<f64>,
    /// CSS pixels.
    pub(crate) viewport: Option<ViewportSummary>,
    /// Bytes of its script's heap, where its engine says.
    pub(crate) heap: Option<u64>,
    /// Errors of the page since it was loaded.
    pub(crate) errors: ErrorSummary,
    /// What is asked of it and not yet answered.
    pub(crate) orders: Vec<OrderKind>,
    /// How the last order ended that it answered.
    pub(crate) last_order: Option<LastOrder>,
    /// Seconds since the picture of it was taken that the box holds; `None`: there is none.
    pub(crate) picture_s: Option<u64>,
}

/// The size of what a page may draw on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct ViewportSummary {
    /// In CSS pixels.
    pub(crate) width: u32,
    /// In CSS pixels.
    pub(crate) height: u32,
    /// Device pixels for each.
    pub(crate) ratio: f64,
}

/// Errors of a page since it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub(crate) struct ErrorSummary {
    /// Errors of scripts that nothing caught.
    pub(crate) script: u32,
    /// Promises that failed and that nothing caught.
    pub(crate) rejection: u32,
    /// Files that did not load.
    pub(crate) resource: u32,
    /// What the page's policy kept away.
    pub(crate) policy: u32,
    /// The text of the last one: of the page's, so it is shown to people of the workshop and goes nowhere else.
    pub(crate) sample: Option<String>,
}

/// How many screens are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts([usize; ScreenState::ALL.len()]);

impl Counts {
    pub(super) fn of(states: impl IntoIterator<Item = ScreenState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            for (count, counted) in counts.0.iter_mut().zip(ScreenState::ALL) {
                *count += usize::from(counted == state);
            }
        }
        counts
    }

    /// Each state with its number, in the order of [`ScreenState::ALL`].
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ScreenState, usize)> + use<> {
        ScreenState::ALL.into_iter().zip(self.0)
    }

    /// How many are in this state.
    #[cfg(test)]
    pub(crate) fn of_state(&self, state: ScreenState) -> usize {
        self.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| count)
    }
}

/// By the names of the states.
impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (state, count) in self.iter() {
            map.serialize_entry(state.name(), &count)?;
        }
        map.end()
    }
}

impl ScreenSummary {
    pub(super) fn of(screen: &Screen, keep_awake: bool, picture: Option<Instant>, now: Instant) -> Self {
        let seconds_since = |instant: Instant| now.saturating_duration_since(instant).as_secs();
        let page = screen.front();
        let errors = page.map(|page| page.errors).unwrap_or_default();
        Self {
            id: screen.id,
            name: screen.chosen.name.clone(),
            code: (!screen.is_named()).then(|| screen.code.clone()),
            is_code_shown: screen.shown_code(now).is_some(),
            state: screen.state,
            since_s: seconds_since(screen.since),
            reason: screen.reason.text().into(),
            address: screen.address,
            device: screen.device.clone(),
            view: screen.chosen.view.clone(),
            keep_awake: screen.chosen.keep_awake.unwrap_or(keep_awake),
            own_keep_awake: screen.chosen.keep_awake,
            first_seen: screen.first_seen,
            last_seen: screen.last_seen,
            heard_s: screen.heard.map(seconds_since),
            pages: screen.pages.len(),
            version: page.and_then(|page| page.site.clone()),
            path: page.map(|page| page.path.clone()),
            frames_per_second: page.and_then(|page| page.frames_per_second),
            data_age_s: page.and_then(|page| page.data_age).map(|age| age.as_secs_f64()),
            viewport: page.and_then(|page| page.viewport).map(|viewport| ViewportSummary {
                width: viewport.width,
                height: viewport.height,
                ratio: viewport.ratio,
            }),
            heap: page.and_then(|page| page.heap),
            errors: ErrorSummary {
                script: errors.script,
                rejection: errors.rejection,
                resource: errors.resource,
                policy: errors.policy,
                sample: page.and_then(|page| page.sample.clone()),
            },
            orders: screen.orders.pending(),
            last_order: screen.orders.last(),
            picture_s: picture.map(seconds_since),
        }
    }
}

impl Summary {
    /// Of these screens, in any order.
    pub(super) fn of(
        mut screens: Vec<ScreenSummary>,
        expected: usize,
        is_within_hours: bool,
        is_starting: bool,
    ) -> Self {
        screens.sort_by_cached_key(|screen| {
            let name = screen.name.as_ref().map(|name| name.to_lowercase());
            (name.is_none(), name, std::cmp::Reverse(screen.first_seen), screen.id)
        });
        let counts = Counts::of(screens.iter().map(|screen| screen.state));
        Self { screens, counts, expected, is_within_hours, is_starting }
    }

    /// Screens on which a person sees the page: `showing`, and `stale`, of which the data are old.
    #[must_use]
    pub(crate) fn lit(&self) -> usize {
        self.counts.iter().filter(|(state, _)| state.is_lit()).map(|(_, count)| count).sum()
    }

    /// What the health check `screens` says: that fewer are lit than should be at this hour.
    #[must_use]
    pub(crate) fn fault(&self) -> Option<Text> {
        let is_short = self.is_within_hours && !self.is_starting && self.lit() < self.expected;
        is_short.then(|| words::too_few(self.lit(), self.expected))
    }

    /// Without what comes from the pages themselves: what the support bundle may hold.
    #[must_use]
    pub(crate) fn without_content(&self) -> Self {
        let mut summary = self.clone();
        for screen in &mut summary.screens {
            screen.errors.sample = None;
            screen.path = None;
        }
        summary
    }
}
