use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::erp::token::tests::token;
use crate::lang::Text;

const SECOND: Duration = Duration::from_secs(1);

fn session(now: Instant) -> Session {
    Session::new(now, || Duration::ZERO)
}

fn token_for(seconds: u64) -> Token {
    Token::read(&token(&format!(r#"{{"iat":1700000000,"exp":{}}}"#, 1_700_000_000 + seconds))).expect("a token").0
}

/// Signs in when it is due, and returns when that was.
fn sign_in(session: &mut Session, seconds: u64) -> Instant {
    let due = session.login_due().expect("a login is due");
    session.login_began(due);
    assert_eq!(session.login_due(), None);
    session.logged_in(due, token_for(seconds));
    due
}

fn fail(session: &mut Session, reason: &Reason) -> Instant {
    let due = session.login_due().expect("a login is due");
    session.login_began(due);
    session.login_failed(due, reason);
    due
}

#[test]
fn the_token_is_renewed_at_three_quarters_of_its_life_and_used_until_then() {
    let start = Instant::now();
    let mut session = session(start);
    assert!(session.token().is_none());
    assert_eq!(sign_in(&mut session, 3600), start);
    let first = session.token().expect("a token");
    session.data_accepted(&first);
    assert_eq!(session.login_due(), Some(start + 2700 * SECOND));
    session.login_began(start + 2700 * SECOND);
    assert!(Arc::ptr_eq(&session.token().expect("a token"), &first));
    session.logged_in(start + 2700 * SECOND, token_for(3600));
    assert!(!Arc::ptr_eq(&session.token().expect("a token"), &first));
    // With as much jitter as there can be, a token of a minute is renewed before its end.
    let mut session = Session::new(start, || MAX_JITTER);
    sign_in(&mut session, 1);
    assert_eq!(session.login_due(), Some(start + 55 * SECOND));
}

#[test]
fn refused_data_lead_to_one_login_and_the_token_stays_in_use() {
    let start = Instant::now();
    let mut session = session(start);
    sign_in(&mut session, 3600);
    let old = session.token().expect("a token");
    session.data_accepted(&old);
    let refused = start + 100 * SECOND;
    session.data_refused(refused, &old);
    session.data_refused(refused + SECOND, &old);
    assert_eq!(session.login_due(), Some(refused));
    assert!(Arc::ptr_eq(&session.token().expect("a token"), &old));
    sign_in(&mut session, 3600);
    // An answer to a request that was on its way meanwhile.
    session.data_refused(refused + SECOND, &old);
    assert_eq!(session.login_due(), Some(refused + 2700 * SECOND));
}

/// A rolling restart with a new secret: one server accepts, the other refuses what that one issued.
#[test]
fn servers_that_disagree_cost_one_login_in_thirty_seconds() {
    let start = Instant::now();
    let mut session = session(start);
    let mut logins = Vec::new();
    for second in 0..600 {
        let now = start + second * SECOND;
        if session.login_due().is_some_and(|due| due <= now) {
            session.login_began(now);
            session.logged_in(now, token_for(3600));
            logins.push(second);
        }
        let token = session.token().expect("a token");
        if second % 2 == 0 { session.data_accepted(&token) } else { session.data_refused(now, &token) }
    }
    assert_eq!(logins.len(), 20, "{logins:?}");
}

#[test]
fn tokens_that_nobody_accepts_are_fetched_ever_less_often() {
    let start = Instant::now();
    let mut session = session(start);
    let mut gaps = Vec::new();
    let mut last = sign_in(&mut session, 3600);
    for _ in 0..7 {
        let token = session.token().expect("a token");
        session.data_refused(last + SECOND, &token);
        let next = sign_in(&mut session, 3600);
        gaps.push((next - last).as_secs());
        last = next;
    }
    assert_eq!(gaps, [30, 60, 120, 240, 300, 300, 300]);
    // Once one is accepted, the next trouble is a new one.
    session.data_accepted(&session.token().expect("a token"));
    session.data_refused(last + 40 * SECOND, &session.token().expect("a token"));
    assert_eq!(session.login_due(), Some(last + 40 * SECOND));
}

#[test]
fn a_refused_login_is_repeated_after_half_an_hour_or_with_another_password() {
    let start = Instant::now();
    let mut session = session(start);
    sign_in(&mut session, 3600);
    let token = session.token().expect("a token");
    session.data_refused(start + 100 * SECOND, &token);
    let refused = fail(&mut session, &Reason::LoginRefused);
    assert_eq!(session.login_failure(), Some(&Reason::LoginRefused));
    // Neither refused nor accepted data change that; the old token may still hold with some servers.
    session.data_refused(refused + SECOND, &token);
    session.data_accepted(&token);
    assert_eq!(session.login_due(), Some(refused + REFUSED_INTERVAL));
    assert!(session.token().is_some());
    session.password_changed(refused + 10 * SECOND);
    assert_eq!(session.login_due(), Some(refused + LOGIN_INTERVAL));
    session.password_changed(refused + 100 * SECOND);
    assert_eq!(session.login_due(), Some(refused + 100 * SECOND));
    sign_in(&mut session, 3600);
    assert_eq!(session.login_failure(), None);
}

#[test]
fn other_failures_back_off_and_respect_what_the_server_asks_for() {
    let mut session = session(Instant::now());
    let mut last = fail(&mut session, &Reason::Timeout);
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let next = fail(&mut session, &Reason::Status(500));
        gaps.push((next - last).as_secs());
        last = next;
    }
    assert_eq!(gaps, [30, 60, 120, 240, 300]);
    let busy = Reason::Overloaded { status: 429, retry_after: Some(600 * SECOND) };
    let busy = fail(&mut session, &busy);
    assert_eq!(session.login_due(), Some(busy + 600 * SECOND));
    // A new password does not help there.
    session.password_changed(busy + SECOND);
    assert_eq!(session.login_due(), Some(busy + 600 * SECOND));
}

#[test]
fn a_password_that_could_not_be_read_is_read_when_it_is_there() {
    let start = Instant::now();
    let mut session = session(start);
    fail(&mut session, &Reason::Settings(Text::new("no", "no")));
    session.password_changed(start + 40 * SECOND);
    assert_eq!(session.login_due(), Some(start + 40 * SECOND));
}

#[derive(Debug, Clone)]
enum Event {
    Accepted,
    Refused,
    RefusedOld,
    PasswordChanged,
    Wait(u32),
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Token(u64),
    WrongPassword,
    Unavailable,
    Busy(u32),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Accepted),
        3 => Just(Event::Refused),
        1 => Just(Event::RefusedOld),
        1 => Just(Event::PasswordChanged),
        4 => (0_u32..4000).prop_map(Event::Wait),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => (0_u64..700_000).prop_map(Outcome::Token),
        1 => Just(Outcome::WrongPassword),
        1 => Just(Outcome::Unavailable),
        1 => (0_u32..600).prop_map(Outcome::Busy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens: never two logins within 30 s, never two within half an hour of a wrong password unless it
    /// changed, always a next one, and a token that was there stays.
    #[test]
    fn logins_are_spaced_and_never_end(
        events in prop::collection::vec((0_u32..50, event()), 1..60),
        outcomes in prop::collection::vec((outcome(), 0_u32..20), 1..60),
        has_jitter: bool,
    ) {
        let start = Instant::now();
        let mut now = start;
        let mut session = Session::new(now, if has_jitter { || MAX_JITTER } else { || Duration::ZERO });
        let mut old = Arc::new(token_for(60));
        let mut last: Option<Instant> = None;
        // Since when a password stands that was refused.
        let mut refused: Option<Instant> = None;
        let mut outcomes = outcomes.into_iter().cycle();
        for (seconds, event) in events {
            now += seconds * SECOND;
            let token = session.token();
            match (event, token) {
                (Event::Accepted, Some(token)) => session.data_accepted(&token),
                (Event::Refused, Some(token)) => session.data_refused(now, &token),
                (Event::RefusedOld, _) => session.data_refused(now, &old),
                (Event::PasswordChanged, _) => {
                    session.password_changed(now);
                    refused = None;
                }
                (Event::Wait(wait), _) => now += wait * SECOND,
                _ => {}
            }
            let due = session.login_due().expect("a next login");
            // The longest wait: a long-lived token's renewal.
            prop_assert!(due <= now + MAX_LIFETIME);
            if due > now {
                continue;
            }
            if let Some(last) = last {
                prop_assert!(now - last >= LOGIN_INTERVAL, "{:?} after the last login", now - last);
            }
            if let Some(refused) = refused {
                prop_assert!(now - refused >= REFUSED_INTERVAL, "{:?} after a wrong password", now - refused);
            }
            last = Some(now);
            let before = session.token();
            session.login_began(now);
            let (outcome, took) = outcomes.next().expect("one");
            now += took * SECOND;
            match outcome {
                Outcome::Token(seconds) => {
                    old = before.unwrap_or(old);
                    session.logged_in(now, token_for(seconds));
                    refused = None;
                }
                Outcome::WrongPassword => {
                    session.login_failed(now, &Reason::LoginRefused);
                    refused = Some(now);
                }
                Outcome::Unavailable => session.login_failed(now, &Reason::Status(500)),
                Outcome::Busy(seconds) => {
                    let retry_after = Some(seconds * SECOND);
                    session.login_failed(now, &Reason::Overloaded { status: 503, retry_after });
                }
            }
            prop_assert!(before_is_kept(&session, outcome));
        }
    }
}

const MAX_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn before_is_kept(session: &Session, outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Token(_)) || session.token().is_some()
}
