//! When to sign in. It holds the token and takes the time as given: its user signs in, and says what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use super::token::Token;

use super::reason::Reason;

/// Two logins are at least so far apart.
const LOGIN_INTERVAL: Duration = Duration::from_secs(30);
/// Failed logins, and those whose token is never accepted, are at most so far apart.
const MAX_LOGIN_INTERVAL: Duration = Duration::from_secs(300);
/// A wrong password stays one until somebody changes it.
const REFUSED_INTERVAL: Duration = Duration::from_secs(30 * 60);
/// Boxes whose tokens all die at once do not all come at once.
const MAX_JITTER: Duration = Duration::from_secs(10);

/// The session.
pub(crate) struct Session {
    current: Option<Current>,
    /// When a login is wanted; `None` while one is under way.
    due: Option<Instant>,
    /// The last login began so long ago that the next one may.
    spaced: Instant,
    /// No login before this, after those that led to nothing.
    held_until: Option<Instant>,
    /// Logins one after another that failed, or brought a token that was never accepted.
    fruitless: u32,
    /// Of the last login.
    failure: Option<Reason>,
    /// Between none and all of [`MAX_JITTER`].
    jitter: fn() -> Duration,
}

struct Current {
    token: Arc<Token>,
    /// Whether data were refused with it.
    is_refused: bool,
}

/// A random part of [`MAX_JITTER`].
pub(crate) fn jitter() -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    MAX_JITTER.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

impl Session {
    /// Without a token: the first login is due at once.
    pub(crate) fn new(now: Instant, jitter: fn() -> Duration) -> Self {
        Self { current: None, due: Some(now), spaced: now, held_until: None, fruitless: 0, failure: None, jitter }
    }

    /// What data are asked for with; `None` until the first login. A token stays in use until there is another, since
    /// some servers may still accept it.
    pub(crate) fn token(&self) -> Option<Arc<Token>> {
        self.current.as_ref().map(|current| Arc::clone(&current.token))
    }

    /// Why the last login failed; `None` once one was accepted.
    pub(crate) fn login_failure(&self) -> Option<&Reason> {
        self.failure.as_ref()
    }

    /// When the next login is due; `None` while one is under way. It may be past.
    pub(crate) fn login_due(&self) -> Option<Instant> {
        self.due
    }

    /// A login has begun. Its end is told by [`Session::logged_in`] or [`Session::login_failed`].
    pub(crate) fn login_began(&mut self, now: Instant) {
        self.due = None;
        self.spaced = now + LOGIN_INTERVAL + (self.jitter)();
    }

    /// It was accepted.
    pub(crate) fn logged_in(&mut self, now: Instant, token: Token) {
        self.fruitless = self.fruitless.saturating_add(1);
        // A token that no server accepts is not fetched anew all the time.
        self.held_until = Some(now + interval(self.fruitless));
        self.failure = None;
        let renewal = now + token.lifetime().mul_f64(0.75) + (self.jitter)();
        self.current = Some(Current { token: Arc::new(token), is_refused: false });
        self.due = Some(renewal.max(self.spaced));
    }

    /// It was not.
    pub(crate) fn login_failed(&mut self, now: Instant, reason: &Reason) {
        self.fruitless = self.fruitless.saturating_add(1);
        let wait = match reason {
            Reason::LoginRefused => REFUSED_INTERVAL,
            Reason::Overloaded { retry_after: Some(wait), .. } => interval(self.fruitless).max(*wait),
            _ => interval(self.fruitless),
        };
        let next = (now + wait + (self.jitter)()).max(self.spaced);
        (self.due, self.held_until) = (Some(next), Some(next));
        self.failure = Some(reason.clone());
    }

    /// Data came with this token.
    pub(crate) fn data_accepted(&mut self, token: &Arc<Token>) {
        if self.is_current(token) && self.failure.is_none() {
            (self.fruitless, self.held_until) = (0, None);
        }
    }

    /// 401 on data with this token: one login, unless another one has replaced the token meanwhile.
    pub(crate) fn data_refused(&mut self, now: Instant, token: &Arc<Token>) {
        if !self.is_current(token) {
            return;
        }
        if let Some(current) = &mut self.current
            && !std::mem::replace(&mut current.is_refused, true)
            && let Some(due) = self.due
        {
            let soon = (now + (self.jitter)()).max(self.earliest());
            self.due = Some(due.min(soon));
        }
    }

    /// The password, or its file, is another one: what was refused may be accepted now.
    pub(crate) fn password_changed(&mut self, now: Instant) {
        if matches!(self.failure, Some(Reason::LoginRefused | Reason::Settings(_))) && self.due.is_some() {
            self.held_until = None;
            self.due = Some(now.max(self.spaced));
        }
    }

    fn is_current(&self, token: &Arc<Token>) -> bool {
        self.current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.token, token))
    }

    fn earliest(&self) -> Instant {
        self.held_until.map_or(self.spaced, |until| until.max(self.spaced))
    }
}

/// After so many logins that led to nothing.
fn interval(fruitless: u32) -> Duration {
    let doublings = fruitless.saturating_sub(1).min(8);
    LOGIN_INTERVAL.saturating_mul(1 << doublings).min(MAX_LOGIN_INTERVAL)
}

#[cfg(test)]
mod tests;
