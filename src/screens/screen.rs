//! One screen: what is kept of it, and its pages.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::identity::{PageId, ScreenId, Secret, SecretHash};
use super::orders::Orders;
use super::page::Page;
use super::state::{Facts, Limits, Reason, ScreenState, state};

/// Pages of a screen; a further one takes the place of the one that was heard of the longest ago.
pub(super) const MAX_PAGES: usize = 4;
/// For how long a screen shows its code.
pub(super) const CODE_SHOWN: Duration = Duration::from_secs(600);

/// A screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) id: ScreenId,
    pub(super) secret: SecretHash,
    pub(super) name: Option<String>,
    pub(super) view: Option<String>,
    pub(super) keep_awake: Option<bool>,
    pub(super) code: String,
    pub(super) user_agent: String,
    pub(super) address: Option<IpAddr>,
    pub(super) first_seen: Option<Timestamp>,
    pub(super) last_seen: Option<Timestamp>,
    /// By this run's clock; `None`: not heard of since the box started.
    pub(super) heard: Option<Instant>,
    pub(super) pages: Vec<Page>,
    pub(super) orders: Orders,
    /// Until when it shows its code.
    pub(super) code_until: Option<Instant>,
    pub(super) state: ScreenState,
    pub(super) reason: Reason,
    /// Since when it is in its state.
    pub(super) since: Instant,
}

impl Screen {
    /// One that is seen for the first time.
    pub(super) fn new(id: ScreenId, secret: &Secret, code: String, now: Instant) -> Self {
        Self {
            id,
            secret: secret.hash(),
            name: None,
            view: None,
            keep_awake: None,
            code,
            user_agent: String::new(),
            address: None,
            first_seen: None,
            last_seen: None,
            heard: None,
            pages: Vec::new(),
            orders: Orders::default(),
            code_until: Some(now + CODE_SHOWN),
            state: ScreenState::Offline,
            reason: Reason::NeverHeard,
            since: now,
        }
    }

    pub(super) fn page(&self, id: PageId) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// The code that it shows now.
    pub(super) fn shown_code(&self, now: Instant) -> Option<&str> {
        let is_shown = self.name.is_none() && self.code_until.is_some_and(|until| now < until);
        is_shown.then_some(self.code.as_str())
    }

    /// Finds out how it is.
    pub(super) fn judge(&mut self, facts: &[Facts], limits: &Limits, now: Instant) {
        let (state, reason) = state(facts.iter().copied(), limits);
        if state != self.state {
            self.since = now;
        }
        (self.state, self.reason) = (state, reason);
    }
}
