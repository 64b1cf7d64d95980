//! The link to the ERP: whether its figures come.

use std::time::{Duration, Instant};

use super::reason::Reason;

/// Whose figures they are, for a person to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// `OPERATOR` is the one that a wall should have.
    pub(crate) role: String,
    /// The workshop's name.
    pub(crate) workshop: String,
}

/// How the link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// No ERP is configured.
    Off,
    /// Nothing has come yet, and nothing failed.
    Starting,
    /// Answers count.
    Up,
    /// Answers count, but take long.
    Slow,
    /// They do not.
    Away(Reason),
}

/// The link at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) state: LinkState,
    /// Since when it is so.
    pub(crate) since: Instant,
    /// `None` until the first login.
    pub(crate) account: Option<Account>,
}

/// Answers that take longer than this, twice in a row, come over a slow link.
const SLOW: Duration = Duration::from_secs(3);

impl Link {
    pub(crate) const fn new(state: LinkState, now: Instant) -> Self {
        Self { state, since: now, account: None }
    }

    /// Away for another reason is away since it went.
    fn set(&mut self, state: LinkState, now: Instant) {
        if std::mem::discriminant(&state) != std::mem::discriminant(&self.state) {
            self.since = now;
        }
        self.state = state;
    }
}

/// Follows the link from answer to answer.
#[derive(Debug, Clone)]
pub(super) struct LinkTracker {
    link: Link,
    was_slow: bool,
}

impl LinkTracker {
    pub(super) fn new(now: Instant) -> Self {
        Self { link: Link::new(LinkState::Starting, now), was_slow: false }
    }

    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    pub(super) fn signed_in(&mut self, account: Account) {
        self.link.account = Some(account);
    }

    /// Gives whether it was away before.
    pub(super) fn answered(&mut self, took: Duration, now: Instant) -> bool {
        let was_away = matches!(self.link.state, LinkState::Away(_));
        let is_slow = took > SLOW;
        let state = match &self.link.state {
            // One alone decides nothing.
            LinkState::Up | LinkState::Slow if is_slow != self.was_slow => self.link.state.clone(),
            _ if is_slow && self.was_slow => LinkState::Slow,
            _ => LinkState::Up,
        };
        self.was_slow = is_slow;
        self.link.set(state, now);
        was_away
    }

    /// Gives whether that is new.
    pub(super) fn is_away(&mut self, reason: Reason, now: Instant) -> bool {
        let state = LinkState::Away(reason);
        let is_new = state != self.link.state;
        self.link.set(state, now);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_slow_after_two_slow_answers_and_away_since_it_went() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut tracker = LinkTracker::new(start);
        let mut after = |event: Option<u64>, second| {
            match event {
                Some(took) => _ = tracker.answered(Duration::from_secs(took), at(second)),
                None => _ = tracker.is_away(Reason::Timeout, at(second)),
            }
            (tracker.link().state.clone(), (tracker.link().since - start).as_secs())
        };
        assert_eq!(after(Some(0), 1), (LinkState::Up, 1));
        assert_eq!(after(Some(9), 2), (LinkState::Up, 1));
        assert_eq!(after(Some(0), 3), (LinkState::Up, 1));
        assert_eq!(after(Some(9), 4), (LinkState::Up, 1));
        assert_eq!(after(Some(9), 5), (LinkState::Slow, 5));
        assert_eq!(after(Some(0), 6), (LinkState::Slow, 5));
        assert_eq!(after(Some(0), 7), (LinkState::Up, 7));
        assert_eq!(after(None, 8), (LinkState::Away(Reason::Timeout), 8));
        assert!(tracker.is_away(Reason::NotJson, at(9)));
        assert_eq!((tracker.link().state.clone(), tracker.link().since), (LinkState::Away(Reason::NotJson), at(8)));
    }
}
