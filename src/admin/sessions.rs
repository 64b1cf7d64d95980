//! Who is logged in.
//!
//! Pure: the caller says what time it is.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;

/// A session nobody uses ends.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// And so does one that is used.
const ABSOLUTE: Duration = Duration::from_secs(8 * 60 * 60);
/// Sessions at once; beyond, the one that has been idle longest ends.
const MAX: usize = 16;

/// 256 bits from the kernel, as text: of a session's id or of its CSRF token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// A new one.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is what somebody shows; takes the same time wherever they differ.
    pub(super) fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

struct Session {
    /// SHA-256 of the id: what leaks of the box's memory opens no session.
    digest: [u8; 32],
    csrf: Token,
    opened: Instant,
    used: Instant,
}

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    open: Vec<Session>,
}

impl Sessions {
    /// Opens one, and gives its id: for the browser, since the box does not keep it.
    pub(super) fn open(&mut self, now: Instant) -> Result<Token, getrandom::Error> {
        let (id, csrf) = (Token::random()?, Token::random()?);
        self.end_old(now);
        if self.open.len() >= MAX {
            let idlest = self.open.iter().enumerate().min_by_key(|(_, session)| session.used).map(|(index, _)| index);
            idlest.map(|index| self.open.swap_remove(index));
        }
        self.open.push(Session { digest: digest_of(id.as_str()), csrf, opened: now, used: now });
        Ok(id)
    }

    /// The CSRF token of the session with this id, which has just been used.
    pub(super) fn find(&mut self, id: &str, now: Instant) -> Option<Token> {
        self.end_old(now);
        let digest = digest_of(id);
        let session = self.open.iter_mut().find(|session| session.digest == digest)?;
        session.used = now;
        Some(session.csrf.clone())
    }

    /// Ends one.
    pub(super) fn end(&mut self, id: &str) {
        let digest = digest_of(id);
        self.open.retain(|session| session.digest != digest);
    }

    /// Ends all.
    pub(super) fn end_all(&mut self) {
        self.open.clear();
    }

    fn end_old(&mut self, now: Instant) {
        let age = |since: Instant| now.saturating_duration_since(since);
        self.open.retain(|session| age(session.used) < IDLE && age(session.opened) < ABSOLUTE);
    }
}

fn digest_of(id: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest(&SHA256, id.as_bytes()).as_ref()) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_session_has_secrets_of_its_own() {
        let now = Instant::now();
        let mut sessions = Sessions::default();
        let (one, two) = (sessions.open(now).expect("open"), sessions.open(now).expect("open"));
        assert!(one.as_str().len() == 43 && one != two);
        let csrf = sessions.find(one.as_str(), now).expect("there");
        assert!(csrf.is(csrf.as_str()) && csrf != one);
        let other = sessions.find(two.as_str(), now).expect("there");
        for wrong in ["", other.as_str(), one.as_str(), &csrf.as_str()[..42]] {
            assert!(!csrf.is(wrong), "{wrong}");
        }
        for wrong in ["", "x", csrf.as_str()] {
            assert!(sessions.find(wrong, now).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_idle_one_ends_and_a_used_one_later() {
        let start = Instant::now();
        let mut sessions = Sessions::default();
        let idle = sessions.open(start).expect("open");
        assert!(sessions.find(idle.as_str(), start + SECOND * 899).is_some());
        assert!(sessions.find(idle.as_str(), start + SECOND * 899 + IDLE).is_none());

        let used = sessions.open(start).expect("open");
        let mut now = start;
        while now + SECOND * 600 < start + ABSOLUTE {
            now += SECOND * 600;
            assert!(sessions.find(used.as_str(), now).is_some());
        }
        assert!(sessions.find(used.as_str(), start + ABSOLUTE).is_none());
    }

    #[test]
    fn they_end_one_by_one_or_all() {
        let now = Instant::now();
        let mut sessions = Sessions::default();
        let ids: Vec<_> = (0..3).map(|_| sessions.open(now).expect("open")).collect();
        sessions.end(ids[1].as_str());
        let open = |sessions: &mut Sessions| {
            ids.iter().map(|id| sessions.find(id.as_str(), now).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(open(&mut sessions), [true, false, true]);
        sessions.end_all();
        assert_eq!(open(&mut sessions), [false, false, false]);
    }

    #[test]
    fn the_idlest_makes_room() {
        let start = Instant::now();
        let mut sessions = Sessions::default();
        let first = sessions.open(start).expect("open");
        let second = sessions.open(start + SECOND).expect("open");
        assert!(sessions.find(first.as_str(), start + SECOND * 2).is_some());
        for _ in 2..=MAX {
            sessions.open(start + SECOND * 3).expect("open");
        }
        assert_eq!(sessions.open.len(), MAX);
        assert!(sessions.find(second.as_str(), start + SECOND * 3).is_none());
        assert!(sessions.find(first.as_str(), start + SECOND * 3).is_some());
    }
}
